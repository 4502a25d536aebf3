"""What a SPAR operator and manager see: trouble found, understood and cured."""

import re

import pytest
from browsing import open_payment_page, picture
from conftest import wait_until
from playwright.sync_api import expect

from tools.odoo_rpc import RpcError

OPERATOR = "g2p_spar_sync_queue.group_operator"
MANAGER = "g2p_spar_sync_queue.group_manager"
VIEWER = "g2p_spar_financial_address.group_viewer"
ADMINISTRATOR = "g2p_spar_financial_address.group_administrator"


@pytest.fixture(scope="module", autouse=True)
def users(registry):
    """Make one person for each role."""
    for login, groups in {
        "operator": [OPERATOR],
        "manager": [MANAGER, ADMINISTRATOR],
        "viewer": [VIEWER],
    }.items():
        registry.new_user(login, *groups)


@pytest.fixture
def asha(registry):
    """Return Asha, who is paid at SPAR: the overview shows no first steps any more."""
    return registry.at_spar("Asha Juma", "SR-1", "+255754200001")


def open_overview(page, registry):
    page.goto(f"{registry.stack.odoo.url}/odoo/spar-overview")
    expect(page.get_by_role("heading", name="Payments at SPAR")).to_be_visible()


def number(page, name):
    """Return the button with one of the overview's numbers."""
    return page.locator(f"[data-number={name}]")


def work(page, name):
    """Return the lines of one kind of work that waits for people."""
    return page.locator(f"[data-work={name}]")


def step(page, name):
    return page.locator(f"[data-step={name}]")


def configure(registry, **values):
    registry.rpc.call("g2p.spar.connection", "write", [registry.connection], values)


def test_the_guide_leads_to_the_first_address_at_spar(registry, page_of):
    registry.force(state="draft", key_ids=[(5, 0, 0)])
    page = page_of("manager")
    open_overview(page, registry)
    expect(step(page, "connect")).to_contain_text("Done")
    expect(step(page, "key")).to_contain_text("To do")
    expect(step(page, "ids")).to_contain_text("To do")
    picture(page, "first-steps")

    step(page, "key").get_by_role("button").click()
    key = registry.stack.key
    page.get_by_label("A file on the server").check()
    page.get_by_label("Key file on the server").fill(str(key.private_key))
    page.get_by_label("Certificate file on the server").fill(str(key.certificate))
    page.get_by_role("button", name="Save manually").click()
    expect(page.locator("[name=state] .badge")).to_have_text("Current")
    open_overview(page, registry)
    expect(step(page, "key")).to_contain_text("Done")

    start = step(page, "start").get_by_role("button", name="Start")
    expect(start).not_to_have_class(re.compile("btn-primary"))
    step(page, "test").get_by_role("button", name="Test").click()
    expect(step(page, "test")).to_contain_text("Done")
    expect(start).to_have_class(re.compile("btn-primary"))
    start.click()
    expect(step(page, "start")).to_contain_text("Done")
    asha = registry.registrant("Asha Juma", "SR-1")
    registry.enter_wallet(asha, "+255754200001")
    # The page updates itself.
    expect(number(page, "share")).to_contain_text("100 %")
    expect(page.locator("[data-step]")).to_have_count(0)
    assert registry.state(asha) == "in_sync"


