"""Field agents on their phones, from the first step until SPAR holds the address."""

import pytest
from phone import careful_phones
from playwright.sync_api import expect

AGENT = "g2p_spar_portal.group_field_agent"


@pytest.fixture(scope="module", autouse=True)
def agents(registry):
    """Make three field agents."""
    for login in ("amina_agent", "baraka_agent", "chausiku_agent"):
        registry.new_user(login, AGENT)


@pytest.fixture
def phone_of(browser, registry, agents):
    with careful_phones(browser, registry.stack.odoo.url) as phone_of:
        yield phone_of


def begin(phone):
    phone.open("/my/people")
    phone.page.get_by_role("link", name="Register a person").click()
    phone.press("Register a person")


def person_of(registry, spar_id):
    """Return the ID of the registrant with this SPAR ID, and of its agent."""
    (row,) = registry.rpc.call(
        "res.partner", "search_read", [["spar_id", "=", spar_id]], ["user_id"]
    )
    return row["id"], row["user_id"][1]


def test_a_person_is_registered_until_spar_holds_the_wallet(registry, phone_of):
    phone = phone_of("amina_agent")
    page = phone.page
    begin(phone)
    phone.picture("portal-identity")
    phone.press("Next")
    expect(page.get_by_role("alert")).to_contain_text("Write the name.")
    page.get_by_label("Name").fill("Neema Mushi")
    page.get_by_label("ID on the card").fill("P-1")
    phone.press("Next")
    page.get_by_label("Contact phone").fill("+255 754 100 009")
    page.get_by_label("Village or town").fill("Moshi")
    phone.picture("portal-contact")
    phone.press("Next")
    page.get_by_text("Mobile wallet").click()
    phone.picture("portal-type")
    phone.press("Next")
    page.get_by_label("Provider").select_option(label="M-Cash")
    page.get_by_label("Payment phone").fill("0754 300")
    phone.press("Next")
    expect(page.get_by_role("alert")).to_contain_text("cannot exist in Tanzania")
    phone.picture("portal-wallet-wrong")
    page.get_by_label("Payment phone").fill("0754 300 001")
    phone.press("Next")
    expect(page.get_by_text("+255 754 300 001")).to_be_visible()
    phone.picture("portal-review")
    phone.press("Register this person")

    expect(page.get_by_role("heading", name="Neema Mushi")).to_be_visible()
    person, agent = person_of(registry, "P-1")
    assert agent == "Amina_agent"
    registry.wait_for_state(person, "in_sync")
    page.get_by_role("link", name="Ask SPAR now").click()
    expect(page.locator("main")).to_contain_text("asked just now")
    expect(page.locator("main")).to_contain_text("In sync")
    expect(page.locator("main")).not_to_contain_text("300001")
    phone.picture("portal-person")
    values = registry.stack.mapper.rows()
    assert values["P-1"] == registry.wallet_string("+255754300001")


def test_an_interrupted_registration_goes_on_where_it_was(registry, phone_of):
    phone = phone_of("amina_agent", scripts=False)
    begin(phone)
    phone.page.get_by_label("Name").fill("Juma Ali")
    phone.page.get_by_label("ID on the card").fill("P-2")
    phone.press("Next")
    phone.page.get_by_label("Contact phone").fill("+255 754 100 010")
    phone.press("Next")
    phone.page.get_by_text("Mobile wallet").click()
    phone.press("Next")
    phone.page.get_by_label("Provider").select_option(label="M-Cash")
    # The battery is empty.
    phone.switch_off()
    phone.switch_on()

    page = phone.page
    phone.open("/my/people")
    page.get_by_role("link", name="Unfinished: 1").click()
    expect(page.locator("main")).to_contain_text("Juma Ali")
    expect(page.locator("main")).to_contain_text("Step 3 of 4: Payment.")
    phone.picture("portal-unfinished")
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("Provider").select_option(label="M-Cash")
    page.get_by_label("Same as contact phone").check()
    # What is typed is not lost on the way back and forth, and nothing is asked twice.
    phone.press("Back")
    expect(page.get_by_label("Contact phone")).to_have_value("+255 754 100 010")
    phone.press("Next")
    expect(page.get_by_role("heading", name="Is everything right?")).to_be_visible()
    expect(page.get_by_text("Payment phone")).to_be_visible()
    phone.press("Register this person")
    expect(page.get_by_role("heading", name="Juma Ali")).to_be_visible()
    person, _agent = person_of(registry, "P-2")
    registry.wait_for_state(person, "in_sync")
    values = registry.stack.mapper.rows()
    assert values["P-2"] == registry.wallet_string("+255754100010")


