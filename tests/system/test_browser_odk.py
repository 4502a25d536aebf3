"""ODK in a real browser: a form is chosen, mapped, tried out and imported."""

import pytest
from browsing import log_in, picture
from playwright.sync_api import expect

from tools.odk_central import OdkCentral

ACTION = "g2p_odk_spar_mapping.g2p_odk_form_action"
ADMINISTRATOR = "g2p_spar_financial_address.group_administrator"


@pytest.fixture(scope="module")
def central():
    central = OdkCentral("test_browser_odk").start()
    yield central
    central.stop()


@pytest.fixture(scope="module", autouse=True)
def keeper(registry):
    return registry.new_user("keeper", ADMINISTRATOR)


def wallet(number):
    return {
        "fa_type": "mobile_wallet",
        "dfsp_code": "MC",
        "payment_phone": number,
    }


def submissions(registry, form):
    return registry.rpc.call(
        "g2p.odk.submission",
        "search_read",
        [["form_id", "=", form]],
        ["state", "registrant_key"],
        order="submitted_stamp",
    )


def test_a_form_is_mapped_tried_out_imported_and_put_right(registry, central, page):
    asha = registry.registrant("Asha Juma", "SR-1")
    juma = registry.registrant("Juma Ali", "SR-2")
    central.submit("SR-2", "Juma Ali", **wallet("12"))
    central.submit("SR-1", "Asha Juma", **wallet("0754 200 001"))
    central.introduce(registry.rpc)
    log_in(page, registry, "keeper")

    # The first step is the choice of a form, among those that Central has.
    page.goto(f"{registry.stack.odoo.url}/odoo/action-{ACTION}")
    page.get_by_role("button", name="Choose a form").click()
    dialog = page.get_by_role("dialog")
    offered = dialog.locator(".o_data_row", has_text="payment_address")
    offered.locator("[name=is_chosen]").click()
    expect(offered.locator("input[type=checkbox]")).to_be_checked()
    picture(page, "odk-choose-form")
    dialog.get_by_role("button", name="Fetch these").click()

    # Nothing is imported before the mapping is there, and the page says so.
    expect(page.get_by_text("Nothing is imported yet.")).to_be_visible()
    unused = page.locator("[name=unused_question_ids] .o_data_row")
    expect(unused.first).to_contain_text("ID on the registrant's card")
    (form,) = registry.rpc.call("g2p.odk.form", "search", [])
    page.get_by_role("button", name="Use the ready mapping").click()
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    expect(page.get_by_text("Nothing is imported yet.")).to_be_hidden()
    expect(unused).to_have_count(0)

    # What the newest submission would become; nothing is written.
    preview = page.locator("[name=preview]")
    expect(preview).to_contain_text("Asha Juma · SR-1")
    expect(preview).to_contain_text("Mobile wallet · M-Cash · +2557••••001")
    expect(page.locator("body")).not_to_contain_text("0754 200 001")
    picture(page, "odk-mapping")
    assert not registry.rpc.call("g2p.financial.address", "search_count", [])

    page.get_by_role("button", name="Run now").click()
    registry_wait(registry, form, {"applied": 1, "set_aside": 1})
    registry.wait_for_state(asha, "in_sync")

    # The one that was set aside says why, and is corrected.
    page.goto(f"{registry.stack.odoo.url}/odoo/odk-set-aside")
    row = page.locator(".o_data_row", has_text="SR-2")
    expect(row).to_contain_text("This mobile number cannot exist in Tanzania")
    picture(page, "odk-set-aside")
    row.get_by_role("button", name="Correct").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Called the collector")
    line = dialog.locator(".o_data_row", has_text="Phone that receives the money")
    expect(line).to_contain_text("••••")
    line.get_by_role("button", name="Show the number").click()
    expect(line.locator("td[name=collected]")).to_have_text("12")
    kind = dialog.locator(".o_data_row", has_text="How they are paid")
    expect(kind).to_contain_text("Mobile wallet")
    picture(page, "odk-correct")
    line.locator("[name=value]").click()
    line.locator("[name=value] input").fill("0754 200 002")
    dialog.get_by_role("button", name="Correct and import").click()
    expect(dialog).to_be_hidden()
    registry.wait_for_state(juma, "in_sync")
    assert registry.stack.mapper.rows() == {
        "SR-1": registry.wallet_string("+255754200001"),
        "SR-2": registry.wallet_string("+255754200002"),
    }


def registry_wait(registry, form, states):
    """Wait until so many submissions are in each state."""
    from conftest import wait_until

    def reached():
        found = [row["state"] for row in submissions(registry, form)]
        return {state: found.count(state) for state in set(found)} == states

    wait_until(reached)
