"""The forms of registries in a browser, and the Payment page on them."""

import textwrap
from dataclasses import dataclass

from browsing import choose_provider
from conftest import Registry
from playwright.sync_api import expect

#: A usual screen of an office.
SCREEN = {"width": 1366, "height": 768}
PERSONS, HOUSEHOLDS = "persons", "households"


@dataclass(frozen=True)
class Kind:
    """A registry as its users see it.

    :param str name: one of :data:`tools.settings.REGISTRIES`.
    :param str program: prepares its database, with ``env``.
    :param dict roles: external IDs of groups, by login.
    :param str app: its entry among the applications.
    :param dict menus: its lists of persons and of households.
    :param str first_tab: what a form opens with.
    """

    name: str
    program: str
    roles: dict
    app: str
    menus: dict
    first_tab: str

    def set_up(self, make_stack, name):
        """Return such a registry with a user for each role.

        :param str name: of its database.
        """
        registry = Registry(make_stack(name, registry=self.name))
        registry.kind = self
        # The server, another process, has to forget the groups it knows.
        end = "env.cr.commit()\nenv.registry.signal_changes()\nprint(1)"
        registry.run(f"{textwrap.dedent(self.program)}\n{end}")
        for login, roles in self.roles.items():
            registry.new_user(login, *roles)
        return registry


OPENSPP = Kind(
    "openspp",
    """
    env["g2p.fa.settings"].current().write(
        {"id_source": "id:national_id", "confirm_relink": True})
    """,
    {
        "viewer": ["spp_registry.group_registry_viewer"],
        "officer": ["spp_registry.group_registry_officer"],
        "administrator": ["spp_security.group_spp_admin"],
    },
    "spp_registry.spp_main_menu_root",
    {PERSONS: "spp_registry.menu_individuals", HOUSEHOLDS: "spp_registry.menu_groups"},
    "Profile",
)
OPENG2P = Kind(
    "openg2p",
    # OpenG2P has no role that only reads, so a department makes one.
    """
    env["g2p.fa.settings"].current().write(
        {"id_source": "unique_id", "confirm_relink": True})
    readers = env["res.groups"].create({"name": "Readers of the registry"})
    for model in ("g2p.reg.id", "g2p.id.type"):
        env["ir.model.access"].create(
            {"name": model, "group_id": readers.id, "perm_read": True,
             "model_id": env["ir.model"]._get_id(model)})
    env["ir.model.data"].create(
        {"module": "department", "name": "readers", "model": "res.groups",
         "res_id": readers.id})
    """,
    {
        "viewer": [
            "base.group_user",
            "g2p_spar_financial_address.group_viewer",
            "department.readers",
        ],
        "officer": ["g2p_registry_base.group_g2p_registrar"],
        "administrator": ["g2p_registry_base.group_g2p_admin"],
    },
    "g2p_registry_base.g2p_main_menu_root",
    {
        PERSONS: "g2p_registry_individual.menu_individuals",
        HOUSEHOLDS: "g2p_registry_group.menu_groups",
    },
    "Basic information",
)


def make(registry, spar_id, **values):
    """Make a registrant as the registry does, with an ID."""
    if registry.kind is OPENG2P:
        # OpenG2P composes names on its forms only.
        parts = [values.get("family_name"), values.get("given_name")]
        values = {"name": ", ".join(filter(None, parts)), **values}
        ids = {"unique_id": spar_id}
    else:
        _model, national = registry.rpc.call(
            "ir.model.data",
            "check_object_reference",
            *("spp_vocabulary", "code_id_type_national_id"),
        )
        row = {"id_type_id": national, "value": spar_id}
        ids = {"reg_ids": [[0, 0, row]]}
    return registry.create("res.partner", {"is_registrant": True, **ids, **values})


def person(registry, given, family, spar_id):
    return make(registry, spar_id, given_name=given, family_name=family)


def household(registry, name, spar_id):
    return make(registry, spar_id, name=name, is_group=True)


def open_form(page, registry, menu, name):
    """Open a registrant from a list in the registry's own menu."""
    kind = registry.kind
    page.set_viewport_size(SCREEN)
    page.locator(".o_navbar_apps_menu button").click()
    page.locator(f".o_app[data-menu-xmlid='{kind.app}']").click()
    page.locator(f"[data-menu-xmlid='{kind.menus[menu]}']").click()
    page.locator(".o_data_row").get_by_text(name).click()
    expect(page.get_by_role("tab", name=kind.first_tab)).to_be_visible()


def open_payment(page, registry, menu, name):
    """Open the Payment page, which is seen without scrolling."""
    open_form(page, registry, menu, name)
    tab = page.get_by_role("tab", name="Payment")
    expect(tab).to_have_count(1)
    assert is_on_screen(tab)
    tab.click()
    expect(page.locator("[name=financial_address]")).to_be_visible()
    assert is_on_screen(page.locator("[name=financial_address]"))


def is_on_screen(element):
    box = element.bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= SCREEN["height"]


def enter_wallet(page, number):
    page.get_by_role("button", name="Add payment address").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mobile wallet").check()
    choose_provider(page, "M-Cash")
    dialog.get_by_label("Mobile number").fill(number)
    dialog.get_by_role("button", name="Save address").click()
    expect(dialog).to_have_count(0)


def state(page):
    return page.locator("[name=spar_state] .badge").first
