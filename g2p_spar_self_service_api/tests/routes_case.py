from itertools import count

from odoo.tools import SQL

from odoo.addons.fastapi.pools import fastapi_app_pool
from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import (
    APPROVED,
    marked,
)

from .common import ApiCase

PROPOSALS = "/v1/address/proposals"
NUMBER = "+255754200001"
WALLET = {"type": "mobile_wallet", "provider": "MC", "mobile_number": NUMBER}
ACCOUNT = {
    "type": "bank_account",
    "provider": "FB",
    "branch": "NB01",
    "account_number": "0123456789",
}
#: Whose rows tell whether something was changed.
TABLES = (
    "g2p_financial_address",
    "g2p_api_proposal",
    "g2p_spar_change",
    "g2p_spar_mapping",
    "g2p_spar_job",
    "queue_job",
    "g2p_fa_number_lock",
    "g2p_fa_sharing",
    "mail_activity",
)


class RoutesCase(ApiCase):
    """Callers and registrants, a bank and two operators."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What others left in the database is no part of this.
        cls.env.cr.execute("DELETE FROM g2p_api_proposal")
        cls.env["g2p.dfsp"].search([]).active = False
        cls.bank, cls.operator, cls.mail_operator = cls.env["g2p.dfsp"].create(
            [
                {
                    "name": "First Bank",
                    "code": "FB",
                    "fa_type": "bank_account",
                    "account_hint": "Ten digits",
                    "account_example": "0000000000",
                    "branch_ids": [(0, 0, {"name": "North", "code": "NB01"})],
                },
                {
                    "name": "M-Cash",
                    "code": "MC",
                    "fa_type": "mobile_wallet",
                    "country_id": cls.env.ref("base.tz").id,
                },
                {"name": "PayMail", "code": "PM", "fa_type": "email_wallet"},
            ]
        )
        cls.bahati = cls.env["res.partner"].create(
            {"name": "Bahati Ali", "is_registrant": True, "spar_id": "SR-2"}
        )
        cls.keys = count()

    def setUp(self):
        super().setUp()
        fastapi_app_pool.invalidate(self.env)
        self.token = self.token_of(self.client)

    @classmethod
    def set_policy(cls, fa_type="mobile_wallet", **values):
        policy = cls.env["g2p.fa.policy"].search([("fa_type", "=", fa_type)])
        # As if a second person had agreed: a milder policy would wait for one.
        marked(policy, APPROVED).write(values)

    def get(self, path, person="SR-1", **headers):
        return self.ask(path, token=self.token, person=person, **headers)

    def propose(self, body=None, key=None, person="SR-1", token=None, **values):
        """Propose an address: this body, with these values instead of its own.

        :param body: by default a wallet; or bytes that are sent as they are
        """
        body = body if isinstance(body, bytes) else {**(body or WALLET), **values}
        return self.ask(
            PROPOSALS,
            "POST",
            token or self.token,
            person,
            body,
            Idempotency_Key=key or f"key {next(self.keys)}",
        )

    def proposed(self, *args, **values):
        """Propose an address that is accepted; return the answer and the record."""
        response = self.propose(*args, **values)
        self.assertEqual(response.status_code, 201, response.text)
        self.env.invalidate_all()
        answer = response.json()
        found = self.env["g2p.api.proposal"].search([("public_id", "=", answer["id"])])
        self.assertEqual(len(found), 1)
        return answer, found

    def end(self, body=None, person="SR-1", token=None):
        body = {} if body is None else body
        return self.ask("/v1/address/end", "POST", token or self.token, person, body)

    def rows(self):
        """Return everything a refusal must leave as it is."""
        self.env.flush_all()
        return {table: self._rows_of(table) for table in TABLES}

    def _rows_of(self, table):
        return self.env.execute_query(
            SQL("SELECT md5(t::text) FROM %s t ORDER BY id", SQL.identifier(table))
        )

    def addresses(self, partner=None):
        """Return a person's addresses, oldest first."""
        self.env.invalidate_all()
        return (partner or self.asha).financial_address_ids.sorted("id")
