"""Attacks by those who set up callers: who could call as anybody approves nothing."""

import json
from contextlib import suppress

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import ISSUER, ApiCase, Keys, _hashed, jwk

ADDON = "g2p_spar_financial_address"
#: What the issuer is, all of it by defaults.
PROOF = {
    "url": ISSUER,
    "audience": "x",
    "algorithms": "RS256",
    "jwks_source": "pasted",
    "jwks": json.dumps({"keys": [jwk(Keys.RSA, "one")]}),
    "claim": "sub",
    "id_template": "{id}",
    "required_scope": "x",
}


@tagged("post_install", "-at_install")
class TestAttackProvers(ApiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.both = cls.env["res.users"].create(
            {
                "name": "Both",
                "login": "prover",
                "group_ids": [
                    Command.link(cls.env.ref(f"{ADDON}.group_administrator").id),
                    Command.link(cls.env.ref(f"{ADDON}.group_approver").id),
                ],
            }
        )

    def made(self, way, model, values, said):
        """Return a caller that this user sets up with some values as defaults."""
        records = self.env[model].with_user(self.both)
        if way == "context":
            context = {f"default_{name}": value for name, value in values.items()}
            records = records.with_context(**context)
        else:
            Default = self.env["ir.default"].with_user(self.both)
            for name, value in values.items():
                Default.set(model, name, value, user_id=True)
        return records.create(dict(said))

    def test_who_chose_the_proof_by_defaults_can_prove_to_be_it_too(self):
        cases = {
            "g2p.api.issuer": PROOF,
            "g2p.api.client": {
                "secret_hash": _hashed("known"),
                "id_template": "{id}",
                "proved_by_ids": [],
            },
        }
        for model, values in cases.items():
            for way in ("context", "saved"):
                with (
                    self.subTest(model, way=way),
                    self.env.cr.savepoint() as savepoint,
                ):
                    with suppress(AccessError), self.env.cr.savepoint():
                        made = self.made(way, model, values, {"name": "Mine"})
                        self.env.flush_all()
                        self.assertIn(self.both, made.sudo().proved_by_ids)
                        self.assertNotIn(_hashed("known"), str(made.sudo().read()))
                    savepoint.rollback()
                    self.env.invalidate_all()

    def test_the_list_of_provers_is_not_written_by_them(self):
        issuer = self.made("context", "g2p.api.issuer", {}, {**PROOF, "name": "Mine"})
        other = self.env.ref("base.user_admin")
        for commands in (
            [Command.clear()],
            [Command.set(other.ids)],
            [Command.unlink(self.both.id)],
        ):
            issuer.write({"proved_by_ids": commands})
            issuer.write({"proved_by_ids": commands, "claim": "sub"})
            self.env.flush_all()
            self.env.invalidate_all()
            self.assertEqual(issuer.sudo().proved_by_ids, self.both)
