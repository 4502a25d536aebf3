"""A registrant's page shows what SPAR really holds, and never waits for it."""

import pytest
from browsing import log_in, open_payment_page, picture
from conftest import free_ports, wait_until
from playwright.sync_api import expect

from tests.standin_spar import StandInSpar
from tools import stack

ADDON = "g2p_spar_financial_address"
OURS, THEIRS = "M-Cash · +2557••••001", "M-Cash · +2557••••009"
#: First key of the locks of those who ask, as in the addon.
REGISTRANT_LOCK = 0x53505254


@pytest.fixture(scope="module")
def people(registry):
    # A comparison asks SPAR, too, and would hang as well.
    registry.stop_comparing()
    registry.new_user("viewer", f"{ADDON}.group_viewer")
    registry.new_user(
        "clerk", f"{ADDON}.group_editor", "g2p_spar_sync_queue.group_operator"
    )


@pytest.fixture(scope="module")
def slow_spar(registry):
    """A stand-in before the real mapper, which can be made to hang."""
    (port,) = free_ports(1)
    spar = StandInSpar(port, "browser-truth-spar", registry.stack.mapper.url).start()
    yield spar
    spar.stop()


def new_person(registry, spar_id, number="+255754200001"):
    person = registry.registrant(f"Person {spar_id}", spar_id)
    registry.enter_wallet(person, number)
    registry.wait_for_state(person, "in_sync")
    return person


def change_at_spar(registry, spar_id, number="+255754200009"):
    """Give SPAR another wallet, as another system may."""
    (provider,) = registry.rpc.call(
        "g2p.dfsp", "read", [registry.operator], ["strategy_id"]
    )
    strategy = [provider["strategy_id"][0]], ["strategy_number"]
    (found,) = registry.rpc.call("g2p.fa.strategy", "read", *strategy)
    answers = stack.import_spar().answers
    value = registry.wallet_string(number)
    item = answers.Item("elsewhere", spar_id, value, found["strategy_number"])
    with registry.stack.spar_client() as client:
        answer = client.send("update", [item])
    assert answer.results["elsewhere"].outcome == answers.Outcome.DONE
    assert registry.stack.mapper.rows()[spar_id] == value


def held(page):
    return page.locator(".o_spar_held")


def badge(page):
    return page.locator("[name=spar_state] .badge").first


def ours(page):
    return page.locator("[name=financial_address]")


def test_the_address_at_spar_is_shown_next_to_the_requested_one(registry, people, page):
    person = new_person(registry, "ST-1")
    log_in(page, registry, "viewer")
    open_payment_page(page, registry, person)
    expect(badge(page)).to_have_text("In sync")
    expect(held(page)).to_have_text(OURS)
    expect(page.locator(".o_spar_when")).to_contain_text("read")
    expect(ours(page)).to_contain_text(OURS)
    expect(page.locator(".o_spar_same")).to_be_visible()
    expect(page.locator(".o_spar_timeline")).to_contain_text("Admin form")
    picture(page, "at-spar-now")
    assert "754200001" not in page.content()

    page.locator(".oe_stat_button", has_text="Sent to SPAR").click()
    expect(page.locator(".o_data_row")).to_have_count(1)
    expect(page.locator(".o_data_row")).to_contain_text("Person ST-1")


def test_the_page_follows_an_amendment(registry, people, page):
    person = new_person(registry, "ST-2")
    log_in(page, registry, "clerk")
    open_payment_page(page, registry, person)
    expect(held(page)).to_have_text(OURS)
    page.get_by_role("button", name="Amend").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mobile number").fill("0754 200 009")
    dialog.get_by_label("Reason").fill("Lost the phone")
    dialog.get_by_role("button", name="Save address").click()
    expect(held(page)).to_have_text(THEIRS)
    expect(badge(page)).to_have_text("In sync")
    expect(ours(page)).to_contain_text(THEIRS)
    ours(page).get_by_role("button", name="Show the number").click()
    expect(ours(page)).to_contain_text("+255754200009")


def test_a_difference_is_taken_over_or_sent_again(registry, people, page):
    taken, resent = (new_person(registry, name) for name in ("ST-3", "ST-4"))
    for spar_id in ("ST-3", "ST-4"):
        change_at_spar(registry, spar_id)
    log_in(page, registry, "clerk")
    open_payment_page(page, registry, taken)
    expect(badge(page)).to_have_text("Differs")
    expect(held(page)).to_contain_text("+2557••••009")
    expect(page.get_by_text("it was changed at SPAR")).to_be_visible()
    expect(held(page).locator("mark")).to_contain_text("+2557••••009")
    picture(page, "differs")
    page.get_by_role("button", name="Take SPAR's").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".o_spar_was")).to_contain_text("+2557••••001")
    expect(dialog.locator(".o_spar_becomes")).to_contain_text("+2557••••009")
    picture(page, "take-spars")
    dialog.get_by_role("button", name="Take SPAR's").click()

    expect(badge(page)).to_have_text("In sync")
    expect(ours(page)).to_contain_text(THEIRS)

    open_payment_page(page, registry, resent)
    page.get_by_role("button", name="Resend ours").click()
    expect(badge(page)).to_have_text("In sync")
    expect(held(page)).to_have_text(OURS)
    wanted = registry.wallet_string("+255754200001")
    assert registry.stack.mapper.rows()["ST-4"] == wanted


