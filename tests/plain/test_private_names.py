"""Addons use private methods of each other's models only where it is listed here.

The lists shrink: a test also fails when an entry is no longer needed.
"""

import pytest

from tests.private_names import Addon, private_calls, private_overrides
from tools import settings

#: Which models of other addons an addon extends.
EXTENDS = {
    "g2p_spar_financial_address": {
        "base",
        "base.partner.merge.automatic.wizard",
        "base_import.import",
        "ir.attachment",
        "ir.binary",
        "ir.http",
        "mail.activity",
        "mail.message",
        "mail.thread",
        "mail.tracking.value",
        "res.groups",
        "res.partner",
        "res.users",
    },
    "g2p_spar_sync_queue": {
        "g2p.dfsp.import",
        "g2p.fa.retention",
        "g2p.fa.settings",
        "g2p.fa.strategy",
        "g2p.financial.address",
        "res.partner",
    },
    "g2p_spar_admin_ui": {
        "g2p.fa.retention",
        "g2p.fa.settings",
        "g2p.fa.work",
        "g2p.spar.attempt",
        "g2p.spar.change",
        "g2p.spar.connection",
        "g2p.spar.intervention",
        "g2p.spar.mapping",
        "g2p.spar.reading",
        "g2p.spar.reconciliation",
        "res.partner",
        "res.users",
    },
    "g2p_spar_job_worker": {"g2p.spar.job"},
    "g2p_spar_openg2p": {"g2p.reg.id", "res.partner"},
    "g2p_spar_openspp": {"res.partner", "res.partner.bank", "spp.registry.id"},
    "g2p_spar_portal": {
        "g2p.fa.retention",
        "g2p.fa.settings",
        "res.partner",
        "res.users",
    },
    "g2p_spar_queue_job": {"g2p.spar.job", "queue.job.function"},
    "g2p_spar_self_service_api": {
        "fastapi.endpoint",
        "g2p.dfsp",
        "g2p.fa.retention",
        "g2p.fa.settings",
        "g2p.financial.address",
        "ir.http",
        "res.partner",
    },
    "g2p_odk_spar_mapping": {
        "g2p.fa.retention",
        "g2p.fa.work",
        "g2p.financial.address",
        "res.partner",
    },
}

#: Methods that begin like this are offered to other addons: they are hooks of
#: ``res.partner``, private only because no RPC client may call them.
OFFERED = ("_spar_", "_financial_address_", "_payment_data_")

#: Methods of every model, which Odoo itself offers; an addon may override them on one.
ODOO = {"_search"}

#: What is offered to be overridden besides, and when it is called.
HOOKS = {
    "_erase": "the number of an ended address is erased",
    "_remove_payment_data": "the payment data of a registrant are removed",
    "_retention_rows": "it is listed what is kept of registrants, and how long",
    "_resync": "what is written for SPAR has changed, for some addresses",
    "_author_name": "a list says who entered an address",
    "_authors": "who took part in entering an address, and so does not approve it",
    "_call": "a connection needs those responsible for it",
    "_notify_progress": "what a connection sends has progressed",
    "_stop": "a connection is paused",
    "_responsible_users": "who is responsible for a connection",
}

ENGINE = "the engine reads it in its own transaction; to be renamed with the engine"
SPAR = "the sync queue is to offer this under a public name"

#: Private methods that an addon still calls: name -> why, and what is to replace it.
EXCEPTIONS = {
    "g2p_spar_financial_address": {},
    "g2p_spar_sync_queue": {"_read_values": ENGINE},
    "g2p_spar_admin_ui": {
        "_check_operator": SPAR,
    },
    "g2p_spar_job_worker": {},
    "g2p_spar_openg2p": {},
    "g2p_spar_openspp": {},
    "g2p_spar_portal": {},
    "g2p_spar_queue_job": {},
    "g2p_spar_self_service_api": {},
    "g2p_odk_spar_mapping": {},
}


@pytest.fixture(scope="module")
def addons():
    return {name: Addon(settings.ROOT / name) for name in settings.addons()}


def test_an_addon_extends_only_the_models_listed(addons):
    assert {name: addon.extends for name, addon in addons.items()} == EXTENDS


def test_private_methods_of_others_are_called_only_where_listed(addons):
    unlisted, unneeded = {}, []
    for name, addon in addons.items():
        called = private_calls(addon, addons)
        for method, places in called.items():
            if not offered(method) and method not in EXCEPTIONS[name]:
                unlisted[method] = places
        unneeded += [(name, one) for one in EXCEPTIONS[name] if one not in called]
    assert not unlisted
    assert not unneeded, "delete these exceptions"


def test_private_methods_of_others_are_overridden_only_where_offered(addons):
    found = {
        one for addon in addons.values() for one in private_overrides(addon, addons)
    }
    assert {one for one in found if not one.startswith(OFFERED)} == set(HOOKS)


def offered(name):
    """Tell whether a private method is offered to other addons."""
    return name.startswith(OFFERED) or name in ODOO


LOW = """
class Low:
    _name = "low"
    def _inner(self): pass
"""
CALL = "def use(env): env['low']._inner()"
PASSED_ON = "def use(low): low.mapped(low._inner)"
IN_A_MODEL = "class High:\n    _name = 'high'\n    def use(self, low): low._inner()"
IN_AN_EXTENSION = "class High:\n    _inherit = 'low'\n    def use(self): self._inner()"
OVERRIDE = "class High:\n    _inherit = 'low'\n    def _inner(self): pass"
OWN = "def _inner(): pass\ndef use(low): low._inner()"


@pytest.fixture
def made(tmp_path):
    """Return a function that makes an addon above another one, and reads both."""

    def make(source):
        for name, text, depends in [("low", LOW, []), ("high", source, ["low"])]:
            folder = tmp_path / name
            folder.mkdir()
            (folder / "__manifest__.py").write_text(repr({"depends": depends}))
            (folder / "models.py").write_text(text)
        addons = {name: Addon(tmp_path / name) for name in ("low", "high")}
        return addons["high"], addons

    return make


@pytest.mark.parametrize(
    ("source", "places"),
    [
        (CALL, ["high/models.py:1"]),
        (PASSED_ON, ["high/models.py:1"]),
        (IN_A_MODEL, ["high/models.py:3"]),
        (IN_AN_EXTENSION, None),
        (OWN, None),
    ],
)
def test_a_private_call_is_seen(made, source, places):
    assert private_calls(*made(source)).get("_inner") == places


def test_an_extension_and_an_override_are_seen(made):
    high, addons = made(OVERRIDE)
    assert high.extends == {"low"}
    assert private_overrides(high, addons) == {"_inner": {"low"}}
