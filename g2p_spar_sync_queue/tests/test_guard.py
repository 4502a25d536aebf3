import json

from odoo.exceptions import AccessError, UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import new_test_user, tagged

from ..engine import restore_guard
from .common import SparCase
from .spar_stand_in import faults

GUARD_LOG = "odoo.addons.g2p_spar_sync_queue.engine.restore_guard"


@tagged("post_install", "-at_install")
class TestGuard(SparCase):
    def restored(self):
        """Run the engine on what looks like another database; nothing may be sent."""
        self.mapper.forget()
        self.env.flush_all()
        self.enter_address("0754 200 009")
        self.run_engine()
        self.env["g2p.spar.mapping"]._cron_sweep()
        self.connection.job_work_off()
        self.assertFalse(self.mapper.log)
        self.assertEqual(self.connection.state, "paused")

    def assertAsks(self):
        self.assertTrue(self.connection.is_other_database)
        self.assertIn("restored or copied", self.connection.pause_reason)
        self.assertEqual(len(self.connection.activity_ids), 1)
        self.connection.action_resume()
        self.assertFalse(self.connection.is_other_database)
        self.run_engine()
        self.assertInSync()

    def test_a_database_that_goes_on_is_not_asked_about(self):
        self.enter_address()
        self.run_engine()
        run = self.connection.guard_run
        self.assertGreater(run, 0)
        self.assertEqual(
            json.loads(restore_guard.witness(self.connection).read_text())["run"], run
        )
        self.run_engine()
        self.assertEqual(self.connection.guard_run, run, "counted too often")
        self.connection.guard_at = "2020-01-01 00:00:00"
        self.run_engine()
        self.assertEqual(self.connection.guard_run, run + 1)
        self.assertInSync()

    def test_a_restored_dump_or_a_copy_is_asked_about(self):
        """It is another database for PostgreSQL."""
        self.enter_address()
        self.run_engine()
        uuid, oid, *rest = self.connection.guard_identity.split("/")
        self.assertEqual(len(rest), 2, "neither server nor timeline is known")
        for number, other in enumerate(
            [
                [uuid, str(int(oid) + 1), *rest],
                ["another-uuid", oid, *rest],
                [uuid, oid, rest[0], str(int(rest[1]) + 1)],
            ]
        ):
            with self.subTest(number):
                self.connection.guard_identity = "/".join(other)
                self.restored()
                self.assertAsks()

    def test_an_upgrade_keeps_the_identity(self):
        """Before 1.4 the timeline was that of the last checkpoint."""
        self.env.cr.execute(
            """SELECT concat_ws('/', oid, (pg_control_system()).system_identifier,
                                (pg_control_checkpoint()).timeline_id)
                 FROM pg_database WHERE datname = current_database()"""
        )
        (former,) = self.env.cr.fetchone()
        uuid = self.env["ir.config_parameter"].get_param("database.uuid")
        self.assertEqual(restore_guard.database_identity(self.env), f"{uuid}/{former}")

    def test_an_older_state_put_back_in_place_is_asked_about(self):
        """PostgreSQL cannot know it, but the witness does."""
        self.enter_address()
        self.run_engine()
        restore_guard.write_witness(self.connection, self.connection.guard_run + 1)
        self.restored()
        self.assertAsks()

    def test_a_new_database_with_the_name_of_a_dropped_one_is_not_asked_about(self):
        restore_guard.write_witness(self.connection, 41)
        self.env["ir.config_parameter"].set_param("database.uuid", "a-new-one")
        self.enter_address()
        self.run_engine()
        self.assertInSync()

    def test_a_lost_or_broken_witness_stops_nothing(self):
        self.enter_address()
        self.run_engine()
        for text in ("", "[]", "{}"):
            with self.subTest(text), self.assertLogs(GUARD_LOG, "WARNING"):
                restore_guard.witness(self.connection).write_text(text)
                self.enter_address()
                self.run_engine()
                self.assertInSync()
        restore_guard.witness(self.connection).unlink()
        self.enter_address()
        self.run_engine()
        self.assertInSync()

    # === A DATABASE THAT WAS PAUSED WHEN IT WAS SAVED === #

    def other_databases(self):
        """Make this, one after the other, what three restored databases look like."""
        identity = self.connection.guard_identity
        yield self.connection.write({"guard_identity": f"{identity}0"})
        self.connection.guard_identity = identity
        yield restore_guard.write_witness(
            self.connection, self.connection.guard_run + 7
        )

    def test_resuming_a_restored_database_that_was_paused_is_asked_about(self):
        """It was saved while sending was paused, so no worker has looked at it."""
        self.enter_address()
        self.run_engine()
        for _other in self.other_databases():
            self.connection.action_pause()
            self.connection.action_resume()
            self.assertEqual(self.connection.state, "paused")
            self.restored()
            self.assertAsks()

    def test_starting_on_a_restored_database_is_asked_about(self):
        """The backup is older than the first start."""
        self.enter_address()
        self.connection.write({"state": "draft", "guard_identity": False})
        restore_guard.write_witness(self.connection, 7)
        self.connection.action_start()
        self.restored()
        self.assertAsks()

    def test_a_comparison_that_was_saved_resumes_no_restored_database(self):
        """It was compared before, in part, and more has been sent since."""
        manager = new_test_user(
            self.env, "g_keeper", "g2p_spar_sync_queue.group_manager"
        )
        self.connection.responsible_id = manager
        self.promoted()
        # Of the two pauses the first is for another database, the second is not.
        for number in range(2):
            for _other in self.other_databases():
                with self.subTest(number):
                    run = self.compare_then_resume(manager)
                    run.job_run()
                    self.assertEqual((run.state, run.line_ids.ids), ("done", []))
                    self.restored()
            self.assertAsks()
            self.connection.action_pause()

    # === COMPARE, THEN RESUME === #

    def promoted(self):
        """Have everybody in sync, then another database; return all mappings."""
        mappings = self.make_registrants(3).spar_mapping_ids | self.mapping
        self.enter_address()
        mappings |= self.mapping
        self.run_engine(mappings=mappings)
        self.connection.guard_identity += "0"
        self.restored()
        return mappings

    def compare_then_resume(self, user=None):
        user = user or new_test_user(
            self.env, "g_manager", "g2p_spar_sync_queue.group_manager"
        )
        action = self.connection.with_user(user).action_compare_then_resume()
        run = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(run.resume_for_id, user)
        return run.sudo()

    def sent(self):
        return [
            operation for operation in self.mapper.operations if operation != "resolve"
        ]

    def test_when_nothing_differs_comparing_resumes(self):
        # One change waits: SPAR holds what was last seen there.
        self.promoted()
        run = self.compare_then_resume()
        run.job_run()
        self.assertEqual((run.checked, run.line_ids.ids), (4, []))
        self.assertEqual(self.connection.state, "running")
        self.assertFalse(self.connection.is_other_database)
        self.assertFalse(self.connection.activity_ids)
        self.run_engine()
        self.assertInSync()

    def test_comparing_says_how_many_differ_and_sends_nothing(self):
        """Also of those with an older address on its way, which would go over it."""
        mappings = self.promoted()
        waiting, resting = self.mapping, (mappings - self.mapping)[0]
        self.assertIn(waiting, mappings._with_newer_change())
        self.drift(waiting, resting)
        run = self.compare_then_resume()
        run.job_run()
        self.assertEqual(run.line_ids.mapping_id, waiting | resting)
        self.assertEqual(self.connection.state, "paused")
        self.assertIn("2 of 4 registrants differ", self.connection.pause_reason)
        self.connection.job_work_off()
        self.assertFalse(self.sent())

    def drift(self, *mappings):
        """Have SPAR hold what this database does not know of."""
        rows = self.mapper.rows
        for mapping in mappings:
            spar_id = mapping.partner_id.spar_id
            rows[spar_id] = rows[spar_id].replace("+2557542", "+2557549")

    def test_who_is_unknown_at_spar_or_gave_no_clear_answer_differs(self):
        self.promoted()
        del self.mapper.rows[self.mapping.partner_id.spar_id]
        run = self.compare_then_resume()
        run.job_run()
        self.assertEqual(run.line_ids.mapping_id, self.mapping)
        self.assertEqual(self.connection.state, "paused")

    def test_a_newcomer_spar_does_not_know_yet_does_not_differ(self):
        self.promoted()
        newcomer = self.new_registrant("Neema Shayo", "SR-9")
        self.enter_address("0754 200 077", partner_id=newcomer.id)
        self.compare_then_resume().job_run()
        self.assertEqual(self.connection.state, "running")

    def test_a_comparison_of_before_does_not_count(self):
        self.enter_address()
        self.run_engine()
        before = self.env["g2p.spar.reconciliation"]._start(self.connection)
        self.connection.guard_identity += "0"
        self.restored()
        run = self.compare_then_resume()
        self.assertEqual(before.state, "cancelled")
        self.assertNotEqual(run, before)

    def test_who_is_no_manager_any_more_resumes_nothing(self):
        self.promoted()
        run = self.compare_then_resume()
        run.resume_for_id.group_ids = self.env.ref("base.group_user")
        run.job_run()
        self.assertEqual(run.state, "done")
        self.assertEqual(self.connection.state, "paused")
        operator = new_test_user(
            self.env, "g_operator", "g2p_spar_sync_queue.group_operator"
        )
        with self.assertRaises(AccessError):
            self.connection.with_user(operator).action_compare_then_resume()

    def test_who_is_archived_resumes_nothing(self):
        self.promoted()
        run = self.compare_then_resume()
        run.resume_for_id.active = False
        run.job_run()
        self.assertEqual(self.connection.state, "paused")
        self.assertIn("may not resume", self.connection.pause_reason)

    def test_the_system_user_resumes_what_it_asked_for(self):
        """It is always archived, and is who works on the server."""
        self.promoted()
        run = self.compare_then_resume(self.env.ref("base.user_root"))
        run.job_run()
        self.assertEqual(self.connection.state, "running")

    def test_a_pause_of_later_is_not_ended(self):
        """It was not what the manager had in mind who asked for the comparison."""
        self.promoted()
        run = self.compare_then_resume()
        self.connection.action_resume()
        self.connection.action_pause()
        run.job_run()
        self.assertEqual(run.state, "done")
        self.assertEqual(self.connection.state, "paused")

    def test_what_runs_is_not_resumed_after_a_pause(self):
        self.enter_address()
        self.run_engine()
        manager = new_test_user(
            self.env, "g_manager", "g2p_spar_sync_queue.group_manager"
        )
        action = self.connection.with_user(manager).action_compare_then_resume()
        self.connection.action_pause()
        self.env[action["res_model"]].browse(action["res_id"]).sudo().job_run()
        self.assertEqual(self.connection.state, "paused")

    def test_a_comparison_that_was_stopped_resumes_nothing(self):
        self.promoted()
        run = self.compare_then_resume()
        run.action_cancel()
        self.assertFalse(run.resume_for_id)

    def test_changed_settings_end_a_comparison(self):
        """Some were compared with another SPAR, perhaps."""
        self.promoted()
        run = self.compare_then_resume()
        self.connection.sender_id = "elsewhere"
        self.connection._confirm_settings()
        run.job_run()
        self.assertEqual(run.state, "cancelled")
        self.assertEqual(self.connection.state, "paused")

    def test_a_neutralised_copy_sends_nothing(self):
        self.enter_address()
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("database.is_neutralized", "true")
        self.restored()
        for action in ("action_resume", "action_start", "action_test"):
            with self.subTest(action), self.assertRaisesRegex(UserError, "neutralised"):
                getattr(self.connection, action)()

    def test_neutralising_takes_address_and_key_away(self):
        (query,) = get_neutralization_queries(["g2p_spar_sync_queue"])
        self.connection.directory_url = "https://portal.example"
        self.env.flush_all()
        self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertEqual(self.connection.state, "paused")
        self.assertNotIn(str(self.key_path), str(self.connection.read()))
        self.assertNotIn(self.mapper.url, self.connection.base_url)
        self.assertFalse(self.connection.directory_url)

    def test_an_upgrade_keeps_what_is_on_its_way(self):
        """Before 1.1 a change that was taken up stayed in state queued."""
        self.enter_address()
        self.run_engine(faults.status(429))
        taken = self.mapping.change_ids
        self.enter_address("0754 200 002")
        queued = self.mapping.change_ids - taken
        taken.state = "queued"
        self.upgrade("g2p_spar_sync_queue", "19.0.1.1.0")
        self.assertEqual((taken.state, queued.state), ("taken", "queued"))
