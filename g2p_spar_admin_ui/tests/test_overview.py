from ast import literal_eval
from collections import Counter
from datetime import timedelta
from unittest.mock import patch

import pytz
from psycopg2 import errors

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.g2p_spar_sync_queue.engine import outbox
from odoo.addons.g2p_spar_sync_queue.tests.common import SparCase
from odoo.addons.g2p_spar_sync_queue.tests.spar_stand_in import faults

from ..models import g2p_spar_connection, g2p_spar_incidents, g2p_spar_overview
from ..models.g2p_spar_mapping import MOVING_SHOWN, RESTING_SHOWN
from ..models.g2p_spar_overview import _percent
from ..models.g2p_spar_tally import HOURS

FA, SYNC = "g2p_spar_financial_address", "g2p_spar_sync_queue"
DAY = timedelta(days=1)
#: No job runner works on the database of the tests.
NOT_OURS = {"no_runner", "hidden_database", "proxy", "not_reached"}


class MonitorCase(SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator_user = new_test_user(
            cls.env, "m_operator", f"{SYNC}.group_operator"
        )
        cls.manager_user = new_test_user(cls.env, "m_manager", f"{SYNC}.group_manager")

    def make_one_of_each(self):
        """Return registrants, one in each state the engine knows of."""
        names = [*RESTING_SHOWN.values(), "due", "retrying", "checking"]
        partners = self.make_registrants(len(names) + 4)
        mappings = partners.spar_mapping_ids
        mappings.job_sync()
        self.assertInSync(mappings)
        for mapping, state in zip(mappings, names, strict=False):
            mapping.state = state
        # One that is held and has a newer change, one that is paused by hand.
        newer, by_hand = mappings[-2:]
        newer.state = "held"
        # And two that failed: one waits for its next attempt, one is due.
        waits, due = mappings[-4:-2]
        (waits | due).state = "retrying"
        waits.next_attempt_at = fields.Datetime.now() + timedelta(hours=1)
        due.next_attempt_at = fields.Datetime.now() - timedelta(hours=1)
        outbox.capture((newer | waits | due).partner_id, "admin")
        by_hand.write({"state": "due", "paused": True})
        self.env.flush_all()
        self.env.invalidate_all()
        return partners

    def setUp(self):
        super().setUp()
        # No scheduled action and no job runs during tests, as if that were a trouble.
        self.sweeper = self.env.ref(f"{SYNC}.cron_sweep")
        self.sweeper.nextcall = fields.Datetime.now()
        self.patch(self.registry["g2p.spar.job"], "troubles", lambda _self: {})

    def overview(self, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["g2p.spar.overview"].with_user(user or self.operator_user).get()

    def numbers(self, overview=None):
        """Return all numbers by their names; several of one name are added up."""
        overview = overview or self.overview()
        found = Counter()
        for number in overview["flow"] + overview["work"]:
            found[number["name"]] += number["count"]
        return found

    def incidents(self, user=None):
        found = {one["name"]: one for one in self.overview(user)["incidents"]}
        # Of the server the tests run on.
        return {n: one for n, one in found.items() if n not in NOT_OURS}

    def incident(self, user=None):
        """Return the only incident there is."""
        (found,) = self.incidents(user).values()
        return found

    def list_of(self, action, user=None):
        """Return what the list shows that a number leads to."""
        user = user or self.operator_user
        if isinstance(action, str):
            action = self.env.ref(action).sudo().read(["res_model", "domain"])[0]
            action["domain"] = literal_eval(action["domain"] or "[]")
        model = self.env[action["res_model"]].with_user(user)
        return model.search(action["domain"])


@tagged("post_install", "-at_install")
class TestOverview(MonitorCase):
    def test_every_number_leads_to_a_list_of_that_many(self):
        self.make_one_of_each()
        # One that a comparison finds different, one that waits for a second person.
        self.set_policy(approve_admin=True)
        self.enter_address("0754 200 009")
        self.env["g2p.spar.mapping"].search(
            [("display_state", "=", "in_sync")]
        ).ensure_one()
        overview = self.overview()
        numbers = overview["flow"] + overview["work"]
        self.assertGreaterEqual(len(numbers), 8)
        for number in numbers:
            with self.subTest(number["name"]):
                found = self.list_of(number["action"])
                self.assertEqual(len(found), number["count"])
        values = self.numbers(overview)
        self.assertEqual(values["held"], 1)
        self.assertEqual(values["waiting_id"], 1)
        self.assertEqual(values["given_up"], 1)
        self.assertEqual(values["by_hand"], 1)
        self.assertEqual(values["approvals"], 1)
        self.assertEqual(values["to_approve"], 1)
        self.assertEqual(values["to_send"], 7)
        self.assertEqual(len(self.list_of(overview["light"]["share"]["action"])), 1)

    def test_what_is_shown_is_what_is_searched_and_grouped(self):
        mappings = self.make_one_of_each().spar_mapping_ids
        Mapping = self.env["g2p.spar.mapping"]
        for values in (
            {},
            {"breaker_state": "open", "breaker_until": fields.Datetime.now()},
            {"state": "paused", "breaker_state": "closed"},
        ):
            self.connection.write(values)
            self.env.flush_all()
            self.env.invalidate_all()
            mine = [("id", "in", mappings.ids)]
            groups = dict(
                Mapping._read_group(mine, ["display_state"], ["id:recordset"])
            )
            self.assertEqual(sum(map(len, groups.values())), len(mappings))
            for state in MOVING_SHOWN | RESTING_SHOWN.keys():
                shown = mappings.filtered(lambda m, s=state: m.display_state == s)
                with self.subTest(state, **values):
                    self.assertEqual(
                        Mapping.search([*mine, ("display_state", "=", state)]).sorted(),
                        shown.sorted(),
                    )
                    self.assertEqual(
                        groups.get(state, Mapping).sorted(), shown.sorted()
                    )
                    others = [*mine, ("display_state", "!=", state)]
                    self.assertEqual(
                        Mapping.search(others).sorted(), (mappings - shown).sorted()
                    )

    def test_one_cause_is_one_line(self):
        partners = self.make_registrants(3)
        self.run_engine(
            faults.refuse("rjct.fa.invalid"), mappings=partners.spar_mapping_ids
        )
        (line,) = (w for w in self.overview()["work"] if w["name"] == "held")
        self.assertEqual(line["text"], "SPAR does not accept the account")
        self.assertEqual((line["count"], line["button"]), (3, "Correct"))
        self.assertTrue(line["since"])
        self.assertEqual(self.list_of(line["action"]).partner_id, partners)

    def test_what_differs_is_not_confirmed(self):
        """Never 100 % beside a difference, in any list."""
        self.enter_address()
        self.run_engine()
        self.assertEqual(self.overview()["light"]["share"]["percent"], 100)
        self.mapper.rows["SR-1"] = "account_number:1.bank_code:X.fa_type:bank"
        run = self.env["g2p.spar.reconciliation"].search(
            [("id", "=", self.connection.action_reconcile()["res_id"])]
        )
        run.job_run()
        overview = self.overview()
        self.assertEqual(overview["light"]["share"]["percent"], 0)
        self.assertEqual(overview["light"]["level"], "work")
        self.assertFalse(self.list_of(overview["light"]["share"]["action"]))
        (line,) = (w for w in overview["work"] if w["name"] == "drift")
        self.assertEqual(line["count"], 1)
        self.assertEqual(line["text"], "SPAR was changed by somebody else")
        self.assertEqual(self.mapping.cause, "differs")
        self.patch(g2p_spar_overview, "LIMIT", 0)
        self.env["g2p.spar.tally"]._cron_count()
        self.assertEqual(self.overview()["light"]["share"]["percent"], 0)

    def test_what_could_not_be_compared_is_no_difference(self):
        """Each count of differences is the list of registrants who differ."""
        clear, unclear = self.make_registrants(2)
        self.run_engine(mappings=(clear + unclear).spar_mapping_ids)
        self.mapper.rows[clear.spar_id] = "account_number:1.bank_code:X.fa_type:bank"
        run = self.env["g2p.spar.reconciliation"].search(
            [("id", "=", self.connection.action_reconcile()["res_id"])]
        )
        run.job_run()
        run.line_ids.create(
            {
                "reconciliation_id": run.id,
                "mapping_id": unclear.spar_mapping_ids.id,
                "kind": "unclear",
                "spar_id": unclear.spar_id,
            }
        )
        differs = self.env["g2p.spar.mapping"].search(
            [("display_state", "=", "differs")]
        )
        self.assertEqual(differs.partner_id, clear)
        overview = self.overview()
        mine = self.env["g2p.fa.work"].with_user(self.operator_user).mine()
        for work in (overview["work"], mine):
            (drift,) = (entry for entry in work if entry["name"] == "drift")
            self.assertEqual(self.list_of(drift["action"]).mapping_id, differs)
            self.assertEqual(drift["count"], len(differs))
            # Nor is it silent: SPAR has to be asked again.
            (silent,) = (entry for entry in work if entry["name"] == "unclear")
            self.assertEqual(silent["text"], "SPAR gave no clear answer")
            self.assertEqual(self.list_of(silent["action"]).partner_id, unclear)
        figures = self.env["g2p.spar.health"]._figures()
        self.assertEqual(sum(figures["spar_differences"].values()), len(differs))
        self.assertEqual(overview["light"]["share"]["percent"], 50)
        self.patch(g2p_spar_overview, "LIMIT", 0)
        self.env["g2p.spar.tally"]._cron_count()
        share = self.overview()["light"]["share"]
        self.assertEqual(share["percent"], 50)
        self.assertEqual(len(self.list_of(share["action"])), 1)

    def test_the_oldest_is_as_old_as_its_change(self):
        self.enter_address()
        self.run_engine()
        self.assertFalse(self.overview()["light"]["oldest"]["since"])
        outbox.capture(self.registrant, "admin")
        hour_ago = fields.Datetime.now() - timedelta(hours=1, minutes=1)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE g2p_spar_change SET create_date = %s WHERE state = 'queued'",
            [hour_ago],
        )
        self.env.invalidate_all()
        since = self.overview()["light"]["oldest"]["since"]
        self.assertEqual(since, fields.Datetime.to_string(hour_ago))
        self.assertEqual(self.mapping.age, "day")

    def test_who_was_just_entered_counts_as_not_confirmed(self):
        partners = self.make_registrants(1)
        partners.spar_mapping_ids.job_sync()
        self.enter_address()
        share = self.overview()["light"]["share"]
        self.assertEqual((share["percent"], share["registrants"]), (50, 2))

    def test_the_share_says_all_only_of_all(self):
        self.assertEqual(_percent(999_999, 1_000_000), 99.9)
        self.assertEqual(_percent(3, 3), 100.0)
        self.assertIsNone(_percent(0, 0))

    def test_hours_are_counted_once(self):
        self.enter_address()
        self.run_engine(faults.status(429))
        self.time_passes()
        self.run_engine()
        partners = self.make_registrants(2)
        self.run_engine(
            faults.refuse("rjct.fa.invalid"), mappings=partners.spar_mapping_ids
        )
        Tally = self.env["g2p.spar.tally"]
        for _again in range(2):
            Tally._cron_count()
            mine = Tally.search([("connection_id", "=", self.connection.id)])
            self.assertEqual(len(mine), HOURS + 1)
            self.assertEqual(sum(mine.mapped("sent")), 1)
            self.assertEqual(sum(mine.mapped("failed")), 3)
            self.assertEqual(sum(mine.mapped("refused")), 2)
            self.assertEqual((mine[0].registrants, mine[0].in_sync), (3, 1))
        overview = self.overview()
        days = overview["days"]
        self.assertEqual(len(days), 7)
        self.assertEqual(days[-1]["numbers"], [1, 1, 2])
        self.assertEqual(days[0]["numbers"], [0, 0, 0])
        for action, number in zip(overview["lists"], (1, 1, 2), strict=True):
            with self.subTest(action["name"]):
                self.assertEqual(len(self.list_of(action)), number)

    def test_what_was_not_counted_is_not_nothing(self):
        self.enter_address()
        self.run_engine()
        self.env["g2p.spar.tally"].search([]).unlink()
        overview = self.overview()
        *before, today = overview["days"]
        self.assertEqual({day["numbers"] is None for day in before}, {True})
        self.assertEqual(today["numbers"], [1, 0, 0])
        fresh = {fact["name"]: fact for fact in overview["freshness"]}
        self.assertEqual(fresh["counted"]["word"], "not yet")
        self.patch(g2p_spar_overview, "LIMIT", 0)
        self.assertIsNone(self.overview()["light"]["share"]["percent"])

    def test_a_day_begins_at_the_users_midnight(self):
        user = self.operator_user
        for zone in ("Asia/Kolkata", "America/New_York", "UTC"):
            user.tz = zone
            Overview = self.env["g2p.spar.overview"].with_user(user)
            local = pytz.utc.localize(Overview._midnight()).astimezone(
                pytz.timezone(zone)
            )
            with self.subTest(zone):
                self.assertEqual((local.hour, local.minute), (0, 0))
                self.assertLess(fields.Datetime.now() - Overview._midnight(), DAY)

    def test_the_number_of_queries_is_the_same_for_many(self):
        self.make_registrants(1).spar_mapping_ids.job_sync()
        self.overview()
        counts = []
        for number in (0, 30):
            partners = self.env["res.partner"].create(
                [
                    {"name": f"Q {n}", "is_registrant": True, "spar_id": f"Q-{n}"}
                    for n in range(number)
                ]
            )
            for n, partner in enumerate(partners):
                self.enter_address(f"07543001{n:02}", partner_id=partner.id)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.overview()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)
        self.assertLess(counts[0], 75)

    # === ROLES === #

    def test_only_operators_see_it_and_only_managers_act(self):
        self.enter_address()
        self.run_engine()
        self.assertFalse(self.overview()["manager"])
        self.assertTrue(self.overview(self.manager_user)["manager"])
        for group in ("viewer", "editor", "approver"):
            user = new_test_user(self.env, f"m_{group}", f"{FA}.group_{group}")
            with self.subTest(group), self.assertRaises(AccessError):
                self.overview(user)

    def test_no_payment_data_is_in_it(self):
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        text = str(self.overview())
        for secret in ("754200001", "key.pem", "SR-1"):
            self.assertNotIn(secret, text)

    # === LIVE === #

    def test_a_batch_is_one_message_at_most(self):
        told = []
        bus = type(self.env["bus.bus"])
        self.patch(
            bus,
            "_sendone",
            lambda _self, _target, kind, message: told.append((kind, message)),
        )
        self.patch(g2p_spar_connection, "QUIET", 0.0)
        partners = self.make_registrants(40)
        self.run_engine(mappings=partners.spar_mapping_ids)
        moved = [message for kind, message in told if "moved_on" in kind]
        # Of one request, and of the worker's end.
        self.assertEqual(len(moved), 2)
        self.assertEqual(moved, [{}, {}])


