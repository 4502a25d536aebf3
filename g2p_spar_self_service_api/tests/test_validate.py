from .routes_case import ACCOUNT, WALLET, RoutesCase

M_CASH = {"code": "MC", "name": "M-Cash"}


class TestValidate(RoutesCase):
    """A portal asks what a proposal would change."""

    def validate(self, body=None, person="SR-1", **values):
        body = {**(body or WALLET), **values}
        before = self.rows()
        response = self.ask("/v1/validate", "POST", self.token, person, body)
        self.env.invalidate_all()
        self.assertEqual(self.rows(), before, "nothing is stored")
        return response

    def validated(self, *args, **values):
        response = self.validate(*args, **values)
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()

    def test_old_beside_new(self):
        wallet = {
            "type": "mobile_wallet",
            "provider": M_CASH,
            "branch": None,
            "number": "+2557••••001",
            "payee": None,
        }
        answer = self.validated()
        self.assertEqual(
            answer, {"before": None, "after": wallet, "needs_approval": False}
        )
        self.proposed()
        self.set_policy(approve_api=True)
        answer = self.validated(ACCOUNT)
        self.assertEqual(answer["before"], wallet)
        self.assertEqual(
            answer["after"],
            {
                "type": "bank_account",
                "provider": {"code": "FB", "name": "First Bank"},
                "branch": {"code": "NB01", "name": "North"},
                "number": "••••789",
                "payee": None,
            },
        )
        self.assertTrue(answer["needs_approval"])

    def test_another_payee_is_seen_before_and_after(self):
        """A person sees who else receives their money, and until when."""
        neema = {"name": "Neema Mushi", "relation": "guardian", "until": "2099-12-31"}
        said = {
            "payee_name": "Neema Mushi",
            "payee_relation": "guardian",
            "payee_id_number": "AB-12",
            "payee_until": "2099-12-31",
        }
        self.proposed()
        answer = self.validated(**said)
        self.assertIsNone(answer["before"]["payee"])
        self.assertEqual(answer["after"]["payee"], neema)
        self.proposed(**said)
        response = self.get("/v1/address")
        self.assertEqual(response.json()["requested"]["payee"], neema)
        self.assertNotIn("AB-12", response.text)
        answer = self.validated(ACCOUNT, payee="self")
        self.assertEqual(answer["before"]["payee"], neema)
        self.assertIsNone(answer["after"]["payee"])
        # Not said is not changed.
        self.assertEqual(self.validated(ACCOUNT)["after"]["payee"], neema)

    def test_what_is_wrong_is_said_as_for_a_proposal(self):
        for values in (
            {"mobile_number": "12"},
            {"provider": "XX"},
            {"reason": "Call 0754 200 009"},
            {"mobile_number": "12", "reason": "Call 0754 200 009"},
        ):
            with self.subTest(values):
                said = self.validate(**values)
                asked = self.propose(**values)
                self.assertEqual(said.status_code, 422)
                self.assertEqual(said.json()["errors"], asked.json()["errors"])
                self.assertEqual(said.json()["type"], asked.json()["type"])

    def test_what_the_registry_refuses_of_this_person(self):
        self.asha.payment_removal_date = "2026-11-30"
        response = self.validate()
        self.assertEqual(response.status_code, 422)
        self.assertIn("is being removed", response.json()["detail"])

    def test_a_right_guess_looks_like_a_wrong_one(self):
        """It would take no trace to try all numbers of a mask."""
        self.bank.branch_required = True
        self.proposed({**ACCOUNT, "account_number": "2026-1130"})
        self.proposed(person="SR-2", mobile_number="+255754200002")
        self.set_policy(shared="refuse", approve_api=False)
        account = {**ACCOUNT, "account_number": "2026-1130"}
        without_branch = {**account}
        del without_branch["branch"]
        for way, right, wrong in (
            ("in use", account, {**account, "account_number": "2027-1130"}),
            (
                "its branch",
                without_branch,
                {**without_branch, "account_number": "2027-1130"},
            ),
            (
                "in a reason",
                {**WALLET, "reason": "20261130"},
                {**WALLET, "reason": "20261201"},
            ),
            (
                "of another person",
                {**WALLET, "mobile_number": "+255754200002"},
                {**WALLET, "mobile_number": "+255754201002"},
            ),
        ):
            with self.subTest(way):
                answers = [self.validate(body) for body in (right, wrong)]
                texts = [answer.json() for answer in answers]
                for text in texts:
                    text.pop("request_id", None)
                self.assertEqual(*texts)

    def test_it_is_about_the_callers_own_person(self):
        """Nor does a holder's name tell whose ID differs in zeros only."""
        self.env["res.partner"].create(
            {"name": "Neema Said", "is_registrant": True, "spar_id": "0042"}
        )
        self.env["res.partner"].create(
            {"name": "Omari Bakari", "is_registrant": True, "spar_id": "42"}
        )
        answers = [
            self.validated(person="42", holder_name=name)
            for name in ("Neema Said", "Unknown Person")
        ]
        self.assertEqual(*answers)
        self.assertEqual(self.validate(person="SR-404").status_code, 404)

    def test_the_address_says_that_it_is_to_be_confirmed(self):
        _answer, proposal = self.proposed()
        self.assertIs(self.get("/v1/address").json()["requested"]["to_confirm"], False)
        proposal.address_id.mark_to_confirm("The payment of October was returned")
        self.env.flush_all()
        answer = self.get("/v1/address").json()["requested"]
        self.assertIs(answer["to_confirm"], True)
        self.proposed()
        self.assertIs(self.get("/v1/address").json()["requested"]["to_confirm"], False)
