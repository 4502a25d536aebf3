"""``make demo``: addresses entered in Odoo arrive in a real SPAR mapper.

Every run begins with the same invented registrants and an empty SPAR. With ``ONCE=1``
it checks each row in SPAR's own table by SQL, prints a line of JSON and ends.
``REGISTRY=openspp`` shows it on the forms of a stand-in for that registry.
"""

import json
import signal
import threading
import time
import unicodedata

from . import key_service, settings
from .odk_central import OdkCentral, wait_until_fetched
from .online_channels import change_as_agent, propose_as_backend
from .postgres import Postgres
from .problems import Problem
from .stack import Stack, import_spar

NAME = "demo"
PATIENCE = 120
"""Seconds to wait for every address to be at SPAR."""

LOGINS = [
    ("viewer", "sees payment addresses, masked"),
    ("editor", "enters, amends and ends them"),
    ("approver", "the second person: approves or refuses"),
    ("operator", "sees what goes to SPAR, sends again"),
    ("manager", "also keeps connections and providers"),
    ("agent", "a field agent, on a phone: “My people”"),
    ("admin", "everything"),
]
#: What a field agent changes on the portal, and what somebody proposes through the API.
CHANGED = ("SR-2026-0001", "M-Cash", "+255754210001")
PROPOSED = ("SR-2026-0009", "MC", "+255754210009")

#: What was collected offline: an amendment, somebody new, and a number that is wrong.
COLLECTED = [
    ("SR-2026-0004", "Wanjiru Kamau", "MC", "+255754210004"),
    ("SR-2026-0101", "Zawadi Ali", "KP", "+254722210101"),
    ("SR-2026-0102", "Daudi Mrisho", "MC", "0754210102"),
    ("SR-2026-0005", "Otieno Odhiambo", "MC", "0754"),
]

ADDRESS_FIELDS = [
    "partner_id",
    "fa_type",
    "dfsp_id",
    "branch_id",
    "account_number",
    "mobile_number",
    "email_address",
]


def main(_arguments):
    """Run the demo.

    :return: 0, or with ``ONCE=1`` 1 when a row is not as it should be.
    :raises Problem: when it cannot be run.
    """
    once = settings.is_on("ONCE")
    began = time.monotonic()
    postgres = Postgres()
    was_running = postgres.running
    postgres.start()
    ports = {
        "odoo": settings.odoo_port(),
        "mapper": settings.mapper_port(),
        "key_service": settings.key_service_port(),
    }
    registry = settings.text("REGISTRY")
    if registry:
        settings.chosen([registry], settings.REGISTRIES, "registry")
    stack = Stack(postgres, NAME, ports, demo=True, registry=registry)
    central = OdkCentral(NAME)
    # A closed terminal ends the demo like Ctrl-C does, so that nothing stays behind.
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, signal.default_int_handler)
    try:
        rows = run(stack, central)
        print_table(rows)
        if once:
            return report(stack, rows, time.monotonic() - began)
        print_where(stack)
        threading.Event().wait()
    except KeyboardInterrupt:
        print("\nStopping ...")
    finally:
        central.stop()
        stack.stop()
        if not was_running:
            postgres.stop()
    return 0


def run(stack, central):
    """Start everything, send every address, and compare.

    :param OdkCentral central: where some addresses are collected.
    :return: one dictionary for each registrant with an address; see :func:`compare`.
    :raises Problem: when not all have arrived in time.
    """
    print("Starting Odoo, the SPAR mapper, the key service and an ODK Central ...")
    central.start()
    stack.prepare().start()
    fetched = fetch_collected(stack, central)
    change_as_agent(stack.odoo, *CHANGED)
    propose_as_backend(stack.odoo, *PROPOSED)
    manager = stack.odoo.rpc("manager", "manager")
    print("Connecting the registry to SPAR ...")
    stack.connect(manager)
    print(
        f"Fetched from ODK: {fetched.get('applied', 0)} applied, "
        f"{fetched.get('set_aside', 0)} set aside. Changed on the portal: 1. "
        "Proposed through the API: 1."
    )
    wait_until_in_sync(manager)
    if stack.registry:
        check_forms(stack.odoo.rpc())
    return compare(stack, manager)