@tagged("post_install", "-at_install")
class TestIncidents(MonitorCase):
    """What stops sending is on the screen, with its cause and its one button."""

    def setUp(self):
        super().setUp()
        self.enter_address()
        self.run_engine()
        self.assertEqual(self.overview()["light"]["level"], "ok")

    def amend(self, *faults):
        self.enter_address("0754 200 009")
        self.run_engine(*faults)

    def assertIncident(self, name, level, words, button, user=None):
        """The light, the incident and the connection's card say the same trouble."""
        overview = self.overview(user or self.manager_user)
        found = {one["name"]: one for one in overview["incidents"]}
        self.assertEqual(list(found), [name])
        incident = found[name]
        self.assertEqual(overview["light"]["level"], level)
        self.assertEqual(incident["level"], level)
        self.assertIn(words, incident["text"])
        self.assertEqual(incident["button"], button)
        return incident, overview["connections"][0]["state"]

    def test_the_first_failed_request(self):
        self.amend(faults.status(503))
        name = f"failing-{self.connection.id}"
        incident, card = self.assertIncident(name, "warn", "did not answer", "Test")
        self.assertEqual(card, "failing")
        self.assertTrue(incident["since"])
        self.assertEqual(incident["count"], 1)
        self.assertEqual(self.list_of(incident["waiting"]), self.mapping)
        # Operators look; they do not test.
        incident, _card = self.assertIncident(
            name, "warn", "", "Look at the connection", self.operator_user
        )
        self.assertEqual(incident["action"]["res_model"], "g2p.spar.connection")
        self.time_passes()
        self.run_engine()
        self.assertEqual(self.overview()["light"]["level"], "ok")

    def test_spar_is_down(self):
        self.set_up(breaker_threshold=1)
        self.amend(faults.status(503))
        name = f"away-{self.connection.id}"
        incident, card = self.assertIncident(name, "stop", "cannot be reached", "Test")
        self.assertEqual((card, incident["count"]), ("away", 1))
        self.assertTrue(incident["since"])

    def test_where_another_connection_sends_something_is_sent(self):
        other = self.connection.copy({"base_url": "http://127.0.0.1:2"})
        other.state = "running"
        self.connection._pause("Enough for today")
        light = self.overview()["light"]
        self.assertEqual(light["level"], "stop")
        self.assertNotEqual(light["word"], "Nothing is sent")
        other._pause("Enough for today")
        self.assertEqual(self.overview()["light"]["word"], "Nothing is sent")

    def test_where_a_scheduled_action_runs_the_jobs_something_is_sent(self):
        jobs = self.registry["g2p.spar.job"]
        self.patch(jobs, "troubles", lambda _self: {"proxy": "A proxy is set."})
        self.patch(jobs, "is_kept", lambda _self: True)
        overview = self.overview()
        self.assertIn("runs the jobs instead", overview["incidents"][0]["text"])
        self.assertEqual(overview["light"]["level"], "warn")

    def test_a_test_that_failed_changes_the_card(self):
        self.mapper.faults = [faults.status(503)]
        self.connection.with_user(self.manager_user).action_test()
        name = f"failing-{self.connection.id}"
        _incident, card = self.assertIncident(name, "warn", "test failed", "Test")
        self.assertEqual(card, "failing")
        self.connection.with_user(self.manager_user).action_test()
        self.assertFalse(self.incidents())
        # What SPAR has confirmed since counts more than a test.
        self.mapper.faults = [faults.status(503)]
        self.connection.action_test()
        self.connection.tested_at -= timedelta(hours=1)
        self.amend()
        self.assertFalse(self.incidents())

    def test_a_refused_signature(self):
        self.amend(faults.signature_refused)
        name = f"paused-{self.connection.id}"
        incident, card = self.assertIncident(
            name, "stop", "SPAR refused the signature", "Look at the key"
        )
        self.assertEqual((card, incident["count"]), ("paused", 1))
        self.assertEqual(incident["action"]["res_model"], "g2p.spar.key")
        self.assertEqual(incident["action"]["res_id"], self.key.id)
        self.assertTrue(incident["since"])
        self.connection.with_user(self.manager_user).action_resume()
        self.assertFalse(self.connection.pause_cause)

    def test_a_spar_that_checks_no_signatures(self):
        # The stand-in in this process believes everyone.
        self.connection.action_detect()
        incident, card = self.assertIncident(
            f"unverified-{self.connection.id}",
            "warn",
            "does not check signatures",
            "Look at the connection",
        )
        self.assertEqual(card, "running")
        self.assertEqual(incident["action"]["res_id"], self.connection.id)
        self.connection.is_unverified = False
        self.assertFalse(self.incidents())

    def test_spar_fails_on_every_change(self):
        self.connection.changes_problem = "rjct.internal.error"
        self.amend(faults.reject("rjct.internal.error"))
        name = f"refusing-{self.connection.id}"
        incident, card = self.assertIncident(
            name, "stop", "fails on every change (rjct.internal.error)", "Test"
        )
        self.assertEqual((card, incident["count"]), ("refusing", 1))
        self.time_passes()
        self.run_engine()
        self.assertEqual(self.overview()["light"]["level"], "ok")

    def test_a_new_key_that_spar_does_not_accept_yet(self):
        self.key.use_from = fields.Datetime.now()
        self.amend(faults.signature_refused)
        name = f"new_key-{self.connection.id}"
        incident, card = self.assertIncident(
            name, "warn", "does not accept the new key yet", "Look at the key"
        )
        self.assertEqual((card, incident["count"]), ("new_key", 1))
        self.connection.key_retry_at = fields.Datetime.now() - timedelta(seconds=1)
        self.run_engine()
        self.assertEqual(self.overview()["light"]["level"], "ok")

    def test_each_pause_has_its_own_way_out(self):
        name = f"paused-{self.connection.id}"
        self.connection.with_user(self.manager_user).action_pause()
        incident, _card = self.assertIncident(name, "stop", "Paused by", "Resume")
        self.assertEqual(incident["call"][1], "action_resume")
        self.assertIncident(
            name, "stop", "Paused by", "Look at the connection", self.operator_user
        )
        self.connection.is_other_database = True
        self.assertIncident(name, "stop", "Paused by", "Decide")
        self.connection.is_other_database = False
        self.connection.with_user(self.manager_user).base_url = "http://127.0.0.1:2"
        self.assertIncident(name, "stop", "", "Compare the settings")

    def test_no_runner(self):
        troubles = {"no_runner": "Start one."}
        jobs = self.registry["g2p.spar.job"]
        self.patch(jobs, "troubles", lambda _self: troubles)
        self.patch(jobs, "is_kept", lambda _self: False)
        self.assertIncident("no_runner", "stop", "Start one.", "Look again")
        fresh = {fact["name"]: fact for fact in self.overview()["freshness"]}
        self.assertTrue(fresh["wake_ups"]["late"])

    def test_scheduled_actions_do_not_run(self):
        self.sweeper.nextcall -= timedelta(minutes=10)
        # A server that has just started is given some minutes.
        self.patch(g2p_spar_incidents, "STARTED", fields.Datetime.now())
        names = {one["name"] for one in self.overview()["incidents"]}
        self.assertNotIn("late_sweeper", names)
        begun = fields.Datetime.now() - timedelta(minutes=5)
        self.patch(g2p_spar_incidents, "STARTED", begun)
        self.assertIncident("late_sweeper", "stop", "do not run", "Look again")
        self.sweeper.active = False
        self.assertIncident("no_sweeper", "warn", "switched off", "Look again")

    def test_the_database_stores_nothing(self):
        """As PostgreSQL answers whatever is written: see also the system tests."""
        job = self.env["g2p.spar.job"].search([])
        for error, words in (
            (errors.DiskFull, "no space left"),
            (errors.ReadOnlySqlTransaction, "only reads"),
        ):
            execute = type(self.env.cr).execute

            def refuse(cr, query, *args, error=error, execute=execute, **options):
                if "INSERT INTO g2p_spar_job" in str(query):
                    raise error
                return execute(cr, query, *args, **options)

            with (
                self.subTest(words),
                patch.object(type(self.env.cr), "execute", refuse),
            ):
                self.assertIncident("not_stored", "stop", words, "Look again")
        self.assertFalse(self.incidents())
        self.assertEqual(self.env["g2p.spar.job"].search([]), job, "nothing is kept")

    def test_a_key_that_ends(self):
        self.key._store_facts(
            not_after=fields.Datetime.now() + timedelta(days=20, hours=1)
        )
        (entry,) = (w for w in self.overview()["work"] if w["name"] == "keys")
        self.assertIn("20 days", entry["text"])
        self.assertEqual(self.list_of(entry["action"]), self.key)


