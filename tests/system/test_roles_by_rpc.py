"""What each role gets from a running server, asked as any client could ask.

The addon's own tests try every way for every role within Odoo; here the ways that
matter most go over HTTP, with sessions of real users and committed data.
"""

import pytest

from tools.odoo_rpc import RpcError

NUMBER = "+255754200091"
ADDON = "g2p_spar_financial_address"
ROLES = {
    "clerk": ["base.group_user", "base.group_partner_manager"],
    "portal": ["base.group_portal"],
    "viewer": [f"{ADDON}.group_viewer"],
    "approver": [f"{ADDON}.group_approver"],
    "editor": [f"{ADDON}.group_editor"],
}
MODEL = "g2p.financial.address"
FOUND = [["mobile_number", "=", NUMBER]]
SPEC = {"mobile_number": {}}

#: Ways to ask for a whole number, with what stands in for the address's id.
WAYS = {
    "read": lambda id_: (MODEL, "read", [id_], ["mobile_number"]),
    "read all": lambda id_: (MODEL, "read", [id_]),
    "search": lambda id_: (MODEL, "search", FOUND),
    "count": lambda id_: (MODEL, "search_count", FOUND),
    "search_read": lambda id_: (MODEL, "search_read", [], ["mobile_number"]),
    "web_search_read": lambda id_: (MODEL, "web_search_read", [], SPEC),
    "group": lambda id_: (MODEL, "formatted_read_group", [], ["mobile_number"]),
    "sort": lambda id_: (MODEL, "search", [], 0, 1, "mobile_number"),
    "export": lambda id_: (MODEL, "export_data", [id_], ["mobile_number"]),
    "through the contact": lambda id_: (
        "res.partner",
        "search",
        [["financial_address_ids.mobile_number", "=", NUMBER]],
    ),
    "mapped": lambda id_: (MODEL, "mapped", [id_], "mobile_number"),
    "private": lambda id_: (MODEL, "_value", [id_]),
    "sudo": lambda id_: (MODEL, "sudo", [id_]),
    "forged context": lambda id_: (MODEL, "read", [id_], ["mobile_number"]),
}
#: What these may get, and no other.
SHOWN = {
    "editor": {
        "read",
        "read all",
        "search_read",
        "web_search_read",
        "forged context",
    }
}


@pytest.fixture(scope="module")
def address(registry):
    person = registry.registrant("Asha Juma", "SR-91")
    return registry.enter_wallet(person, NUMBER)


@pytest.fixture(scope="module")
def sessions(registry, address):
    """Return a logged-in session for each role."""
    for login, groups in ROLES.items():
        registry.new_user(login, *groups)
    return {login: registry.stack.odoo.rpc(login, login) for login in ROLES}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("way", WAYS)
def test_only_users_with_the_right_see_a_whole_number(sessions, address, role, way):
    context = {}
    if way == "forged context":
        context = {
            "context": {"g2p_fa_door": True, "g2p_fa_inside": True, "su": True},
        }
    try:
        answer = str(sessions[role].call(*WAYS[way](address), **context))
    except RpcError as refused:
        answer = str(refused)
        assert refused.name != "builtins.KeyError"
    shown = NUMBER in answer
    assert shown == (way in SHOWN.get(role, ()))
    if way in ("search", "count", "sort", "through the contact"):
        assert "AccessError" in answer, "asking must tell nothing"


@pytest.mark.parametrize("role", ROLES)
def test_revealing_is_written_down(registry, sessions, address, role):
    before = registry.rpc.call("g2p.fa.reveal", "search_count", [])
    try:
        answer = sessions[role].call(MODEL, "reveal", [address])
    except RpcError as refused:
        assert refused.name == "odoo.exceptions.AccessError"
        answer = None
    assert (answer == NUMBER) == (role in ("editor", "approver"))
    after = registry.rpc.call("g2p.fa.reveal", "search_count", [])
    assert after - before == (answer is not None)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "editor"])
def test_only_editors_write(registry, sessions, address, role):
    rpc = sessions[role]
    (before,) = registry.rpc.call(MODEL, "read", [address], ["state", "reason"])
    (partner,) = registry.rpc.call("res.partner", "search", [["spar_id", "=", "SR-91"]])
    forged = {"partner_id": partner, "mobile_number": "+255754200092"}
    tries = [
        (MODEL, "create", [forged]),
        (MODEL, "write", [address], {"reason": "mine"}),
        (MODEL, "web_save", [address], {"reason": "mine"}, {"reason": {}}),
        (MODEL, "unlink", [address]),
        (MODEL, "action_end", [address], "mine"),
        (MODEL, "copy", [address]),
        ("res.partner", "write", [partner], {"spar_id": "SR-92"}),
        ("res.partner", "write", [partner], {"is_registrant": False}),
        (
            "res.partner",
            "write",
            [partner],
            {"financial_address_ids": [[0, 0, forged]]},
        ),
        ("g2p.fa.policy", "write", [1], {"shared": "allow"}),
        ("g2p.fa.settings", "write", [1], {"retention_days": 1}),
    ]
    for model, method, *arguments in tries:
        with pytest.raises(RpcError, match="AccessError"):
            rpc.call(model, method, *arguments)
    (after,) = registry.rpc.call(MODEL, "read", [address], ["state", "reason"])
    assert after == before
    assert registry.rpc.call(MODEL, "search_count", []) == 1
