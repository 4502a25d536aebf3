from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.g2p_spar_financial_address.tests.trail_case import TrailCase

from .common import SparCase
from .spar_stand_in import faults

FA, SYNC = "g2p_spar_financial_address", "g2p_spar_sync_queue"
OURS = (
    "g2p.spar.mapping",
    "g2p.spar.change",
    "g2p.spar.attempt",
    "g2p.spar.intervention",
    "g2p.spar.reconciliation.line",
)


@tagged("post_install", "-at_install")
class TestCompanies(SparCase):
    """The registrant is of the north; users of the south have all roles there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.north, cls.south = cls.env["res.company"].create(
            [{"name": "North"}, {"name": "South"}]
        )
        cls.registrant.company_id = cls.north
        cls.from_north = cls.new_member("north", cls.north)
        cls.from_south = cls.new_member("south", cls.south)
        cls.everywhere = cls.new_member(
            "all", cls.env["res.company"].search([]), cls.south
        )

    @classmethod
    def new_member(cls, login, companies, company=None):
        groups = (
            f"{SYNC}.group_manager",
            f"{FA}.group_editor",
            f"{FA}.group_approver",
        )
        return new_test_user(
            cls.env,
            f"c_{login}",
            ",".join(groups),
            company_id=(company or companies[0]).id,
            company_ids=[Command.set(companies.ids)],
        )

    def fill(self):
        """Leave a row of each model about the registrant."""
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.mapping.with_user(self.from_north)._intervene("pause", "Moved")
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        self.env["g2p.spar.reconciliation.line"].renew(
            run,
            [
                {
                    "mapping_id": self.mapping.id,
                    "kind": "spar_newer",
                    "spar_id": "SR-1",
                    "masked": False,
                    "seen": False,
                }
            ],
        )
        self.env.flush_all()
        self.env.invalidate_all()
        return run

    def seen_by(self, user):
        """Return of which models a user sees rows."""
        context = {"allowed_company_ids": user.company_ids.ids}
        env = self.env(user=user, context=context)
        return {name for name in OURS if env[name].search([])}

    # === ROWS === #

    def test_rows_are_of_ones_companies(self):
        self.fill()
        for user, seen in (
            (self.from_north, set(OURS)),
            (self.from_south, set()),
            (self.everywhere, set(OURS)),
        ):
            with self.subTest(user.login):
                self.assertEqual(self.seen_by(user), seen)

    def test_a_row_cannot_be_read_by_its_number(self):
        self.fill()
        for name in OURS:
            row = self.env[name].search([]).with_user(self.from_south)
            with self.subTest(name), self.assertRaises(AccessError):
                row.read(["create_date"])

    def test_registrants_without_a_company_are_of_all(self):
        self.registrant.company_id = False
        self.fill()
        for user in (self.from_north, self.from_south):
            self.assertEqual(self.seen_by(user), set(OURS))

    def test_what_was_done_stays_with_the_company_it_was_done_in(self):
        self.fill()
        self.registrant.company_id = self.south
        self.env.flush_all()
        kept = {"g2p.spar.change", "g2p.spar.attempt", "g2p.spar.intervention"}
        self.assertEqual(self.seen_by(self.from_north), kept)
        follows = {"g2p.spar.mapping", "g2p.spar.reconciliation.line"}
        self.assertLessEqual(follows, self.seen_by(self.from_south))

    # === DOING === #

    def test_operators_of_another_company_do_nothing(self):
        run = self.fill()
        mapping = self.mapping.with_user(self.from_south)
        line = run.line_ids.with_user(self.from_south)
        doings = {
            "pause": lambda: mapping._intervene("pause", "x"),
            "resend": mapping.action_resend,
            "retry": mapping.action_retry,
            "resume": mapping.action_resume,
            "ask": mapping.action_pause,
            "line resend": line.action_resend,
            "line take": line.action_take,
            "line ignore": lambda: line._ignore("x"),
            "line ask": line.action_ignore,
            "wizard": lambda: (
                self.env["g2p.spar.intervene"]
                .with_user(self.from_south)
                .create(
                    {
                        "mapping_ids": [Command.set(mapping.ids)],
                        "action": "pause",
                        "reason": "x",
                    }
                )
                .action_apply()
            ),
        }
        before = (self.mapping.paused, run.line_ids.state, len(self.mapping.change_ids))
        for name, do in doings.items():
            with (
                self.subTest(name),
                self.assertRaises(AccessError),
                self.env.cr.savepoint(),
            ):
                do()
        self.env.invalidate_all()
        after = (self.mapping.paused, run.line_ids.state, len(self.mapping.change_ids))
        self.assertEqual(after, before)

    def test_an_approver_of_another_company_accepts_no_shared_address(self):
        self.set_policy(shared="approve")
        self.enter_address()
        other = self.new_registrant("Other", "SR-2", company_id=self.north.id)
        self.enter_address(partner_id=other.id)
        sharing = self.env["g2p.fa.sharing"].search([])
        self.assertTrue(sharing)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            sharing.with_user(self.from_south).action_accept("Known to us")
        # Of two companies: one alone does not accept for the other.
        third = self.new_registrant("Third", "SR-3", company_id=self.south.id)
        self.enter_address(partner_id=third.id)
        for user in (self.from_south, self.from_north):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                sharing.with_user(user).action_accept("Known to us")

    # === CONNECTIONS === #

    def serve(self, *companies):
        state = self.connection.state
        self.connection.state = "draft"
        ids = [company.id for company in companies]
        self.connection.company_ids = [Command.set(ids)]
        self.connection.state = state
        self.env.flush_all()
        self.env.invalidate_all()

    def manage(self, user):
        """Return what a manager may do with a connection, by name."""
        connection = self.connection.with_user(user)
        return {
            "pause": connection.action_pause,
            "resume": connection.action_resume,
            "compare": connection.action_reconcile,
            "compare then resume": connection.action_compare_then_resume,
            "write": lambda: connection.write({"batch_size": 7}),
            "companies": lambda: connection.write(
                {"company_ids": [Command.set(user.company_ids.ids)]}
            ),
            "confirm": connection.action_confirm_settings,
            "test": connection.action_test,
            "key": lambda: connection.key_ids.write({"name": "Other"}),
            "no key": lambda: connection.key_ids.unlink(),
            "delete": connection.unlink,
        }

    def test_who_is_not_allowed_in_all_its_companies_changes_nothing(self):
        self.fill()
        for served in ((), (self.north, self.south)):
            self.serve(*served)
            for user in (self.from_north, self.from_south):
                for name, do in self.manage(user).items():
                    with (
                        self.subTest(name, served=len(served), user=user.login),
                        self.assertRaises(AccessError),
                        self.env.cr.savepoint(),
                    ):
                        do()
                run = self.env["g2p.spar.reconciliation"].search([], limit=1)
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    run.with_user(user).action_cancel()
        self.assertEqual(self.connection.state, "running")

    def test_who_is_allowed_in_all_does(self):
        self.serve(self.north, self.south)
        self.connection.with_user(self.everywhere).action_pause()
        self.assertEqual(self.connection.state, "paused")
        self.connection.with_user(self.everywhere).action_resume()
        self.serve(self.south)
        self.connection.with_user(self.from_south).action_pause()
        self.assertEqual(self.connection.state, "paused")

    def test_a_connection_of_others_is_not_seen(self):
        self.serve(self.north)
        Connection = self.env["g2p.spar.connection"]
        self.assertFalse(Connection.with_user(self.from_south).search([]))
        self.assertTrue(Connection.with_user(self.from_north).search([]))
        Key = self.env["g2p.spar.key"]
        self.assertFalse(Key.with_user(self.from_south).search([]))
        self.assertTrue(Key.with_user(self.from_north).search([]))

    def test_a_new_connection_is_of_its_makers_companies(self):
        values = {"name": "New", "base_url": "https://spar.example.org"}
        Connection = self.env["g2p.spar.connection"]
        made = Connection.with_user(self.from_south).create(values)
        self.assertEqual(made.company_ids, self.south)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            Connection.with_user(self.from_south).create(
                {**values, "company_ids": [Command.set(self.north.ids)]}
            )

    def test_others_are_not_sent(self):
        self.serve(self.south)
        other = self.new_registrant("Other", "SR-4", company_id=self.north.id)
        self.enter_address(partner_id=other.id)
        self.connection.job_enlist()
        self.assertFalse(other.spar_mapping_ids)
        shared = self.new_registrant("Shared", "SR-5")
        self.enter_address("0754 200 005", partner_id=shared.id)
        mine = self.new_registrant("Mine", "SR-6", company_id=self.south.id)
        self.enter_address("0754 200 006", partner_id=mine.id)
        mappings = (shared | mine).spar_mapping_ids
        self.run_engine(mappings=mappings)
        self.assertEqual(set(self.mapper.rows), {"SR-5", "SR-6"})

    def test_a_registrant_who_moves_leaves_spar_and_comes_back(self):
        self.serve(self.north)
        self.enter_address()
        self.run_engine()
        self.assertIn("SR-1", self.mapper.rows)
        self.registrant.company_id = self.south
        self.run_engine()
        self.assertNotIn("SR-1", self.mapper.rows)
        self.assertEqual(self.mapping.state, "ended")
        # Nothing is found to be missing.
        before = len(self.mapping.change_ids)
        self.connection.job_enlist()
        self.assertEqual(len(self.mapping.change_ids), before)
        self.registrant.company_id = self.north
        self.run_engine()
        self.assertIn("SR-1", self.mapper.rows)

    def test_a_change_of_companies_waits_for_another_manager(self):
        self.enter_address()
        self.run_engine()
        second = self.new_member("second", self.env["res.company"].search([]))
        connection = self.connection.with_user(self.everywhere)
        connection.company_ids = [Command.set(self.south.ids)]
        self.assertEqual(self.connection.state, "paused")
        with self.assertRaisesRegex(UserError, "another manager"):
            connection.action_resume()
        confirming = self.connection.with_user(second)
        self.assertIn("South", confirming.unconfirmed_text)
        confirming.with_context(
            unconfirmed_mark=confirming.unconfirmed_mark
        ).action_confirm_settings()
        confirming.action_resume()
        self.connection.job_enlist()
        self.run_engine()
        self.assertFalse(self.mapper.rows)

    def test_old_rows_get_the_company_of_the_registrant(self):
        self.fill()
        self.env.cr.execute(
            """UPDATE g2p_spar_change SET company_id = NULL;
               UPDATE g2p_spar_attempt SET company_id = NULL;
               UPDATE g2p_spar_intervention SET company_id = NULL"""
        )
        self.upgrade("g2p_spar_sync_queue", "19.0.1.4.0", "pre", "companies")
        for name in ("change", "attempt", "intervention"):
            rows = self.env[f"g2p.spar.{name}"].search([])
            self.assertEqual(rows.company_id, self.north)


@tagged("post_install", "-at_install")
class TestSparTrail(SparCase, TrailCase):
    def test_the_trails_of_connection_and_key_stay(self):
        manager = new_test_user(self.env, "c_manager", f"{SYNC}.group_manager")
        manager.company_ids = self.env["res.company"].search([])
        for record in (self.connection, self.key):
            self.assertTrailKept(record, manager)


@tagged("post_install", "-at_install")
class TestWhomToCall(SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        group = cls.env.ref(f"{SYNC}.group_manager")
        for user in group.user_ids - cls.env.ref("base.user_root"):
            user.group_ids = [Command.unlink(group.id)]
        cls.ann, cls.bob = (
            new_test_user(cls.env, login, f"{SYNC}.group_manager")
            for login in ("w_ann", "w_bob")
        )
        for user in cls.ann | cls.bob:
            user.company_ids = cls.env["res.company"].search([])
        cls.clerk = new_test_user(cls.env, "w_clerk", f"{FA}.group_editor")

    def called(self):
        """Return who is called when sending stops as a clerk saves an address."""
        self.connection.activity_ids.unlink()
        self.connection.state = "running"
        before = self.connection.message_ids
        self.connection.with_user(self.clerk).sudo()._pause("Trouble", alert=True)
        self.connection.invalidate_recordset(["message_ids", "activity_ids"])
        root = self.env.ref("base.user_root")
        activities = self.connection.activity_ids
        self.assertEqual(activities.create_uid, root)
        said = self.connection.message_ids - before
        self.assertEqual(said.author_id, root.partner_id)
        return activities.user_id

    def start(self, user):
        self.connection.state = "paused"
        self.connection.with_user(user).action_resume()

    def test_the_person_who_pressed_start(self):
        self.start(self.bob)
        self.assertEqual(self.called(), self.bob)

    def test_unless_another_is_named(self):
        self.start(self.bob)
        self.connection.responsible_id = self.ann
        self.assertEqual(self.called(), self.ann)

    def test_all_managers_when_that_person_is_gone(self):
        self.start(self.bob)
        group = self.env.ref(f"{SYNC}.group_manager")
        eve = new_test_user(self.env, "w_eve", f"{SYNC}.group_manager")
        eve.company_ids = self.env["res.company"].search([])
        for leave in (
            lambda: self.bob.write({"group_ids": [Command.unlink(group.id)]}),
            lambda: self.bob.write({"active": False}),
        ):
            leave()
            self.assertEqual(self.called(), self.ann | eve)
        self.connection.responsible_id = self.clerk
        self.assertEqual(self.called(), self.ann | eve)

    def test_an_alarm_of_who_leaves_goes_to_others(self):
        self.start(self.bob)
        self.assertEqual(self.called(), self.bob)
        self.bob.action_archive()
        self.assertEqual(self.connection.activity_ids.user_id, self.ann)
        self.assertEqual(self.connection.activity_ids.create_uid.id, 1)

    def test_who_started_is_kept(self):
        self.start(self.bob)
        with self.assertRefused("Archive"):
            self.bob.unlink()