def test_an_agent_does_not_see_the_people_of_another(registry, phone_of):
    amina = phone_of("amina_agent")
    baraka = phone_of("baraka_agent", scripts=False, careful=False)
    begin(amina)
    amina.page.get_by_label("Name").fill("Zuhura Salum")
    amina.page.get_by_label("ID on the card").fill("P-3")
    amina.press("Next")
    amina.press("Next")
    unfinished = amina.page.url.removeprefix(amina.url)
    amina.page.get_by_text("No payment address yet").click()
    amina.press("Next")
    amina.press("Register this person")
    amina.open("/my/people")
    expect(amina.page.locator("main")).to_contain_text("Zuhura Salum")
    amina.picture("portal-people")
    person, _agent = person_of(registry, "P-3")

    baraka.open("/my/people")
    expect(baraka.page.locator("main")).not_to_contain_text("Zuhura Salum")
    assert baraka.open(f"/my/people/{person}") == 404
    assert baraka.open(f"/my/people/{person}/payment") == 404
    assert baraka.open(unfinished) == 404
    expect(baraka.page.locator("main")).not_to_contain_text("Zuhura")
    # The ID is taken, and whose it is stays untold.
    begin(baraka)
    baraka.page.get_by_label("Name").fill("Zuhura Salum")
    baraka.page.get_by_label("ID on the card").fill("P-3")
    baraka.press("Next")
    alert = baraka.page.get_by_role("alert")
    expect(alert).to_contain_text("This ID is already registered.")
    assert baraka.page.get_by_role("link", name="who has this ID").count() == 0


def test_an_agent_finds_what_is_to_be_confirmed_and_enters_a_payee(registry, phone_of):
    person = registry.at_spar("Zawadi Mosha", "P-4", "0754300004")
    call = registry.rpc.call
    amina = call("res.users", "search", [["login", "=", "amina_agent"]])
    call("res.partner", "write", [person], {"user_id": amina[0]})
    address = call("g2p.financial.address", "search", [["partner_id", "=", person]])
    why = "The payment of October was returned"
    call("g2p.financial.address", "mark_to_confirm", address, why)

    phone = phone_of("amina_agent")
    page, main = phone.page, phone.page.locator("main")
    phone.open("/my/people")
    page.get_by_label("Payment").select_option(label="To confirm")
    phone.press("Search")
    expect(main).to_contain_text("1 person")
    phone.picture("portal-to-confirm")
    page.get_by_role("link", name="Zawadi Mosha").click()
    expect(main).to_contain_text("ask whether this is still right")
    expect(main).not_to_contain_text("October")
    page.get_by_role("link", name="Change payment address").click()
    page.get_by_label("Payment phone").fill("0754 300 014")
    page.get_by_text("Another person receives the money").click()
    page.get_by_label("Name of the payee").fill("Neema Mushi")
    page.get_by_label("Relation to the registrant").select_option(label="Guardian")
    page.get_by_label("Mandate until").fill("2099-12-31")
    page.get_by_label("Reason for the change").fill("A court has named a guardian")
    phone.picture("portal-payee")
    phone.press("Save")
    expect(main).to_contain_text("Paid to: Neema Mushi · Guardian · mandate until")
    expect(main).not_to_contain_text("ask whether this is still right")
    phone.picture("portal-payee-saved")
    registry.wait_for_state(person, "in_sync")
    values = registry.stack.mapper.rows()
    assert values["P-4"] == registry.wallet_string("+255754300014")


# === WITHOUT NETWORK === #

#: Waits until everything that a phone needs without network is there.
READY = """async () => {
    for (;;) {
        const found = await navigator.serviceWorker.getRegistrations();
        const cache = await caches.open("g2p_spar_portal");
        const page = await cache.match("/my/register/offline");
        if (page && found.length === 2 && found.every((one) => one.active)) {
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}"""
#: What the phone keeps of what was typed.
KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('g2p_spar_portal:'))"


