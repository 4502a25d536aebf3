from psycopg2.errors import SerializationFailure

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.g2p_fa_settings import IdRule
from ..toolkit.context_flags import APPROVED, marked
from .beside_others import BesideOthersCase


@tagged("post_install", "-at_install")
class TestSharedIdsBesideOthers(BesideOthersCase):
    """One leaves an ID while another one takes it: the third must not have it alone."""

    def setUp(self):
        super().setUp()
        env = self.open()
        Partner = env.registry["res.partner"]
        for name, value in {
            "_spar_id_rule": IdRule(("ref",), "{id}"),
            "_spar_id_locked_rule": IdRule(("ref",), "{id}"),
            "_spar_id_holds": True,
        }.items():
            self.patch(Partner, name, lambda _self, value=value: value)
        self.people = env["res.partner"].create(
            [
                {"name": f"Person {number}", "is_registrant": True, "ref": "BESIDE-1"}
                for number in range(3)
            ]
        )
        env.cr.commit()
        self.addCleanup(self.clean)

    def clean(self):
        env = self.open()
        people = self.people.with_env(env)
        marked(people, APPROVED).write({"ref": False})
        trail = [("res_model", "=", "res.partner"), ("res_id", "in", people.ids)]
        env["g2p.fa.proposal.line"].search(trail).proposal_id.unlink()
        people.unlink()
        env.cr.commit()

    def shared(self):
        people = self.people.with_env(self.open())
        return [bool(person.spar_id_shared) for person in people]

    def test_who_leaves_sees_who_came_meanwhile(self):
        first, _second, third = self.people
        leave = {
            "another ID": {"ref": "BESIDE-2"},
            "none": {"ref": False},
            "archived": {"active": False},
            "no registrant": {"is_registrant": False},
        }
        come = {
            "the same ID": ({"ref": False}, {"ref": "BESIDE-1"}),
            "back": ({"active": False}, {"active": True}),
        }
        for way, (away, back) in come.items():
            for name, leaving in leave.items():
                with self.subTest(name, came=way):
                    before = self.open()
                    marked(third.with_env(before), APPROVED).write(away)
                    before.cr.commit()
                    early, late = self.open(), self.open()
                    # The snapshot is taken here.
                    self.assertTrue(first.with_env(early).spar_id_shared)
                    marked(third.with_env(late), APPROVED).write(back)
                    late.cr.commit()
                    self.assertEqual(self.shared(), [True] * 3)
                    try:
                        with (
                            mute_logger("odoo.sql_db"),
                            self.assertRaises(SerializationFailure),
                        ):
                            marked(first.with_env(early), APPROVED).write(leaving)
                            early.flush_all()
                    finally:
                        # Its locks would stop all that follows.
                        early.cr.rollback()
