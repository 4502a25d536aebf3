from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..toolkit.context_flags import APPROVED, marked
from .beside_others import BesideOthersCase


@tagged("post_install", "-at_install")
class TestIdTakenOver(BesideOthersCase):
    """An editor with two transactions at once is one person, too."""

    def setUp(self):
        super().setUp()
        env = self.open()
        self.victim, self.accomplice = env["res.partner"].create(
            [
                {"name": "Victim", "is_registrant": True, "spar_id": "TAKEN-1"},
                {"name": "Accomplice", "is_registrant": True},
            ]
        )
        env.cr.commit()
        self.addCleanup(self.clean)

    def clean(self):
        env = self.open()
        people = (self.victim | self.accomplice).with_env(env)
        env["g2p.fa.proposal.line"].search(
            [("res_model", "=", "res.partner"), ("res_id", "in", people.ids)]
        ).proposal_id.unlink()
        people.unlink()
        env.cr.commit()

    def test_an_older_transaction_takes_no_id_that_is_given_up_meanwhile(self):
        early = self.open()
        accomplice = self.accomplice.with_env(early)
        self.assertFalse(accomplice.spar_id)
        env = self.open()
        marked(self.victim.with_env(env), APPROVED).spar_id = False
        env.cr.commit()
        with self.assertRaisesRegex(ValidationError, "Victim"):
            accomplice.spar_id = "TAKEN-1"
            early.flush_all()
        early.cr.rollback()
