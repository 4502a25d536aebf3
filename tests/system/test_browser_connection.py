"""The connection to SPAR in a real browser: set up, its keys, and what got stuck."""

import datetime
import re

import pytest
from browsing import open_action, picture
from conftest import Registry, free_ports, wait_until
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from playwright.sync_api import expect

from tests.standin_spar import StandInSpar
from tools import key_service, keys

ADDON = "g2p_spar_sync_queue"
PASSWORD = "open sesame"
#: Of the pictures.
HEIGHT = 800


class Unconnected(Registry):
    """A registry whose connection a person sets up."""

    def connect(self, **connection):
        return None

    def verified(self):
        """Return how many signatures the key service found good."""
        return key_service.count_verdicts(self.stack.key_service.verdicts)["verified"]

    def paid(self, name, spar_id, number):
        """Make a registrant who is to be paid."""
        person = self.registrant(name, spar_id)
        self.enter_wallet(person, number)
        return person


@pytest.fixture(scope="module")
def registry(make_stack):
    registry = Unconnected(make_stack("browser_connection"))
    registry.new_user(
        "manager",
        f"{ADDON}.group_manager",
        "g2p_spar_financial_address.group_administrator",
    )
    registry.new_user("second", f"{ADDON}.group_manager")
    registry.new_user("operator", f"{ADDON}.group_operator")
    return registry


@pytest.fixture(scope="module")
def newer_spar(registry):
    """Return a SPAR 2.1 that knows this registry."""
    (port,) = free_ports(1)
    stand_in = StandInSpar(
        port,
        "test-browser-connection-spar",
        version="2.1",
        partners=registry.stack.partners,
    )
    yield stand_in.start()
    stand_in.process.stop()


@pytest.fixture
def connected(registry):
    """Have the registry connected to SPAR 1.1.0, if no test has done that before."""
    found = registry.rpc.call("g2p.spar.connection", "search", [])
    registry.connection = found[0] if found else Registry.connect(registry)


@pytest.fixture
def moved(registry, connected, newer_spar):
    """Have it connected to the newer SPAR, if no test has done that; return that."""
    (now,) = registry.rpc.call(
        "g2p.spar.connection", "read", [registry.connection], ["base_url"]
    )
    if now["base_url"] != newer_spar.url:
        registry.second = registry.stack.odoo.rpc("second", "second")
        registry.change_settings(base_url=newer_spar.url, dialect="partner_api")
    return newer_spar


def open_connections(page, registry):
    open_action(page, registry, "g2p_spar_connection_action", ADDON)


def open_connection(page, registry):
    open_connections(page, registry)
    page.locator(".o_data_row td[name=name]").click()
    expect(page.get_by_role("tab", name="Signing keys")).to_be_visible()


def open_mappings(page, registry):
    open_action(page, registry, "g2p_spar_mapping_action", ADDON)


def row_of(page, name):
    return page.locator(".o_data_row", has_text=name)


def choose_file(page, label, name, content):
    """Choose a file for one of the fields of a key."""
    field = page.locator(f"[name={label}] input[type=file]")
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    field.set_input_files(file)


def download(page, button):
    """Press a button; return the file's name and content."""
    with page.expect_download() as started:
        page.get_by_role("button", name=button).click()
    return started.value.suggested_filename, started.value.path().read_bytes()


def confirm(page):
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def expect_state(page, state):
    """See where the connection is on its way from not started to running."""
    current = page.locator("[name=state] .o_arrow_button_current")
    expect(current).to_have_text(state)


def key_state(place):
    """Return where a key's form says whether it signs."""
    return place.locator(".o_form_sheet .o_field_widget[name=state]")


def key_file(files):
    """Return a partner's key and certificate in one file with a password."""
    return pkcs12.serialize_key_and_certificates(
        b"registry",
        serialization.load_pem_private_key(files.private_key.read_bytes(), None),
        x509.load_pem_x509_certificate(files.certificate.read_bytes()),
        None,
        serialization.BestAvailableEncryption(PASSWORD.encode()),
    )