def check_forms(rpc):
    """Check that the registry's form shows the Payment page.

    :raises Problem: when one does not.
    """
    forms = rpc.call("res.partner", "get_views", [(False, "form")], {})
    pages = forms["views"]["form"]["arch"].count('name="payment"')
    if not pages:
        raise Problem("The Payment page is not on the registry's form.")
    print(f"The Payment page is on the registry's form, in {pages} notebooks.")


def fetch_collected(stack, central):
    """Have what was collected with ODK fetched and applied.

    :return: how many submissions are in each state.
    :raises Problem: when it is not fetched in time.
    """
    for spar_id, name, operator, number in COLLECTED:
        central.submit(
            spar_id,
            name,
            fa_type="mobile_wallet",
            dfsp_code=operator,
            payment_phone=number,
        )
    admin = stack.odoo.rpc()
    form = central.connect(admin, registrant_policy="create")
    admin.call("g2p.odk.form", "action_apply_ready_mapping", [form])
    admin.call("g2p.odk.form", "action_run_now", [form])
    return wait_until_fetched(admin, form, len(COLLECTED))


def wait_until_in_sync(rpc, patience=PATIENCE):
    """Wait until SPAR has confirmed the address of every registrant who has one.

    :param Rpc rpc: session of a SPAR operator.
    :param float patience: seconds.
    :raises Problem: when they are over; the text counts the states.
    """
    deadline = time.monotonic() + patience
    wanted = rpc.call(
        "g2p.financial.address", "search_count", [["state", "=", "effective"]]
    )
    while True:
        done = rpc.call("g2p.spar.mapping", "search_count", [["state", "=", "in_sync"]])
        if done >= wanted:
            print(f"{done} of {wanted} addresses are at SPAR.")
            return
        if time.monotonic() > deadline:
            raise Problem(
                f"Only {done} of {wanted} addresses are at SPAR after {patience} s. "
                f"Look at “At SPAR” in Odoo and at {settings.LOGS}."
            )
        time.sleep(0.3)


def compare(stack, rpc):
    """Compare what was requested with what SPAR resolves and with SPAR's table.

    :return: list of dictionaries: ``name``, ``spar_id``, ``requested`` (the string for
        SPAR), ``short`` (number and provider), ``resolved``, ``state`` (as people see
        it), ``right`` (whether SPAR's table holds exactly the requested string).
    """
    addresses = rpc.call(
        "g2p.financial.address",
        "search_read",
        [["state", "=", "effective"]],
        ADDRESS_FIELDS,
        order="partner_id",
    )
    partners = read_by_id(
        rpc, "res.partner", addresses, "partner_id", ["name", "spar_id", "spar_state"]
    )
    providers = read_by_id(rpc, "g2p.dfsp", addresses, "dfsp_id", ["name", "code"])
    branches = read_by_id(
        rpc, "g2p.dfsp.branch", addresses, "branch_id", ["name", "code"]
    )
    labels = dict(
        rpc.call("res.partner", "fields_get", ["spar_state"])["spar_state"]["selection"]
    )
    resolved = resolve(stack, [p["spar_id"] for p in partners.values()])
    table = stack.mapper.rows()
    rows = []
    for address in addresses:
        partner = partners[address["partner_id"][0]]
        requested = spar_string(address, providers, branches)
        rows.append(
            {
                "name": partner["name"],
                "spar_id": partner["spar_id"],
                "requested": requested,
                "short": f"{number(address)} at {address['dfsp_id'][1]}",
                "resolved": resolved[partner["spar_id"]],
                "state": labels[partner["spar_state"]],
                "right": table.get(partner["spar_id"]) == requested,
            }
        )
    return rows


