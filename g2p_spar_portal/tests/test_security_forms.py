import re

from odoo.http import Request
from odoo.tests import tagged
from odoo.tools import mute_logger

from .matrix_common import UNKNOWN, MatrixCase
from .test_security_matrix import PAGES

#: Names no form of the portal has: of fields of registrants, addresses, registrations
#: and users, and those that mean something to Odoo or to a program on the way.
FOREIGN = (
    "id",
    "ids",
    "partner_id",
    "registrant_id",
    "user_id",
    "agent_ids",
    "is_registrant",
    "is_field_agent",
    "active",
    "spar_id",
    "national_id",
    "state",
    "step",
    "typed",
    "reference",
    "channel",
    "entered_by_id",
    "approved_by_id",
    "decision_note",
    "company_id",
    "company_ids",
    "group_ids",
    "parent_id",
    "fingerprint",
    "masked",
    "financial_address_ids",
    "create_uid",
    "write_date",
    "context",
    "debug",
    "__proto__",
    "name[]",
    "typed.identity.name",
    "model",
    "method",
    "_method",
)

#: What is put where a number belongs.
TAMPERED = (
    "-1",
    "0",
    "2147483648",
    "99999999999999999999999999",
    "9" * 4000,
    "x",
    "1.0",
    "1e3",
    "0x1",
    "+1",
    "%201",
    "1%00",
    "1%0d%0aX-Evil:1",
    "1;2",
    "1,2",
    "..",
    "%2e%2e%2f1",
    "..%2f..%2fweb",
    "1'or'1'='1",
    "None",
    "%ff",
)