def test_a_viewer_sees_a_difference_and_can_do_nothing_about_it(registry, people, page):
    person = new_person(registry, "ST-5")
    change_at_spar(registry, "ST-5")
    log_in(page, registry, "viewer")
    open_payment_page(page, registry, person)
    expect(badge(page)).to_have_text("Differs")
    for name in ("Resend ours", "Take SPAR's", "Show the number", "Amend"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_the_page_shows_that_spar_is_down_and_up_again(registry, people, page):
    person = new_person(registry, "ST-6")
    log_in(page, registry, "viewer")
    registry.stack.mapper.stop()
    try:
        open_payment_page(page, registry, person)
        problem = page.locator(".o_spar_problem")
        expect(problem).to_have_text("SPAR cannot be reached right now.")
        expect(held(page)).to_have_text(OURS)
        expect(page.locator(".o_spar_row")).to_contain_text("Last known")
        expect(page.locator(".o_spar_when")).to_contain_text("seen")
        picture(page, "spar-away")
    finally:
        registry.stack.mapper.start()

    def asked_again():
        # What was answered a moment ago is not asked again.
        page.get_by_role("button", name="Ask SPAR again").click()
        expect(page.locator(".o_spar_asking")).to_have_count(0)
        return not problem.count()

    wait_until(asked_again)
    expect(badge(page)).to_have_text("In sync")


def test_the_form_can_be_used_before_there_is_an_answer(registry, people, page):
    person = new_person(registry, "ST-7")
    log_in(page, registry, "clerk")
    questions = []
    page.route("**/refresh_spar_status", lambda route: questions.append(route))
    open_payment_page(page, registry, person)
    expect(page.get_by_text("Loading …")).to_be_visible()
    page.get_by_role("button", name="Amend").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Mobile number")).to_be_visible()
    dialog.get_by_role("button", name="Close").first.click()
    # What is known already, and then what SPAR says.
    questions[0].continue_()
    expect(held(page)).to_have_text(OURS)
    expect(page.get_by_text("Asking SPAR …")).to_be_visible()
    wait_until(lambda: page.wait_for_timeout(100) or len(questions) == 2)
    questions[1].continue_()
    expect(badge(page)).to_have_text("In sync")
    expect(page.locator(".o_spar_asking")).to_have_count(0)


def test_a_hanging_spar_keeps_no_transaction_open_and_is_given_up(
    registry, people, page, slow_spar
):
    person = new_person(registry, "ST-8")
    log_in(page, registry, "clerk")
    registry.change_settings(base_url=slow_spar.url)
    try:
        slow_spar.reset()
        slow_spar.arm({"kind": "delay", "operation": "resolve", "seconds": 20})
        open_payment_page(page, registry, person)
        refresh = page.get_by_role("button", name="Ask SPAR again")

        def asked_without_transaction():
            if refresh.count():
                refresh.click()
            return is_asking_without_transaction(registry)

        wait_until(asked_without_transaction)
        expect(page.locator(".o_spar_problem")).to_be_visible()
        expect(page.locator(".o_spar_row")).to_contain_text("Last known")
        slow_spar.must_have_fired()
    finally:
        slow_spar.disarm()
        registry.change_settings(base_url=registry.stack.mapper.url)


def test_a_list_asks_nothing(registry, people, page, slow_spar):
    registry.wait_for_state(new_person(registry, "ST-9"), "in_sync")
    registry.change_settings(base_url=slow_spar.url)
    try:
        slow_spar.reset()
        log_in(page, registry, "viewer")
        page.goto(f"{registry.stack.odoo.url}/odoo/registrants")
        rows = page.locator(".o_data_row .badge", has_text="In sync")
        expect(rows.first).to_be_visible()
        assert not looks(slow_spar)
        # The instrument works: a form does ask.
        page.locator(".o_data_row").get_by_text("Person ST-9").click()
        expect(page.locator(".o_spar_same")).to_be_visible()
        expect(badge(page)).to_have_text("In sync")
        assert looks(slow_spar) == [["ST-9"]]
    finally:
        registry.change_settings(base_url=registry.stack.mapper.url)


def looks(spar):
    """Return the SPAR IDs of every question that arrived."""
    requests = [r for r in spar.state()["requests"] if r["operation"] == "resolve"]
    return [r["ids"] for r in requests]


def is_asking_without_transaction(registry):
    """Whether a query slot is taken, and no transaction is open meanwhile."""
    ((found,),) = registry.stack.postgres.query(
        registry.stack.odoo.database,
        """SELECT EXISTS (SELECT FROM pg_locks
                           WHERE locktype = 'advisory' AND classid = %s
                             AND database = (SELECT oid FROM pg_database
                                              WHERE datname = current_database()))
              AND NOT EXISTS (SELECT FROM pg_stat_activity
                               WHERE datname = current_database()
                                 AND pid != pg_backend_pid()
                                 AND xact_start IS NOT NULL)""",
        [REGISTRANT_LOCK],
    )
    return found
