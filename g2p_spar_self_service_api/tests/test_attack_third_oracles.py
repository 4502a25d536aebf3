"""Attacks by callers who learn a number from what a proposal is refused for.

What is refused is not stored, and a client may act for every person.
"""

from .routes_case import ACCOUNT, WALLET, RoutesCase

RIGHT, WRONG = "754200001", "754209001"


class TestAttackThirdOracles(RoutesCase):
    def assertSame(self, ask, candidates):
        """Each candidate gets the same answer, or it is recorded who asked."""
        said = []
        with self.recorded_questions() as recorded:
            for candidate in candidates:
                before = self.rows()
                response = ask(candidate)
                self.env.invalidate_all()
                self.assertEqual(self.rows(), before)
                self.assertEqual(response.status_code, 422, response.text)
                problem = response.json()
                problem.pop("request_id", None)
                said.append(str(problem).replace(candidate, "…"))
        if not any(recorded):
            self.assertEqual(*said)

    def test_no_text_tells_the_number_in_use(self):
        self.proposed()
        many = " ".join(f"7542{n}0001" for n in range(11, 30))
        body = {**WALLET, "mobile_number": "+255754300300", "payee": "other"}
        body.update(payee_name="Neema", payee_until="2020-01-01")
        for name in ("holder_name", "payee_name", "reason"):
            for right, wrong in (
                (RIGHT, WRONG),
                (f"{many} {RIGHT}", f"{many} {WRONG}"),
                ("754x200x001", "754x209x001"),
            ):
                with self.subTest(name, text=right):
                    self.assertSame(
                        lambda text, name=name: self.propose({**body, name: text}),
                        (right, wrong),
                    )

    def test_the_reason_of_an_end_does_not_tell_it(self):
        self.proposed()
        self.assertSame(lambda text: self.end({"reason": text}), (RIGHT, WRONG))

    def test_the_branch_does_not_tell_the_account(self):
        self.bank.branch_required = True
        self.proposed({**ACCOUNT, "account_number": "0123456789"})
        body = {**ACCOUNT, "payee": "other", "payee_name": "Neema"}
        body.update(payee_until="2020-01-01")
        del body["branch"]
        self.assertSame(
            lambda text: self.propose({**body, "account_number": text}),
            ("0123456789", "0123450789"),
        )
