from odoo import Command

from .routes_case import RoutesCase

DFSPS = "/v1/dfsps"
BRANCHES = "/v1/dfsps/FB/branches"


class TestDirectoryRoutes(RoutesCase):
    """The directory as callers read it."""

    def look(self, path, status=200, **headers):
        response = self.ask(path, token=self.token, **headers)
        self.assertEqual(response.status_code, status, response.text)
        return response

    def items(self, path):
        """Return what is on all pages, and how many each has."""
        items, sizes = [], []
        while path:
            told = self.look(path.removeprefix("/spar/self-service")).json()
            self.assertEqual(set(told), {"items", "next"})
            items += told["items"]
            sizes.append(len(told["items"]))
            path = told["next"]
        return items, sizes

    def test_providers_by_name_with_what_helps_to_type(self):
        items, sizes = self.items(DFSPS)
        self.assertEqual(sizes, [3])
        self.assertEqual(
            items,
            [
                {
                    "code": "FB",
                    "name": "First Bank",
                    "type": "bank_account",
                    "country": None,
                    "account_hint": "Ten digits",
                    "account_example": "0000000000",
                },
                {
                    "code": "MC",
                    "name": "M-Cash",
                    "type": "mobile_wallet",
                    "country": "TZ",
                    "account_hint": None,
                    "account_example": None,
                },
                {
                    "code": "PM",
                    "name": "PayMail",
                    "type": "email_wallet",
                    "country": None,
                    "account_hint": None,
                    "account_example": None,
                },
            ],
        )

    def test_of_one_type(self):
        items, _sizes = self.items(f"{DFSPS}?type=mobile_wallet")
        self.assertEqual([item["code"] for item in items], ["MC"])
        self.assertProblem(
            self.ask(f"{DFSPS}?type=cash", token=self.token), 422, "invalid"
        )

    def test_pages_are_in_one_order_even_of_the_same_name(self):
        self.env["g2p.dfsp"].create(
            [
                {"name": "Same", "code": f"S{n}", "fa_type": "bank_account"}
                for n in range(7)
            ]
        )
        items, sizes = self.items(f"{DFSPS}?page_size=3&type=bank_account")
        self.assertEqual(sizes, [3, 3, 2])
        codes = [item["code"] for item in items]
        self.assertEqual(codes, ["FB", *(f"S{n}" for n in range(7))])

    def test_a_full_last_page_has_no_next(self):
        self.assertIsNone(self.look(f"{DFSPS}?page_size=3").json()["next"])

    def test_branches_of_a_bank(self):
        self.bank.branch_ids = [
            Command.create({"name": name, "code": code})
            for name, code in (("Lake", "NB03"), ("East", "NB02"), ("Gone", "NB04"))
        ]
        self.bank.branch_ids.filtered(lambda b: b.name == "Gone").active = False
        items, sizes = self.items(f"{BRANCHES}?page_size=2")
        self.assertEqual(sizes, [2, 1])
        self.assertEqual(
            items,
            [
                {"code": "NB02", "name": "East"},
                {"code": "NB03", "name": "Lake"},
                {"code": "NB01", "name": "North"},
            ],
        )

    def test_who_is_no_bank_has_none(self):
        for code in ("MC", "NOBODY", "fb", "F%2FB"):
            response = self.ask(f"{DFSPS}/{code}/branches", token=self.token)
            self.assertProblem(response, 404, "not-found")
        for code in ("%00", "F%0AB", "x" * 65, "%C3%28"):
            response = self.ask(f"{DFSPS}/{code}/branches", token=self.token)
            self.assertIn(response.status_code, (404, 422), response.text)
        self.bank.active = False
        self.assertProblem(self.ask(BRANCHES, token=self.token), 404, "not-found")

    def test_an_odd_code_is_found_on_all_pages(self):
        self.bank.code = "F B&1?"
        self.bank.branch_ids = [Command.create({"name": "Lake", "code": "NB03"})]
        items, sizes = self.items("/v1/dfsps/F%20B%261%3F/branches?page_size=1")
        self.assertEqual(sizes, [1, 1])
        self.assertEqual(len(items), 2)

    # === WHAT THE CALLER HAS === #

    def test_what_the_caller_has_is_not_sent_again(self):
        for path in (DFSPS, BRANCHES, f"{DFSPS}?type=bank_account"):
            response = self.look(path)
            tag = response.headers["ETag"]
            self.assertRegex(tag, '^"[0-9a-f]{32}"$')
            self.assertEqual(response.headers["Cache-Control"], "private, max-age=60")
            for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
                again = self.look(path, 304, If_None_Match=known)
                self.assertFalse(again.content)
                self.assertEqual(again.headers["ETag"], tag)
            self.look(path, 200, If_None_Match='"other"')
            self.look(path, 200, If_None_Match=tag.strip('"'))

    def test_every_change_is_another_answer(self):
        tags = [self.look(DFSPS).headers["ETag"]]

        def changed():
            self.env.flush_all()
            response = self.look(DFSPS, 200, If_None_Match=tags[-1])
            tags.append(response.headers["ETag"])

        self.operator.name = "M-Cash Ltd"
        changed()
        self.operator.active = False
        changed()
        self.operator.active = True
        changed()
        self.bank.account_hint = "Twelve digits"
        changed()
        self.env["g2p.dfsp"].create(
            {"name": "New", "code": "N", "fa_type": "bank_account"}
        )
        changed()
        self.mail_operator.unlink()
        changed()
        self.operator.country_id.code = "T2"
        changed()
        # Archived and there again: it is the same answer.
        self.assertEqual(tags[1], tags[3])
        self.assertEqual(len(set(tags)), 7)

    def test_who_may_not_read_it(self):
        none = self.token_of(self.new_client("None", may_read_directory=False))
        for path in (DFSPS, BRANCHES):
            self.assertProblem(self.ask(path, token=none), 403, "forbidden")
            self.assertProblem(self.ask(path), 401, "unauthenticated")
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                response = self.ask(path, method, self.token)
                self.assertProblem(response, 405, "method-not-allowed")

    def test_it_takes_one_statement_more_than_nothing(self):
        def statements(path):
            before = self.cr.sql_log_count
            self.ask(path, token=self.token)
            return self.cr.sql_log_count - before

        statements(DFSPS)
        nothing = statements("/v1/probe/nobody")
        self.assertEqual(statements(DFSPS), nothing + 1)
        # The bank, and its branches.
        self.assertEqual(statements(BRANCHES), nothing + 2)