@tagged("post_install", "-at_install")
class TestSecurityForms(MatrixCase):
    """What no page of the portal sends is refused, and nothing is changed by it."""

    def setUp(self):
        super().setUp()
        self.sign_in_as("agent A")
        self.forms = [page for page in PAGES if "POST" in page.methods]

    def path(self, page, number=0):
        thing = getattr(self, page.about)[number].key if page.about else ""
        return page.path.format(thing)

    def refuse(self, path, statuses, **request):
        """Send a request that is refused with one of these, and changes nothing."""
        with self.changes(), mute_logger("odoo.http"):
            response = self.url_open(
                path, **{"allow_redirects": False, "method": "POST", **request}
            )
        self.assertIn(response.status_code, statuses)
        self.assertKeepsQuiet(response, "agent A")
        return response

    # === WHOSE FORM IT IS === #

    def test_every_form_needs_the_token_of_its_session(self):
        self.sign_in(self.agent_b)
        others = Request.csrf_token(self)
        self.sign_in_as("agent A")
        own = Request.csrf_token(self)
        tokens = {
            "none": None,
            "empty": "",
            "made up": "0" * 40 + "o9999999999",
            "another agent's": others,
            "expired": own[:40] + "o1",
            "later": own[:40] + "o9999999999",
            "shortened": own[:-1],
            "twice over": own + own,
            "no text": "\u0130\0",
        }
        for page in self.forms:
            for name, token in tokens.items():
                form = {**self.posted(page.form), "csrf_token": token}
                form = {key: text for key, text in form.items() if text is not None}
                with self.cell("CSRF", name, page.path):
                    self.refuse(self.path(page), {400}, data=form)
            with self.cell("CSRF", "in the address", page.path):
                form = self.posted(page.form)
                token = form.pop("csrf_token")
                path = f"{self.path(page)}?csrf_token={token}"
                self.refuse(path, {400}, data=form)
        self.assertCells(60)

    def test_a_method_without_a_token_does_nothing(self):
        for page in self.forms:
            form = self.posted(page.form)
            del form["csrf_token"]
            for method in ("OPTIONS", "TRACE", "PUT", "PATCH", "PROPFIND", "post"):
                with self.cell("method", method, page.path):
                    self.refuse(self.path(page), {400, 405}, data=form, method=method)
            with self.cell("method", "overridden", page.path):
                headers = {"X-HTTP-Method-Override": "POST"}
                path = self.path(page)
                self.refuse(path, {200, 405}, data=form, method="GET", headers=headers)
        self.assertCells(40)

    def test_every_form_needs_its_own_token(self):
        for page in self.forms:
            for token in (None, "", "short", "x" * 65):
                form = {**self.posted(page.form), "form_token": token}
                form = {key: text for key, text in form.items() if text is not None}
                with self.cell("form token", token or "none", page.path):
                    self.refuse(self.path(page), {400}, data=form)
        self.assertCells(28)

    # === WHAT IS IN IT === #

    def test_foreign_fields_are_refused_in_every_form(self):
        for page in self.forms:
            for name in FOREIGN:
                for value in (str(self.other.id), ""):
                    with self.cell("foreign", name, value or "empty", page.path):
                        form = {**self.posted(page.form), name: value}
                        self.refuse(self.path(page), {400}, data=form)
            with self.cell("foreign", "a value in the address", page.path):
                path = f"{self.path(page)}?partner_id={self.other.id}"
                self.refuse(path, {400}, data=self.posted(page.form))
            with self.cell("foreign", "every field twice", page.path):
                form = [*self.posted(page.form).items()] * 2
                self.refuse(self.path(page), {400}, data=form)
        self.assertCells(500)

    def test_a_chosen_record_is_one_of_the_list(self):
        archived = self.operator.copy({"code": "OLD", "active": False})
        mine = self.posted("payment of a person")
        pages = {page.form: page for page in self.forms}
        path = self.path(pages["payment of a person"])
        bad = [self.bank.id, self.mail_operator.id, archived.id, 0, -1, 10**30]
        bad += ["x", f"{self.operator.id},{self.bank.id}", f" {self.operator.id}", "１"]
        for value in bad:
            with self.cell("dfsp_id", str(value)):
                self.refuse(path, {422}, data={**mine, "dfsp_id": str(value)})
        branch = self.bank.copy(
            {"code": "B2", "branch_ids": [(0, 0, {"name": "S", "code": "S"})]}
        )
        account = {
            **self.posted("new"),
            "fa_type": "bank_account",
            "dfsp_id": str(self.bank.id),
            "account_number": "0123456789",
            "holder_name": "Somebody",
            "reason": "New",
        }
        for value in (branch.branch_ids.id, 0, -1, "x", 10**30):
            with self.cell("branch_id", str(value)):
                form = {**account, "branch_id": str(value)}
                self.refuse(path, {422}, data=form)
        for value in ("cash", "__class__", "bank_account\0", "BANK_ACCOUNT", "none"):
            with self.cell("fa_type", value):
                self.refuse(path, {400}, data={**mine, "fa_type": value})
        self.assertCells(20)

    def test_bodies_that_are_no_form(self):
        edge = "multipart/form-data; boundary=x"
        part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n1\r\n--x--\r\n'
        big = b"mobile_number=" + b"7" * 5_000_000
        bodies = {
            "nothing": (b"", "application/x-www-form-urlencoded"),
            "JSON": (b'{"mobile_number": "1"}', "application/json"),
            "no type": (b"mobile_number=1", ""),
            "an unknown type": (b"mobile_number=1", "application/x-evil"),
            "5 MB": (big, "application/x-www-form-urlencoded"),
            "5 MB in a part": (part % (b"a" * 5_000_000), edge),
            "no boundary": (part % b"name", "multipart/form-data"),
            "another boundary": (part % b"name", f"{edge}y"),
            "cut off": (part[:30], edge),
            "no end": (b"--x\r\n" * 50, edge),
            "a file": (
                b'--x\r\nContent-Disposition: form-data; name="name"; '
                b'filename="../../x"\r\n\r\n1\r\n--x--\r\n',
                edge,
            ),
            "thousands of fields": (
                b"&".join(b"f%d=1" % n for n in range(3000)),
                "application/x-www-form-urlencoded",
            ),
            "a deep name": (
                b"a" + b"[a]" * 3000 + b"=1",
                "application/x-www-form-urlencoded",
            ),
            "no UTF-8": (b"name=%ff%fe\xff", "application/x-www-form-urlencoded"),
            "other letters": (
                b"name=1",
                "application/x-www-form-urlencoded; charset=utf-7",
            ),
        }
        for page in self.forms:
            for name, (body, kind) in bodies.items():
                with self.cell("body", name, page.path):
                    headers = {"Content-Type": kind}
                    self.refuse(self.path(page), {400, 413}, data=body, headers=headers)
        self.assertCells(100)

    def test_texts_that_are_no_texts(self):
        texts = {
            "NUL": "a\0b",
            "control": "a\x1bb",
            "lines": "a\r\nX-Evil: 1",
            "no pair": "a\ufffe",
            "long": "a" * 2000,
        }
        names = {"payment of a person": "holder_name", "identity": "name"}
        for page in self.forms:
            for name, text in texts.items():
                if page.form in names:
                    with self.cell("text", name, page.path):
                        form = {**self.posted(page.form), names[page.form]: text}
                        with mute_logger("odoo.http"):
                            response = self.url_open(
                                self.path(page), data=form, allow_redirects=False
                            )
                        self.assertLess(response.status_code, 500)
                        self.assertNotIn("X-Evil", response.headers)
        self.assertCells(10)

    # === WHO IT IS ABOUT === #

    def test_numbers_of_people_that_are_none(self):
        foreign = str(self.other.id).translate({48 + n: 0x0660 + n for n in range(10)})
        for page in (page for page in PAGES if page.about == "people"):
            for number in (*TAMPERED, foreign, f"0{self.other.id}"):
                if "%00" in number:
                    # No page of ours: Odoo itself answers, and fails at the NUL.
                    continue
                path = page.path.format(number)
                for method in sorted(page.methods):
                    with self.cell("person", method, page.path, number[:30]):
                        form = method == "POST" and self.posted(page.form)
                        # Odoo leads to the usual spelling of a number, whoever it is.
                        statuses = {301, 404, 405}
                        self.refuse(path, statuses, data=form or None, method=method)
        self.assertCells(60)

    def test_references_that_are_none(self):
        own = self.registrations[0].key
        others = self.registrations[2].key
        bad = [*TAMPERED, own[:-1], f"{own}A", own.swapcase(), f"{own}%00", f"{own}%0a"]
        bad += [
            f"{others}%2f..%2f{own}",
            f"%20{own}",
            f"{own}.json",
            str(self.unfinished.id),
        ]
        for page in (page for page in PAGES if page.about == "registrations"):
            for reference in bad:
                path = page.path.format(reference)
                with self.cell("registration", page.path, reference[:40]):
                    self.refuse(path, {404, 405}, data=self.posted(page.form))
        self.assertCells(120)

    def test_nobody_learns_which_references_there_are(self):
        for page in (page for page in PAGES if page.about == "registrations"):
            answers = set()
            for number in (1, 2):
                with self.cell("oracle", page.path, number):
                    path = self.path(page, number)
                    response = self.refuse(path, {404}, data=self.posted(page.form))
                    answers.add(without_tokens(response.text, path))
            self.assertEqual(len(answers), 1)
        self.assertEqual(self.registrations[1].key, UNKNOWN)
        self.assertCells(10)


def without_tokens(text, path):
    """Return a page without what is another on every page and in every address."""
    return re.sub(r"[0-9a-f]{40}o\d+", "TOKEN", text.replace(path, "PATH"))
