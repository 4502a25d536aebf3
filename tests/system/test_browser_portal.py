"""Field agents on their phones, from the first step until SPAR holds the address."""

import pytest
from phone import careful_phones
from playwright.sync_api import expect

AGENT = "g2p_spar_portal.group_field_agent"


@pytest.fixture(scope="module", autouse=True)
def agents(registry):
    """Make two field agents."""
    for login in ("amina_agent", "baraka_agent"):
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
