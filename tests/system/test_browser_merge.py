"""Two registrants are one person: the merge, the second person and the undoing."""

import pytest
from browsing import open_action, open_menu, open_payment_page, picture
from playwright.sync_api import expect

EDITOR = "g2p_spar_financial_address.group_editor"
APPROVER = "g2p_spar_financial_address.group_approver"
CONTACTS = "base.group_partner_manager"
FIRST, SECOND = "+255754200031", "+255754200032"


@pytest.fixture(scope="module", autouse=True)
def users(registry):
    registry.new_user("editor", EDITOR, CONTACTS)
    registry.new_user("approver", APPROVER)


def ask_for_approval(registry):
    rows = registry.rpc.call(
        "g2p.fa.policy", "search", [["fa_type", "=", "mobile_wallet"]]
    )
    registry.rpc.call("g2p.fa.policy", "write", rows, {"approve_admin": True})


def choose(dialog, page, name):
    dialog.locator("[name=duplicate_id] input").fill(name)
    page.get_by_role("option", name=name).first.click()


def expect_state(page, state):
    expect(page.locator("[name=state] .o_arrow_button_current")).to_have_text(state)


def test_a_duplicate_is_merged_by_two_people_and_the_merge_undone(registry, page_of):
    asha = registry.at_spar("Asha Juma", "SR-31", FIRST)
    twin = registry.at_spar("Asha Jumaa", "SR-32", SECOND)
    ask_for_approval(registry)
    rows = registry.stack.mapper.rows
    before = {
        "SR-31": registry.wallet_string(FIRST),
        "SR-32": registry.wallet_string(SECOND),
    }
    assert rows() == before

    editor = page_of("editor")
    open_payment_page(editor, registry, asha)
    editor.get_by_role("tab", name="Details").click()
    editor.get_by_role("button", name="Merge a duplicate").click()
    dialog = editor.get_by_role("dialog")
    choose(dialog, editor, "Asha Jumaa")
    expect(dialog.locator("[name=kept_address_id]")).to_contain_text("+2557••••031")
    other = dialog.locator("[name=duplicate_address_id]")
    expect(other).to_contain_text("+2557••••032")
    dialog.locator("[name=keep_spar_id]").get_by_label("Of the duplicate").check()
    effect = dialog.locator("[name=effect]")
    expect(effect).to_contain_text("SPAR's row of SR-31 is removed")
    expect(effect).to_contain_text("under SR-32")
    dialog.get_by_label("Reason").fill("Same card, registered in two villages")
    picture(editor, "merge")
    dialog.get_by_role("button", name="Merge", exact=True).click()
    expect_state(editor, "To approve")
    assert rows() == before

    approver = page_of("approver")
    open_action(approver, registry, "registrant_action")
    open_menu(approver, "My work", "Merges of duplicates")
    row = approver.locator(".o_data_row", has_text="Asha Jumaa")
    expect(row).to_contain_text("To approve")
    row.locator("td[name=duplicate_id]").click()
    expect(approver.locator("[name=effect]")).to_contain_text("under SR-32")
    picture(approver, "approve-merge")
    approver.get_by_role("button", name="Approve").click()
    expect_state(approver, "Merged")
    registry.wait_for_state(asha, "in_sync")
    assert rows() == {"SR-32": registry.wallet_string(FIRST)}

    open_payment_page(editor, registry, asha)
    history = editor.locator("[name=merged_history]")
    expect(history).to_contain_text("Asha Jumaa")
    expect(history).to_contain_text("+2557••••032")
    picture(editor, "merged")
    editor.get_by_role("button", name="Merges").click()
    # The page before has a row with the same name.
    editor.locator("td[name=duplicate_id]").click()
    editor.get_by_role("button", name="Undo the merge").click()
    editor.get_by_role("dialog").get_by_role("button", name="Ok").click()
    expect_state(editor, "Undo to approve")

    approver.reload()
    approver.get_by_role("button", name="Approve").click()
    expect_state(approver, "Undone")
    for person in (asha, twin):
        registry.wait_for_state(person, "in_sync")
    assert rows() == before