def test_an_outage_of_spar_and_its_end_are_shown(registry, asha, page_of):
    configure(registry, breaker_threshold=1, probe_base=2, probe_cap=2)
    page = page_of("manager")
    open_overview(page, registry)
    card = page.locator(f"[data-connection='{registry.connection}']")
    expect(card.locator("[data-state=running]")).to_be_visible()
    registry.stack.mapper.stop()
    neema = registry.registrant("Neema Shayo", "SR-2")
    registry.enter_wallet(neema, "+255754200002")
    expect(card).to_contain_text("SPAR cannot be reached")
    expect(page.locator("[data-light=stop]")).to_contain_text("cannot be reached")
    expect(number(page, "to_send")).to_contain_text("1")
    picture(page, "spar-down")
    editor = page_of("admin")
    open_payment_page(editor, registry, neema)
    expect(editor.locator("[name=spar_state] .badge").first).to_have_text("Retrying")

    number(page, "to_send").click()
    expect(page.locator(".o_data_row")).to_have_count(1)
    expect(page.locator(".o_data_row")).to_contain_text("Neema Shayo")

    registry.stack.mapper.start()
    open_overview(page, registry)
    expect(card.locator("[data-state=running]")).to_be_visible()
    expect(number(page, "to_send")).to_contain_text("0")
    expect(number(page, "share")).to_contain_text("100 %")
    picture(page, "overview")


def test_a_held_record_is_found_understood_and_released(registry, asha, page_of):
    registry.rpc.call("g2p.spar.connection", "action_pause", [registry.connection])
    grace = registry.registrant("Grace Nakato", "SR-3")
    registry.enter_wallet(grace, "+255754200003")
    registry.rename_provider("MC.fa_type:x")
    registry.resume()
    registry.wait_for_state(grace, "held")

    page = page_of("operator")
    open_overview(page, registry)
    line = work(page, "held")
    expect(line).to_contain_text("1")
    expect(line).to_contain_text("The address cannot be written for SPAR")
    picture(page, "what-needs-you")
    line.get_by_role("button", name="Correct").click()
    row = page.locator(".o_data_row", has_text="Grace Nakato")
    expect(row).to_contain_text("Check the names and codes of its provider")
    picture(page, "needs-attention", 320)

    registry.rename_provider("MC")
    row.get_by_role("button", name="Try now").click()
    registry.wait_for_state(grace, "in_sync")
    wanted = registry.wallet_string("+255754200003")
    assert registry.stack.mapper.rows()["SR-3"] == wanted

    open_overview(page, registry)
    expect(work(page, "held")).to_have_count(0)
    page.goto(
        f"{registry.stack.odoo.url}/odoo/action-g2p_spar_sync_queue.g2p_spar_change_action"
    )
    page.locator(".o_data_row", has_text="Grace Nakato").first.locator(
        "td[name=partner_id]"
    ).click()
    story = page.locator("[name=timeline]")
    expect(story).to_contain_text("captured by")
    expect(story).to_contain_text("Tried again by Operator")
    expect(story).to_contain_text("SPAR confirmed it.")
    picture(page, "timeline")


def wait_for_comparisons(registry):
    """Wait until none is running: neither a person's nor the weekly one."""
    running = [["state", "=", "running"]]
    wait_until(
        lambda: (
            not registry.rpc.call("g2p.spar.reconciliation", "search_count", running)
        )
    )


def compare_as_every_week(registry):
    """Do what the weekly job does."""
    cron = [["code", "=", "model._cron_start()"]]
    (cron,) = registry.rpc.call("ir.cron", "search", cron)

    def is_started():
        try:
            registry.rpc.call("ir.cron", "method_direct_trigger", [cron])
        except RpcError:
            # It is running right now.
            return False
        return True

    wait_until(is_started)
    wait_for_comparisons(registry)


