"""A stand-in for ODK Central beside a registry, with submissions of invented people."""

import time

from . import problems, settings
from .problems import Problem

#: Where free ports are looked for.
PORT = 8383
EMAIL, PASSWORD = "viewer@example.org", "right horse"
PROJECT = 1
FORM = "payment_address"
#: The form that ships has one like this, made of what it asks.
VERSION = "2026-11-30.1"

#: The questions of the form that ships with the addon.
GROUPS = {
    "": ["registrant_id"],
    "person": ["given_name", "family_name", "contact_phone"],
    "payment": [
        "fa_type",
        "dfsp_code",
        "branch_code",
        "account_number",
        "payment_phone",
        "wallet_email",
        "payee",
        "payee_name",
        "payee_relation",
        "payee_id_number",
        "payee_until",
        "holder_name",
    ],
}


#: What each question asks.
LABELS = {
    "registrant_id": "ID on the registrant's card",
    "given_name": "Given name",
    "family_name": "Family name",
    "contact_phone": "Phone to call them on",
    "fa_type": "How they are paid",
    "dfsp_code": "Bank or operator",
    "branch_code": "Branch of the bank",
    "account_number": "Number of the account",
    "payment_phone": "Phone that receives the money",
    "wallet_email": "E-mail of the wallet",
    "payee": "Is the registrant paid, or another person?",
    "payee_name": "Name of the other person",
    "payee_relation": "What they are to the registrant",
    "payee_id_number": "ID number of the other person",
    "payee_until": "Until when they are paid",
    "holder_name": "Name the account is under",
}


class OdkCentral:
    """A Central with one form, and what makes a registry fetch it.

    :param str name: prefix of process, log and password file.
    """

    def __init__(self, name):
        # The stand-in is a part of the tests; the tools alone do without.
        from tests.standin_central import StandInCentral

        self.central = StandInCentral(problems.free_port(PORT), f"{name}-central")
        self.password = settings.RUN / name / "127.0.0.1.odk-password"

    def start(self):
        """Start it, with the form and nothing submitted.

        :return: this object.
        """
        self.password.parent.mkdir(parents=True, exist_ok=True)
        self.password.touch(mode=0o600)
        self.password.write_text(PASSWORD)
        self.central.start()
        self.central.do(
            "add_form",
            xml_form_id=FORM,
            fields=questions(),
            definition=definition(),
            version=VERSION,
        )
        return self

    def stop(self):
        """Stop it, and forget its password."""
        self.central.stop()
        self.password.unlink(missing_ok=True)

    def submit(self, spar_id, name, **payment):
        """Submit the form, as somebody does with ODK Collect.

        :param str spar_id: the registrant's ID.
        :param str name: the registrant's, with one blank.
        :param payment: answers of the group about the payment.
        :return: the submission's ID.
        """
        given, family = name.split(" ", 1)
        return self.central.do(
            "submit", data=answers(spar_id, given, family, payment), form=FORM
        )

    def connect(self, rpc, **values):
        """Make a registry fetch the form, with the ready mapping.

        :param Rpc rpc: session of an administrator.
        :param values: further fields of the form.
        :return: the form's id there.
        """
        (form,) = rpc.call(
            "g2p.odk.form",
            "create",
            [
                {
                    "name": "Payment addresses",
                    "server_id": self.introduce(rpc),
                    "project_id": PROJECT,
                    "xml_form_id": FORM,
                    **values,
                }
            ],
        )
        return form

    def introduce(self, rpc):
        """Make it known to a registry, without a form.

        :param Rpc rpc: session of an administrator.
        :return: the server's id there.
        """
        (server,) = rpc.call(
            "g2p.odk.server",
            "create",
            [
                {
                    "name": "ODK Central",
                    "base_url": self.central.url,
                    "email": EMAIL,
                    "password_path": str(self.password),
                }
            ],
        )
        return server


def definition():
    """Return the form as an XForm, as far as it names its questions."""
    inputs = "".join(
        f'<input ref="/data{one["path"]}"><label>{LABELS[one["name"]]}</label></input>'
        for one in questions()
        if one["name"] in LABELS
    )
    return (
        '<h:html xmlns="http://www.w3.org/2002/xforms"'
        f' xmlns:h="http://www.w3.org/1999/xhtml"><h:body>{inputs}</h:body></h:html>'
    )


def questions():
    """Return the form's questions as Central tells them."""
    found = []
    for group, names in GROUPS.items():
        if group:
            found.append({"path": f"/{group}", "name": group, "type": "structure"})
        for name in names:
            path = f"/{group}/{name}" if group else f"/{name}"
            found.append({"path": path, "name": name, "type": "string"})
    # Of ODK itself; the form gives its submissions no name.
    found.append({"path": "/meta", "name": "meta", "type": "structure"})
    found.append({"path": "/meta/instanceID", "name": "instanceID", "type": "string"})
    return found


def answers(spar_id, given_name, family_name, payment):
    """Return what a submission says, unanswered questions included."""
    person = {"given_name": given_name, "family_name": family_name}
    return {
        "registrant_id": spar_id,
        "person": {**dict.fromkeys(GROUPS["person"]), **person},
        "payment": {**dict.fromkeys(GROUPS["payment"]), **payment},
    }


def wait_until_fetched(rpc, form, number, patience=60):
    """Wait until so many submissions are fetched and none is left to apply.

    :param Rpc rpc: session of an editor of payment addresses.
    :param int form: id of the form.
    :param int number: how many.
    :param float patience: seconds.
    :return: how many are in each state, by state.
    :raises Problem: when they are over.
    """
    deadline = time.monotonic() + patience
    while True:
        rows = rpc.call(
            "g2p.odk.submission", "search_read", [["form_id", "=", form]], ["state"]
        )
        states = [row["state"] for row in rows]
        if len(states) >= number and "staged" not in states:
            return {state: states.count(state) for state in sorted(set(states))}
        if time.monotonic() > deadline:
            raise Problem(f"Only {len(states)} of {number} submissions were fetched.")
        time.sleep(0.2)