def test_the_network_is_cut_at_each_step(registry, phone_of):
    phone = phone_of("chausiku_agent", careful=False)
    page, label = phone.page, phone.page.get_by_label
    phone.open("/my/people")
    page.evaluate(READY)
    begin(phone)

    def press_without_network(button):
        phone.context.set_offline(True)
        phone.press(button)
        expect(
            page.get_by_text("What you typed is kept on this phone.")
        ).to_be_visible()
        phone.picture("portal-cut")
        phone.context.set_offline(False)
        page.get_by_role("link", name="Try again").click()

    label("Name").fill("Rehema Said")
    label("ID on the card").fill("P-5")
    press_without_network("Next")
    expect(label("Name")).to_have_value("Rehema Said")
    expect(label("ID on the card")).to_have_value("P-5")
    phone.press("Next")
    label("Contact phone").fill("+255 754 100 015")
    press_without_network("Next")
    expect(label("Contact phone")).to_have_value("+255 754 100 015")
    phone.press("Next")
    page.get_by_text("Mobile wallet").click()
    press_without_network("Next")
    expect(label("Mobile wallet")).to_be_checked()
    phone.press("Next")
    label("Provider").select_option(label="M-Cash")
    label("Payment phone").fill("0754 300 015")
    press_without_network("Next")
    expect(label("Payment phone")).to_have_value("0754 300 015")
    # Also after a closed tab.
    page.close()
    phone.page = page = phone.context.new_page()
    phone.open("/my/register")
    page.get_by_role("link", name="Continue").first.click()
    expect(page.get_by_label("Payment phone")).to_have_value("0754 300 015")
    phone.press("Next")
    expect(page.get_by_text("+255 754 300 015")).to_be_visible()
    assert page.evaluate(KEPT) == []
    press_without_network("Register this person")
    phone.press("Register this person")
    expect(page.get_by_role("heading", name="Rehema Said")).to_be_visible()
    assert page.evaluate(KEPT) == []
    person, _agent = person_of(registry, "P-5")
    registry.wait_for_state(person, "in_sync")
    values = registry.stack.mapper.rows()
    assert values["P-5"] == registry.wallet_string("+255754300015")
    page.get_by_role("link", name="Receipt").click()
    expect(page.locator("main")).to_contain_text("SPAR confirmed this")
    expect(page.locator("main")).not_to_contain_text("300 015")
    phone.picture("portal-receipt")


def test_people_registered_without_network_are_sent_after_the_next_sign_in(
    registry, phone_of
):
    phone = phone_of("baraka_agent", careful=False)
    page = phone.page
    phone.open("/my/people")
    page.evaluate(READY)
    phone.context.set_offline(True)
    phone.open("/my/register")
    kept = page.locator("#kept")
    expect(kept).to_contain_text("No network.")
    phone.picture("portal-offline")
    for number, name in ((6, "Pendo Lema"), (7, "Salim Abasi")):
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_label("ID on the card").fill(f"P-{number}")
        page.get_by_role("radio", name="Mobile wallet").check()
        provider = page.get_by_label("Provider").locator("visible=true")
        provider.select_option(label="M-Cash")
        page.get_by_label("Payment phone").fill(f"0754 300 0{number}6")
        phone.press("Next")
        expect(page.locator("#offline_review")).to_contain_text(f"0754 300 0{number}6")
        phone.press("Register when there is a network")
        expect(kept).to_contain_text(f"{name}: waits to be sent")
    phone.picture("portal-waiting")
    page.get_by_label("Name", exact=True).fill("Half Typed")
    # The tab is closed, and the session ends before there is a network.
    page.close()
    phone.page = page = phone.context.new_page()
    phone.context.clear_cookies()
    phone.context.set_offline(False)
    phone.open("/my/register")
    page.fill("input[name=login]", "baraka_agent")
    page.fill("input[name=password]", "baraka_agent")
    phone.press("Log in")
    kept = page.locator("#kept")
    for name in ("Pendo Lema", "Salim Abasi"):
        expect(kept).to_contain_text(f"{name}: registered.")
    phone.picture("portal-sent")
    for spar_id in ("P-6", "P-7"):
        person, agent = person_of(registry, spar_id)
        assert agent == "Baraka_agent"
        registry.wait_for_state(person, "in_sync")
    # Only what was not sent is kept, until the agent signs out.
    assert len(page.evaluate(KEPT)) == 1
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert page.evaluate(KEPT) == []