def test_differences_are_mended_both_ways(registry, asha, page_of):
    stack = registry.stack
    registry.at_spar("Neema Shayo", "SR-2", "+255754200002")
    for spar_id, ours in (("SR-1", "200001"), ("SR-2", "200002")):
        theirs = registry.wallet_string("+255754200077")
        stack.postgres.query(
            stack.mapper.database,
            "UPDATE id_fa_mappings SET fa_value = %s WHERE id_value = %s",
            [theirs.replace("200077", "2000" + ours[-1] + "9"), spar_id],
        )
    page = page_of("manager")
    # One that began earlier may have asked about these two already.
    wait_for_comparisons(registry)
    open_overview(page, registry)
    card = page.locator(f"[data-connection='{registry.connection}']")
    card.get_by_role("button", name="Compare with SPAR").click()
    # It may be finished before a user could stop it.
    expect(page.get_by_role("button", name="Download the result")).to_be_visible()
    wait_for_comparisons(registry)
    compare_as_every_week(registry)
    open_overview(page, registry)
    expect(work(page, "drift")).to_contain_text("2")
    expect(number(page, "share")).not_to_contain_text("100 %")
    work(page, "drift").get_by_role("button", name="Compare").click()
    expect(page.locator(".o_data_row")).to_have_count(2)
    picture(page, "differences", 320)
    row = page.locator(".o_data_row", has_text="Asha Juma")
    row.get_by_role("button", name="Take SPAR's").click()
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    row = page.locator(".o_data_row", has_text="Neema Shayo")
    row.get_by_role("button", name="Send ours").click()

    wanted = registry.wallet_string("+255754200002")
    wait_until(lambda: stack.mapper.rows()["SR-2"] == wanted)
    in_use = [["partner_id", "=", asha], ["state", "=", "effective"]]

    def taken():
        (row,) = registry.rpc.call(
            "g2p.financial.address", "search_read", in_use, ["masked"]
        )
        return row["masked"].endswith("019")

    wait_until(taken)
    open_overview(page, registry)
    expect(work(page, "drift")).to_have_count(0)


def test_each_role_sees_what_it_may(registry, asha, page_of):
    viewer = page_of("viewer")
    viewer.goto(f"{registry.stack.odoo.url}/odoo/registrants")
    expect(viewer.get_by_text("Asha Juma").first).to_be_visible()
    expect(viewer.get_by_role("menuitem", name="Overview")).to_have_count(0)

    operator = page_of("operator")
    open_overview(operator, registry)
    expect(operator.get_by_role("heading", name="Connections")).to_be_visible()
    for name in ("Test", "Pause", "Compare with SPAR"):
        button = operator.get_by_role("button", name=name, exact=True)
        expect(button).to_have_count(0)

    manager = page_of("manager")
    open_overview(manager, registry)
    # The card answers; no notification that has gone when it is read.
    manager.get_by_role("button", name="Test", exact=True).click()
    answer = manager.locator("[data-connection]").get_by_role("status")
    expect(answer).to_contain_text("SPAR answered and accepted the signature")
    expect(manager.locator(".o_notification")).to_have_count(0)
    picture(manager, "overview-test")
    manager.get_by_role("button", name="Pause", exact=True).click()
    manager.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(manager.get_by_text("Paused: nothing is sent")).to_be_visible()
    expect(manager.get_by_text("Paused by Manager.")).to_be_visible()
    manager.get_by_role("button", name="Resume", exact=True).click()
    expect(manager.locator("[data-light=ok]")).to_be_visible()
    # A keyboard is enough.
    number(manager, "share").focus()
    manager.keyboard.press("Enter")
    expect(manager.locator(".o_data_row").first).to_be_visible()
    assert "7542000" not in manager.content()


def test_the_overview_is_left_before_it_has_loaded(registry, asha, page_of):
    page = page_of("operator")
    held = []
    page.route("**/g2p.spar.overview/get**", lambda route: held.append(route))
    addon = "g2p_spar_financial_address"
    page.locator(".o_navbar_apps_menu button").click()
    page.locator(f".o_app[data-menu-xmlid='{addon}.menu_root']").click()
    registrants = page.locator(f"[data-menu-xmlid='{addon}.menu_registrants']")
    registrants.click()
    expect(page.locator(".o_data_row").get_by_text("Asha Juma")).to_be_visible()
    assert held
    # Longer than the overview waits before it asks again.
    page.wait_for_timeout(7000)
    # An error would be a dialog; one in the console fails the test at its end.
    expect(page.get_by_role("dialog")).to_have_count(0)
    for route in held:
        route.continue_()
