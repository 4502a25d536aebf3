from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.g2p_spar_sync_queue.engine import outbox
from odoo.addons.g2p_spar_sync_queue.tests.common import SparCase
from odoo.addons.g2p_spar_sync_queue.tests.spar_stand_in import faults

from ..models import g2p_spar_connection
from ..models.g2p_spar_mapping import MOVING_SHOWN, RESTING_SHOWN
from ..models.g2p_spar_overview import _percent

FA, SYNC = "g2p_spar_financial_address", "g2p_spar_sync_queue"


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

    def overview(self, user=None):
        return self.env["g2p.spar.overview"].with_user(user or self.operator_user).get()

    def numbers(self, overview=None):
        overview = overview or self.overview()
        return {number["name"]: number["value"] for number in overview["numbers"]}

    def list_of(self, action, user=None):
        """Return what the list shows that a number leads to."""
        model = self.env[action["res_model"]].with_user(user or self.operator_user)
        return model.search(action["domain"])


@tagged("post_install", "-at_install")
class TestOverview(MonitorCase):
    def test_every_number_leads_to_a_list_of_that_many(self):
        self.make_one_of_each()
        overview = self.overview()
        numbers = overview["numbers"] + [
            {"name": c["label"], "value": c["count"], "action": c["action"]}
            for c in overview["causes"]
        ]
        self.assertGreaterEqual(len(numbers), 7)
        for number in numbers:
            with self.subTest(number["name"]):
                found = self.list_of(number["action"])
                self.assertEqual(len(found), number["value"])
        values = self.numbers(overview)
        self.assertEqual(values["held"], 1)
        self.assertEqual(values["waiting_id"], 1)
        self.assertEqual(values["differs"], 1)
        self.assertEqual(values["paused"], 1)
        self.assertEqual(values["on_its_way"], 6)
        self.assertEqual(len(self.list_of(overview["share"]["action"])), 1)

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
        (line,) = self.overview()["causes"]
        self.assertEqual(line["label"], "SPAR does not accept the account")
        self.assertEqual(line["count"], 3)
        self.assertEqual(self.list_of(line["action"]).partner_id, partners)

    def test_a_difference_is_a_line_and_a_number(self):
        self.enter_address()
        self.run_engine()
        self.mapper.rows["SR-1"] = "account_number:1.bank_code:X.fa_type:bank"
        run = self.env["g2p.spar.reconciliation"].search(
            [("id", "=", self.connection.action_reconcile()["res_id"])]
        )
        run.job_run()
        self.assertEqual(self.numbers()["drift"], 1)
        self.assertIn(
            "SPAR was changed by somebody else",
            [line["label"] for line in self.overview()["causes"]],
        )

    def test_the_oldest_is_as_old_as_its_change(self):
        self.enter_address()
        self.run_engine()
        self.assertFalse(self.overview()["oldest"]["since"])
        outbox.capture(self.registrant, "admin")
        hour_ago = fields.Datetime.now() - timedelta(hours=1, minutes=1)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE g2p_spar_change SET create_date = %s WHERE state = 'queued'",
            [hour_ago],
        )
        self.env.invalidate_all()
        self.assertGreaterEqual(self.overview()["oldest"]["seconds"], 3600)
        self.assertEqual(self.mapping.age, "day")

    def test_the_share_says_all_only_of_all(self):
        self.assertEqual(_percent(999_999, 1_000_000), 99.9)
        self.assertEqual(_percent(3, 3), 100.0)
        self.assertIsNone(_percent(0, 0))

    def test_hours_are_counted_once(self):
        self.enter_address()
        self.run_engine(faults.status(429))
        self.time_passes()
        self.run_engine()
        Tally = self.env["g2p.spar.tally"]
        for _again in range(2):
            Tally._cron_count()
            mine = Tally.search([("connection_id", "=", self.connection.id)])
            self.assertEqual(len(mine), 25)
            self.assertEqual(sum(mine.mapped("sent")), 1)
            self.assertEqual(sum(mine.mapped("failed")), 1)
            self.assertEqual((mine[0].registrants, mine[0].in_sync), (1, 1))
        hours = self.overview()["hours"]
        self.assertEqual(len(hours), 24)
        self.assertEqual((hours[-1]["sent"], hours[-1]["failed"]), (1, 1))
        lists = self.overview()["lists"]
        self.assertTrue(lists)
        for name, action in lists.items():
            with self.subTest(name):
                found = self.list_of(action).mapping_id
                self.assertEqual(found, self.mapping)

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
        self.assertLess(counts[0], 60)

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
class TestGuide(MonitorCase):
    def steps(self):
        return {step["name"]: step["done"] for step in self.overview()["guide"]}

    def test_it_makes_room_once_an_address_is_at_spar(self):
        self.env["g2p.spar.change"].search([]).confirmed_at = False
        self.enter_address()
        self.assertEqual(
            self.steps(),
            {
                "connect": True,
                "key": True,
                "ids": True,
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
        steps = self.steps()
        self.assertTrue(steps.pop("connect"))
        self.assertFalse(any(steps.values()), steps)
        texts = str(self.overview()["guide"])
        self.assertNotIn(self.key_path.name, texts)