def read_by_id(rpc, model, addresses, field, fields):
    """Return the records that addresses refer to, by id."""
    ids = {address[field][0] for address in addresses if address[field]}
    return {row["id"]: row for row in rpc.call(model, "read", sorted(ids), fields)}


def number(address):
    """Return the account number, mobile number or e-mail address."""
    return (
        address["account_number"]
        or address["mobile_number"]
        or address["email_address"]
    )


def spar_string(address, providers, branches):
    """Write an address as SPAR's own strategies 2 to 4 do.

    On purpose not with the addon's code, whose work is being checked.
    """
    provider = providers[address["dfsp_id"][0]]
    if address["fa_type"] == "bank_account":
        branch = branches[address["branch_id"][0]]
        return (
            f"account_number:{number(address)}"
            f".branch_name:{branch['name']}.branch_code:{branch['code']}"
            f".bank_name:{provider['name']}.bank_code:{provider['code']}.fa_type:bank"
        )
    wallet = f".wallet_provider_name:{provider['name']}"
    wallet += f".wallet_provider_code:{provider['code']}"
    if address["fa_type"] == "mobile_wallet":
        return f"mobile_number:{number(address)}{wallet}.fa_type:mobile_wallet_provider"
    return f"email_address:{number(address)}{wallet}.fa_type:email_wallet_provider"


def resolve(stack, spar_ids):
    """Ask SPAR, as a signed partner, what it holds.

    :return: dictionary from SPAR ID to address string, None where there is none.
    """
    spar = import_spar()
    items = [spar.answers.Item(spar_id, spar_id) for spar_id in spar_ids]
    with stack.spar_client() as client:
        results = client.send("resolve", items).results
    return {spar_id: result.fa for spar_id, result in results.items()}


def print_table(rows):
    """Print one line for each registrant."""
    lines = [("SPAR ID", "Registrant", "Requested", "SPAR resolves", "State")]
    for row in rows:
        held = shortened(row["resolved"], 44)
        lines.append((row["spar_id"], row["name"], row["short"], held, row["state"]))
    widths = [max(width(line[n]) for line in lines) for n in range(5)]
    print()
    for line in lines:
        cells = [pad(text, widths[n]) for n, text in enumerate(line)]
        print("  ".join(cells).rstrip())
    print()


def shortened(text, columns):
    """Return the beginning of a text, or a dash for none."""
    text = text or "-"
    return text if len(text) <= columns else text[: columns - 1] + "…"


def width(text):
    """Return how many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    marks = sum(unicodedata.category(character) in ("Mn", "Cf") for character in text)
    return len(text) + wide - marks


def pad(text, columns):
    """Return a text filled with blanks to a number of columns."""
    return text + " " * (columns - width(text))


def report(stack, rows, seconds):
    """Print the result as a line of JSON.

    :return: exit code.
    """
    wrong = [row for row in rows if not row["right"] or row["state"] != "In sync"]
    for row in wrong:
        print(f"{row['spar_id']} ({row['name']}) is not as requested at SPAR.")
    extra = len(stack.mapper.rows()) - len(rows)
    verdicts = key_service.count_verdicts(stack.key_service.verdicts)
    figures = {
        "registrants": len(rows),
        "right_at_spar": len(rows) - len(wrong),
        "unknown_at_spar": extra,
        "signatures_verified": verdicts["verified"],
        "signatures_refused": verdicts["refused"],
        "seconds": round(seconds, 1),
    }
    fine = rows and not wrong and not extra and not verdicts["refused"]
    print(json.dumps(figures))
    return 0 if fine else 1


def print_where(stack):
    """Tell where to look and how to log in."""
    verdicts = key_service.count_verdicts(stack.key_service.verdicts)
    print(
        f"The key service verified {verdicts['verified']} signatures and refused "
        f"{verdicts['refused']}.\n\nOpen {stack.odoo.url}/odoo/registrants and log in; "
        "the password is the login:\n"
    )
    for login, text in LOGINS:
        print(f"    {login:<10}{text}")
    print("\nCtrl-C ends the demo.")