@tagged("post_install", "-at_install")
class TestGuide(MonitorCase):
    def steps(self):
        return {step["name"]: step["done"] for step in self.overview()["guide"]}

    def test_it_makes_room_once_an_address_is_at_spar(self):
        self.env["g2p.spar.change"].search([]).confirmed_at = False
        self.enter_address()
        steps = self.steps()
        del steps["roles"], steps["policy"]
        self.assertEqual(
            steps,
            {
                "providers": True,
                "connect": True,
                "key": True,
                "ids": True,
                "test": True,
                "start": True,
                "registrant": False,
            },
        )
        self.run_engine()
        self.assertEqual(self.overview()["guide"], [])

    def test_each_step_tells_its_state(self):
        self.env["g2p.spar.change"].search([]).confirmed_at = False
        self.connection.state = "draft"
        elsewhere = self.key_path.rename(self.key_path.with_suffix(".away"))
        self.addCleanup(elsewhere.rename, self.key_path)
        self.env["res.partner"].search([("spar_id", "!=", False)]).spar_id = False
        self.approved(self.env["g2p.dfsp"].search([])).active = False
        self.clear_approvers()
        steps = self.steps()
        self.assertTrue(steps.pop("connect"))
        self.assertFalse(any(steps.values()), steps)
        texts = str(self.overview()["guide"])
        self.assertNotIn(self.key_path.name, texts)

    def clear_approvers(self):
        self.env.ref(f"{FA}.group_approver").user_ids = False

    def step(self, name, user=None):
        guide = self.overview(user)["guide"]
        return next(step for step in guide if step["name"] == name)

    def primary(self, user=None):
        guide = self.overview(user or self.keeper)["guide"]
        return [step["name"] for step in guide if step["primary"]]

    def begin(self):
        """Nothing is at SPAR yet, and the connection was never started."""
        self.env["g2p.spar.change"].search([]).confirmed_at = False
        self.connection.state = "draft"
        self.keeper = new_test_user(
            self.env,
            "m_keeper",
            f"{SYNC}.group_manager,{FA}.group_administrator,base.group_erp_manager",
        )

    def test_start_is_the_main_button_only_when_the_test_has_passed(self):
        self.begin()
        self.assertEqual(len(self.primary()), 1)
        self.assertNotIn("start", self.primary())
        self.mapper.faults = [faults.signature_refused]
        self.connection.action_test()
        self.assertNotIn("start", self.primary())
        self.assertIn("refused the signature", self.step("test")["text"])
        self.connection.action_test()
        self.assertTrue(self.step("test")["done"])
        self.assertEqual(self.primary(), ["start"])
        # The test says nothing of another address or another key.
        self.connection.sender_id = "another"
        self.assertNotIn("start", self.primary())
        self.connection.action_test()
        self.assertEqual(self.primary(), ["start"])
        elsewhere = self.key_path.rename(self.key_path.with_suffix(".away"))
        self.addCleanup(elsewhere.rename, self.key_path)
        self.assertNotIn("start", self.primary())

    def test_two_people_and_a_policy_are_asked_for(self):
        self.begin()
        self.clear_approvers()
        self.assertIn("no approver yet", self.step("roles")["text"])
        new_test_user(self.env, "m_approver", f"{FA}.group_approver")
        self.assertTrue(self.step("roles")["done"])
        self.assertFalse(self.step("policy")["done"])
        self.set_policy(approve_admin=True)
        policy = self.step("policy")
        self.assertTrue(policy["done"])
        self.assertIn("Mobile wallet", policy["text"])

    def test_without_the_right_a_step_has_no_button(self):
        self.begin()
        buttons = {
            step["name"]: bool(step["button"])
            for step in self.overview(self.operator_user)["guide"]
        }
        self.assertFalse(any(buttons.values()), buttons)
        self.assertFalse(self.primary(self.operator_user))
        self.assertIn("A SPAR manager does this", self.step("test")["text"])
        self.assertTrue(self.step("test", self.keeper)["button"])
        self.assertTrue(self.step("roles", self.keeper)["button"])
