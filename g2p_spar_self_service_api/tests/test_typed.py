from odoo.addons.g2p_spar_financial_address.tests.typed import TypedTables

from .routes_case import RoutesCase


class TestTypedInTheApi(TypedTables, RoutesCase):
    channel = "api"
    provider_named_by = "code"
    not_an_id = "unknown-person"

    def enter(self, person, said):
        values = {
            "bank_account": "account_number",
            "mobile_wallet": "mobile_number",
            "email_wallet": "email_address",
        }
        body = {
            "type": said["fa_type"],
            "provider": said.get("provider_text") or said["provider"].code,
            values[said["fa_type"]]: said["number"],
        }
        body.update(said.get("payee", {}))
        if reason := said.get("reason"):
            body["reason"] = reason
        if branch := said.get("branch_text"):
            body["branch"] = branch
        spar_id = said.get("spar_id", person and person.spar_id)
        # As bytes: headers are Latin-1, and the API takes UTF-8 in it.
        response = self.propose(body, person=spar_id.strip().encode())
        if response.status_code == 404:
            return response.json()["type"].rpartition(":")[2]
        if response.status_code != 201:
            return " ".join(e["detail"] for e in response.json()["errors"])
        return ""

    def test_numbers_without_quotation_marks(self):
        """Programs round numbers of more than 15 digits, and drop zeros."""
        self.new_typed()
        person = self.new_person()
        bank = self.provider("bank_account", "TZ").code
        operator = self.provider("mobile_wallet", "TZ").code
        account = {"type": "bank_account", "provider": bank}
        wallet = {"type": "mobile_wallet", "provider": operator}
        for body in (
            {**account, "account_number": 2657843246789123456},
            {**account, "account_number": 2.657843246789123e18},
            {**wallet, "mobile_number": 754200001},
        ):
            with self.subTest(body=body):
                response = self.propose(body, person=person.spar_id)
                self.assertEqual(response.status_code, 422)
                self.assertFalse(self.entered(person))
