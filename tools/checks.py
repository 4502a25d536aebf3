"""Checks of files that no linter at hand does.

``python3 -m tools.checks xml FILE...``, and the same with ``text``, ``names`` and
``product``, print one line for each fault and end with code 1 if there is any.
"""

import io
import re
import sys
import tokenize
from pathlib import Path

XML_INDENT = 4
SECTION = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?-->", re.DOTALL)
# An address of a package registry or of one machine does not belong in a project
# that runs on any machine; a mark of a conflict belongs nowhere. Dots are bracketed so
# that this file passes its own check.
FOREIGN = [
    (r"pypi[.]org|pythonhosted[.]org|deb[.]debian[.]org", "host of a package registry"),
    (r"registry[.]npmjs|archive[.]ubuntu[.]com", "host of a package registry"),
    (r"index[-]url\s*=|trusted[-]host\s*=", "choice of a package registry"),
    (r"(?<![\w.})])/(?:home|root|work)/\w", "path of one machine"),
    (r"[.]{2}/shared\b", "path outside the project"),
    (r"^[<>|]{7} ", "mark of a merge conflict"),
]
# Names in Python that were replaced by the field's own words. Stored names (tables,
# fields, jobs) are not here: they change with a migration only.
RETIRED = {
    "Shift": "SyncRun",
    "UnderWay": "InFlight",
    "_under_way": "_in_flight",
    "_home": "active and spare transaction",
    "_away": "active and spare transaction",
    "Letter": "SignedRequest",
    "Doubt": "UnresolvedRequest",
    "_doubts": "unresolved",
    "_in_doubt": "with_unresolved",
    "_sendings": "journal",
    "Beside": "AutonomousTransaction",
    "Pacing": "RetryPolicy",
    "pacing": "policy",
    "wish": "retry_after",
    "_leave_alone": "open_breaker",
    "_come_back": "close_breaker",
    "_moved_on": "_notify_progress",
    "Look": "SparStatus",
    "spar_look": "refresh_spar_status",
    "_spar_look": "spar_status",
    "turns_at_a_time": "slots",
    "RESENT": "RESENDABLE",
    "_enter_changes": "submit",
    "_enter_one": "submit",
    "_enter_quickly": "submit",
    "_cleaned_texts": "check_entries",
    "_take_all": "take_all",
    "_keys_in_turn": "_started_keys",
    "_write_story": "_log_lines",
    "_whom_to_call": "_responsible_users",
    "_take_in": "_import_key",
    "_take_certificate": "_import_certificate",
    "_place_fields": "_location_fields",
    "_read_places": "_read_location",
    "_worded_at_field": "_field_text",
    "_secret_texts": "_secret_problem_texts",
    "_read_quietly": "_refresh_certificate",
    "_note_switch": "_log_switch",
    "_note_certificate": "_store_certificate",
    "_note_fields": "_log_signing_fields",
    "NOTED_FIELDS": "LOGGED_FIELDS",
    "_cures": "_allowed_actions",
    "_discreet_sentence": "_general_sentence",
    "_asked_lately": "_count_recent",
    "_fresh_code": "_recent_code",
    "G2pFaMeeting": "G2pFaNumberLock",
    "_possible_prints": "_possible_fingerprints",
    "_tell_rewritten": "_resync_rewritten",
    "_hold_id_rule": "_lock_id_rule_shared",
    "_take_id_rule": "_lock_id_rule_exclusive",
    "_spar_id_hold_rule": "_spar_id_locked_rule",
    "_ways_in": "_judged_channels",
    "_show_certificate": "_load_client_certificate",
    "_pause_apart": "_pause_at_once",
    "_refuse_twins": "_refuse_second_running",
}

# By these Odoo says whether a test is running. Product code that asks does something
# else on a server than what was tested; tests patch what they need otherwise.
TEST_MARKS = {
    "current_test",
    "in_test_mode",
    "registry_test_mode",
    "test_enable",
    "TestCursor",
}


def xml_faults(text):
    """Return the faults in the layout of an XML file of an addon.

    :param str text: content of the file.
    :return: list of pairs of line number and description.
    """
    faults = []
    # Comments and literal text may be laid out freely.
    blanked = SECTION.sub(lambda found: "\n" * found.group().count("\n"), text)
    for number, line in enumerate(blanked.splitlines(), 1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            faults.append((number, "indented with a tab"))
        elif line.lstrip().startswith("<") and len(indent) % XML_INDENT:
            faults.append((number, f"indent is not a multiple of {XML_INDENT} blanks"))
    return faults


def text_faults(text):
    """Return the faults any text file can have.

    :param str text: content of the file.
    :return: list of pairs of line number and description.
    """
    faults = []
    for number, line in enumerate(text.split("\n"), 1):
        for pattern, meaning in FOREIGN:
            if re.search(pattern, line):
                faults.append((number, meaning))
    return faults


def name_faults(text):
    """Return the retired names that Python code uses; comments and texts may.

    :param str text: content of the file.
    :return: list of pairs of line number and description.
    """
    faults = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and token.string in RETIRED:
            better = RETIRED[token.string]
            faults.append((token.start[0], f"retired name, say {better}"))
    return faults


def product_faults(text):
    """Return where Python code asks whether a test is running; comments may.

    :param str text: content of the file.
    :return: list of pairs of line number and description.
    """
    faults = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        # Also as the name of a setting, ``config["test_enable"]``.
        name = token.string.strip("\"'")
        if token.type in (tokenize.NAME, tokenize.STRING) and name in TEST_MARKS:
            faults.append((token.start[0], f"asks whether a test is running: {name}"))
    return faults


def main(arguments):
    """Check files.

    :param list arguments: ``xml``, ``text``, ``names`` or ``product``, then paths of
        files.
    :return: exit code: 0 without faults, else 1.
    """
    checks = {
        "xml": xml_faults,
        "text": text_faults,
        "names": name_faults,
        "product": product_faults,
    }
    check = checks[arguments[0]]
    found = False
    for name in arguments[1:]:
        try:
            text = Path(name).read_bytes().decode()
        except UnicodeDecodeError:
            print(f"{name}: not UTF-8")
            found = True
            continue
        for number, fault in check(text):
            print(f"{name}:{number}: {fault}")
            found = True
    return int(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