def signed_by_an_authority(request):
    """Return the certificate an authority issues for a request."""
    request = x509.load_pem_x509_csr(request)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority")])
    today = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(name)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(1))
        .not_valid_after(today + datetime.timedelta(365))
        .sign(rsa.generate_private_key(65537, 2048), hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def test_a_manager_connects_the_registry(registry, page_of):
    page = page_of("manager")
    open_connections(page, registry)
    expect(page.get_by_text("Connect this registry to SPAR")).to_be_visible()
    page.get_by_role("button", name="New").click()
    page.get_by_label("Address").first.fill(registry.stack.mapper.url)
    page.get_by_role("button", name="Add a key").click()
    dialog = page.get_by_role("dialog").first
    choose_file(page, "upload_key", "registry.p12", key_file(registry.stack.key))
    password = dialog.get_by_label("Password of the key file")
    password.fill("a guess")
    picture(page, "key-upload", HEIGHT)
    dialog.get_by_role("button", name="Save & Close").click()
    expect(dialog).to_have_count(0)

    page.get_by_role("button", name="Detect").click()
    problem = "Password of the key file: The password does not open the key."
    expect(page.get_by_text(problem)).to_be_visible()
    # In the form, and not over it.
    expect(page.get_by_role("dialog")).to_have_count(0)
    picture(page, "key-wrong-password", HEIGHT)
    expect(page.get_by_label("Address").first).to_have_value(registry.stack.mapper.url)
    page.locator("[name=key_ids] .o_data_row td").first.click()
    expect(dialog.locator("[name=upload_key] input[type=text]")).to_have_value(
        "registry.p12"
    )
    password.fill(PASSWORD)
    dialog.get_by_role("button", name="Save & Close").click()

    page.get_by_role("button", name="Detect").click()
    banner = page.locator("[name=detected_text]")
    expect(banner).to_contain_text("SPAR answered and accepted the signature.")
    expect(banner).to_contain_text("It is as set here: SPAR 1.x")
    key = row_of(page, "Key of")
    expect(key).to_contain_text("Current")
    expect(key).to_contain_text("Valid")
    page.get_by_role("button", name="Test").click()
    passed = page.locator("[name=test_passed]")
    expect(passed).to_contain_text("SPAR answered and accepted the signature.")
    expect(page.locator(".o_notification")).to_have_count(0)
    picture(page, "connection-tested", HEIGHT)
    page.get_by_role("button", name="Start").click()
    expect_state(page, "Running")
    expect(page.locator("[name=breaker_state]")).to_have_text("SPAR answers")
    picture(page, "connection", HEIGHT)
    page.get_by_role("tab", name="How it sends").click()
    expect(page.get_by_label("Batch size")).to_have_value("250")
    picture(page, "connection-sending", HEIGHT)
    page.get_by_role("tab", name="Advanced").click()
    expect(page.get_by_label("Path of link")).to_have_value("")
    picture(page, "connection-unusual", HEIGHT)

    asha = registry.paid("Asha Juma", "SR-2026-0001", "+255754200001")
    registry.wait_for_state(asha, "in_sync")
    wanted = {"SR-2026-0001": registry.wallet_string("+255754200001")}
    assert registry.stack.mapper.rows() == wanted


def test_the_next_key_signs_and_then_the_previous_one_again(
    registry, connected, page_of, tmp_path
):
    stack = registry.stack
    page = page_of("manager")
    open_connection(page, registry)
    page.get_by_role("button", name="Generate a key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Key of next year")
    picture(page, "key-generate", HEIGHT)
    # What the button refuses stands in its dialog.
    organisation = dialog.get_by_label("Organisation")
    named = organisation.input_value()
    organisation.fill("x" * 70)
    dialog.get_by_role("button", name="Generate").click()
    expect(dialog.get_by_role("alert")).to_contain_text("64 letters each")
    expect(page.get_by_role("dialog")).to_have_count(1)
    organisation.fill(named)
    dialog.get_by_role("button", name="Generate").click()
    state = key_state(page)
    expect(state).to_have_text("Not in use")
    primary = page.locator(".o_statusbar_buttons .btn-primary")
    expect(primary).to_have_text("Download certificate")
    page.get_by_role("button", name="Test with SPAR").click()
    refused = page.locator("[name=try_problem]")
    expect(refused).to_contain_text("SPAR does not accept this key yet")
    picture(page, "key-not-accepted", HEIGHT)
    name, certificate = download(page, "Download certificate")
    assert re.fullmatch(r"social-registry-\d+\.cert\.pem", name)
    assert b"PRIVATE" not in certificate
    file = tmp_path / name
    file.write_bytes(certificate)
    page.get_by_role("button", name="Switch now").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("Has SPAR's operator registered")
    asked.get_by_role("button", name="Cancel").click()
    keys.register_partner(file, stack.partners)
    page.get_by_role("button", name="Test with SPAR").click()
    expect(page.get_by_text("SPAR accepts this key.")).to_be_visible()
    expect(primary).to_have_text("Switch now")
    page.get_by_role("button", name="Switch now").click()
    confirm(page)
    expect(state).to_have_text("Current")
    picture(page, "key", HEIGHT)
    before = registry.verified()
    neema = registry.paid("Neema Shayo", "SR-2026-0002", "+255754200002")
    registry.wait_for_state(neema, "in_sync")
    assert registry.verified() > before

    keys.register_partner(stack.key.certificate, stack.partners)
    # What is refused after the question stands in the form, and not in a dialog. Here
    # another manager was faster.
    (now,) = registry.rpc.call(
        "g2p.spar.connection", "read", [registry.connection], ["key_id"]
    )
    key = now["key_id"][:1]
    registry.rpc.call("g2p.spar.key", "action_set_aside", key)
    page.get_by_role("button", name="Back to the previous key").click()
    confirm(page)
    problem = page.locator(".o_spar_problem_here")
    expect(problem).to_contain_text("There is no key to go back to.")
    expect(page.get_by_role("dialog")).to_have_count(0)
    picture(page, "key-refused", HEIGHT)
    registry.rpc.call("g2p.spar.key", "action_switch_now", key)
    page.reload()
    expect(state).to_have_text("Current")
    page.get_by_role("button", name="Back to the previous key").click()
    confirm(page)
    expect(state).to_have_text("Not in use")
    expect(page.locator(".o_spar_problem_here")).to_have_count(0)
    before = registry.verified()
    baraka = registry.paid("Baraka Mwakyusa", "SR-2026-0003", "+255754200003")
    registry.wait_for_state(baraka, "in_sync")
    assert registry.verified() > before


def test_a_list_says_what_it_refuses(registry, connected, page_of):
    person = registry.paid("Rehema Ally", "SR-2026-0009", "+255754200009")
    registry.rpc.call("res.partner", "action_end_financial_address", [person], "Gone")
    page = page_of("manager")
    open_action(page, registry, "g2p_financial_address_action")
    page.locator(".o_facet_remove").click()
    page.get_by_role("row", name="Rehema Ally").get_by_role("checkbox").check()
    page.get_by_role("button", name="Confirm", exact=True).click()
    confirm(page)
    problem = page.locator(".o_list_view .alert-danger")
    expect(problem).to_contain_text("Only an address in use can be confirmed")
    expect(page.get_by_role("dialog")).to_have_count(0)
    picture(page, "list-refused", 400)


def test_an_authority_signs_a_request(registry, connected, page_of):
    before = registry.rpc.call("g2p.spar.key", "search_count", [])
    page = page_of("manager")
    open_action(page, registry, "g2p_spar_key_action", ADDON)
    page.get_by_role("button", name="Generate a key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Key of the authority")
    dialog.get_by_label("A certificate authority signs it").check()
    expect(dialog.get_by_label("Valid for")).to_have_count(0)
    dialog.get_by_role("button", name="Generate").click()
    expect(
        page.get_by_text("Have a certificate authority sign the request")
    ).to_be_visible()
    expect(page.get_by_role("button", name="Switch now")).to_have_count(0)
    picture(page, "key-request", HEIGHT)
    _name, request = download(page, "Download request")
    assert b"PRIVATE" not in request
    wrong = registry.stack.key.certificate.read_bytes()
    choose_file(page, "upload_certificate", "wrong.pem", wrong)
    page.get_by_role("button", name="Save manually").click()
    expect(page.get_by_text("This certificate belongs to another key.")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    right = signed_by_an_authority(request)
    choose_file(page, "upload_certificate", "right.pem", right)
    page.get_by_role("button", name="Save manually").click()
    expect(key_state(page)).to_have_text("Not in use")
    open_action(page, registry, "g2p_spar_key_action", ADDON)
    expect(page.locator(".o_data_row")).to_have_count(before + 1)
    expect(row_of(page, "Key of the authority")).to_contain_text("Valid")
    picture(page, "keys", 280)


def test_an_operator_sees_no_key_files_or_paths(registry, connected, page_of):
    path = str(registry.stack.key.private_key)
    (values,) = [
        v for _c, _i, v in keys.connection_values(registry.stack.key)["key_ids"]
    ]
    values.update(
        name="Key in a file", connection_id=registry.connection, use_from=False
    )
    registry.create("g2p.spar.key", values)
    for login, sees_it in {"manager": True, "operator": False}.items():
        page = page_of(login)
        open_connection(page, registry)
        unusual = page.get_by_role("tab", name="Advanced")
        expect(unusual).to_have_count(int(sees_it))
        for button in ("Generate a key", "Pause", "Detect", "Compare with SPAR"):
            expect(page.get_by_role("button", name=button)).to_have_count(int(sees_it))
        row_of(page, "Key in a file").click()
        dialog = page.get_by_role("dialog")
        expect(key_state(dialog)).to_have_text("Not in use")
        expect(dialog.locator("[name=thumbprint]")).to_be_visible()
        shown = dialog.get_by_label("Key file on the server")
        expect(shown).to_have_count(int(sees_it))
        if sees_it:
            expect(shown).to_have_value(path)
        else:
            assert path not in page.content()


def confirm_as_second(registry, page, page_of, url):
    """Have the changed settings confirmed by another manager; load the page again."""
    expect(page.get_by_role("button", name="Resume")).to_have_count(0)
    # Who made all changes is not asked to confirm them.
    expect(page.get_by_role("button", name="Confirm changes")).to_have_count(0)
    other = page_of("second")
    open_connection(other, registry)
    changes = other.locator("[name=unconfirmed_text]")
    expect(changes).to_contain_text(f"→ {url} (by Manager)")
    expect(changes).to_contain_text("SPAR 1.x (G2P Connect) → SPAR 2.x (partner API)")
    picture(other, "connection-confirm", HEIGHT)
    other.get_by_role("button", name="Confirm changes").click()
    confirm(other)
    expect(changes).to_have_count(0)
    page.reload()


def test_the_connection_moves_to_a_newer_spar(registry, connected, newer_spar, page_of):
    page = page_of("manager")
    open_connection(page, registry)
    expect(page.get_by_role("button", name="Refresh providers")).to_have_count(0)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[name=pause_reason]")).to_have_text("Paused by Manager.")
    page.get_by_label("Address").first.fill(newer_spar.url)
    page.get_by_role("button", name="Detect").click()
    banner = page.locator("[name=detected_text]")
    expect(banner).to_contain_text("This was set: SPAR 2.x (partner API)")
    picture(page, "connection-paused", HEIGHT)

    page.get_by_role("button", name="Refresh providers").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Address of the directory").fill(newer_spar.url)
    picture(page, "refresh-providers", HEIGHT)
    dialog.get_by_role("button", name="Show what would change").click()
    expect(dialog.locator(".o_data_row", has_text="MailPay")).to_be_visible()
    expect(dialog.get_by_text("What SPAR does not know stays as it is")).to_be_visible()
    picture(page, "refresh-providers-preview", HEIGHT)
    mail = [["code", "=", "MP"]]
    assert not registry.rpc.call("g2p.dfsp", "search_count", mail)
    dialog.get_by_role("button", name="Import", exact=True).click()
    wait_until(lambda: registry.rpc.call("g2p.dfsp", "search_count", mail))
    dialog.get_by_role("button", name="Close").last.click()

    confirm_as_second(registry, page, page_of, newer_spar.url)
    page.get_by_role("button", name="Resume").click()
    expect_state(page, "Running")
    rehema = registry.paid("Rehema Mushi", "SR-2026-0004", "+255754200004")
    registry.wait_for_state(rehema, "in_sync")
    assert "SR-2026-0004" in newer_spar.state()["rows"]


def test_what_spar_refuses_is_found_understood_and_released(registry, moved, page_of):
    newer_spar = moved
    refused = {"kind": "refuse", "ids": ["SR-R-1"], "code": "rjct.fa.invalid"}
    newer_spar.arm(refused)
    juma = registry.paid("Juma Ali", "SR-R-1", "+255754200011")
    registry.wait_for_state(juma, "held")
    newer_spar.must_have_fired("refuse")
    page = page_of("operator")
    open_mappings(page, registry)
    row = row_of(page, "Juma Ali")
    expect(row).to_contain_text("Needs attention")
    expect(row).to_contain_text("SPAR does not accept this address.")
    picture(page, "at-spar", 400)
    row.locator("td[name=partner_id]").click()
    sheet = page.locator(".o_form_sheet")
    expect(sheet).to_contain_text("Correct the registrant, and it is sent again.")
    expect(sheet.locator("[name=reason_code]")).to_have_text("rjct.fa.invalid")
    picture(page, "at-spar-held", HEIGHT)
    newer_spar.disarm()
    page.get_by_role("button", name="Try now").click()
    registry.wait_for_state(juma, "in_sync")
    assert "SR-R-1" in newer_spar.state()["rows"]
    page.reload()
    expect(sheet.locator("[name=display_state]")).to_have_text("In sync")
    for button in ("Try now", "Skip", "Cancel"):
        expect(page.get_by_role("button", name=button)).to_have_count(0)
    page.get_by_role("tab", name="What people did").click()
    done = page.locator("[name=intervention_ids] .o_data_row")
    expect(done).to_contain_text("Operator")
    expect(done).to_contain_text("Tried again")


def test_several_are_paused_resumed_and_given_up_with_a_reason(
    registry, moved, page_of
):
    newer_spar = moved
    spar_ids = ["SR-P-1", "SR-P-2"]
    newer_spar.arm({"kind": "refuse", "ids": spar_ids, "code": "rjct.fa.invalid"})
    people = [
        registry.paid("Grace Nakato", "SR-P-1", "+255754200021"),
        registry.paid("Tesfaye Girma", "SR-P-2", "+255754200022"),
    ]
    for person in people:
        registry.wait_for_state(person, "held")
    newer_spar.disarm()
    page = page_of("operator")
    open_mappings(page, registry)
    do_to_both(page, "Pause")
    tell_why(page, "Both accounts are being checked")
    assert paused(registry, people) == [True, True]
    row_of(page, "Grace Nakato").locator("td[name=partner_id]").click()
    expect(page.get_by_text("Nothing is sent for this registrant")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Nothing is sent for this registrant")).to_have_count(0)
    assert paused(registry, people) == [False, True]

    open_mappings(page, registry)
    do_to_both(page, "Resume")
    notice = page.locator(".o_notification").last
    expect(notice).to_contain_text("Done for 1. 1 did not need it")
    assert paused(registry, people) == [False, False]
    do_to_both(page, "Skip")
    picture(page, "skip-why", HEIGHT)
    page.get_by_role("dialog").get_by_role("button", name="Apply").click()
    expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_visible()
    tell_why(page, "Both accounts were closed")
    # No user has to act any more.
    expect(page.locator(".o_data_row")).to_have_count(0)
    page.locator(".o_facet_remove").first.click()
    row = row_of(page, "Tesfaye Girma")
    expect(row).to_contain_text("Differs")
    expect(row).to_contain_text("(Both accounts were closed).")
    assert not set(spar_ids) & set(newer_spar.state()["rows"])

    row.locator("td[name=partner_id]").click()
    form = page.locator(".o_form_view")
    form.get_by_role("button", name="Send again").click()
    expect(page.locator(".o_notification").last).to_contain_text("Done for 1.")
    registry.wait_for_state(people[1], "in_sync")
    assert "SR-P-2" in newer_spar.state()["rows"]
    open_action(page, registry, "g2p_spar_change_action", ADDON)
    expect(row_of(page, "Grace Nakato")).to_contain_text("Cancelled")
    picture(page, "changes-of-all", 400)


def do_to_both(page, button):
    """Select both rows and press a button of the list."""
    for name in ("Grace Nakato", "Tesfaye Girma"):
        row_of(page, name).get_by_role("checkbox").check()
    page.locator(".o_control_panel").get_by_role("button", name=button).click()


def tell_why(page, reason):
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_have_count(0)


def paused(registry, people):
    """Return for each of these people whether nothing is sent."""
    rows = registry.rpc.call(
        "g2p.spar.mapping",
        "search_read",
        [["partner_id", "in", people]],
        ["paused"],
        order="partner_id",
    )
    return [row["paused"] for row in rows]
