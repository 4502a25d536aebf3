"""Capture while other transactions are open; all of them really commit."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from psycopg2.errors import SerializationFailure

from odoo.service.model import retrying
from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests.beside_others import (
    BesideOthersCase,
    transaction,
)
from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import (
    APPROVED,
    marked,
)

from ..engine import outbox, store, wake_up
from ..engine.claim import START
from ..jobs import as_moment
from ..transactions import RETRYABLE_ERRORS
from .waiting_jobs import trapped_jobs


@tagged("post_install", "-at_install")
class TestCaptureBesideOthers(BesideOthersCase):
    def setUp(self):
        super().setUp()
        env = self.open()
        self.connection = env["g2p.spar.connection"].create(
            {"base_url": "http://127.0.0.1:1"}
        )
        self.connection.state = "paused"
        self.partner = env["res.partner"].create(
            {"name": "Met Twice", "is_registrant": True}
        )
        env.cr.commit()
        self.addCleanup(self.clean)

    def clean(self):
        env = self.open()
        of_ours = "(SELECT id FROM g2p_spar_mapping WHERE partner_id = %s)"
        for query in (
            f"DELETE FROM g2p_spar_change WHERE mapping_id IN {of_ours}",
            "DELETE FROM g2p_spar_mapping WHERE partner_id = %s",
        ):
            env.cr.execute(query, [self.partner.id])
        self.partner.with_env(env).unlink()
        self.connection.with_env(env).unlink()
        env.cr.commit()

    def capture(self, env):
        with trapped_jobs():
            outbox.capture(
                self.partner.with_env(env), "admin", self.connection.with_env(env)
            )

    def test_a_save_does_not_stumble_over_a_mapping_the_engine_has_written(self):
        first = self.open()
        self.capture(first)
        first.cr.commit()
        user = self.open()
        mapping = user["g2p.spar.mapping"].search(
            [("partner_id", "=", self.partner.id)]
        )
        self.assertFalse(mapping.change_ids)
        engine = self.open()
        engine.cr.execute(
            "UPDATE g2p_spar_mapping SET attempts = 1 WHERE id = %s", [mapping.id]
        )
        engine.cr.commit()
        self.capture(user)
        user.cr.commit()
        self.assertEqual(len(mapping.with_env(self.open()).change_ids), 1)

    def test_of_two_who_create_the_first_mapping_the_second_is_run_again(self):
        early, late = self.open(), self.open()
        for env in (early, late):
            # The snapshots are taken here.
            self.assertFalse(self.partner.with_env(env).spar_mapping_ids)
        self.capture(late)
        late.cr.commit()
        with self.assertRaises(SerializationFailure):
            self.capture(early)

    def test_a_claim_does_not_wait_for_ever_for_a_row_it_should_skip(self):
        """PostgreSQL does not skip a lock on the newer version of a row.

        A worker has two transactions: one would wait for the other one.
        """
        first = self.open()
        # The first one makes the mapping only.
        for _time in range(2):
            self.capture(first)
            first.cr.commit()
        mapping = first["g2p.spar.mapping"].search(
            [("partner_id", "=", self.partner.id)]
        )
        ids = mapping.ids
        first.cr.execute(
            "UPDATE g2p_spar_mapping SET state = 'due' WHERE id = ANY(%s)", [ids]
        )
        first.cr.commit()
        early, clerk, worker = (self.open() for _number in range(3))
        # The snapshot is taken here.
        early.cr.execute("SELECT FROM g2p_spar_mapping LIMIT 1")
        # As the reference of a new change does.
        clerk.cr.execute(
            "SELECT FROM g2p_spar_mapping WHERE id = ANY(%s) FOR KEY SHARE", [ids]
        )
        worker.cr.execute(
            "UPDATE g2p_spar_mapping SET attempts = 1 WHERE id = ANY(%s)", [ids]
        )
        worker.cr.commit()
        worker.cr.execute(
            "UPDATE g2p_spar_mapping SET attempts = 2 WHERE id = ANY(%s)", [ids]
        )
        for name, *arguments in (
            ("lock_queued", self.connection.id, 9, START, 0),
            ("lock_moving", self.connection.id, 9, 0),
            ("lock_due", ids, 9),
            ("lock_again", ids),
        ):
            early.cr.execute("SAVEPOINT before; SET LOCAL statement_timeout = '8s'")
            with self.subTest(name), self.assertRaises(RETRYABLE_ERRORS):
                getattr(store, name)(early, *arguments)
            early.cr.execute("ROLLBACK TO SAVEPOINT before")

    def test_no_answer_waits_for_those_who_capture(self):
        """They hold a key lock on the connection until they commit."""
        first, clerk, worker = (self.open() for _number in range(3))
        clerk.cr.execute(
            "SELECT FROM g2p_spar_connection WHERE id = %s FOR KEY SHARE",
            [self.connection.id],
        )
        worker.cr.execute("SET LOCAL lock_timeout = '2s'")
        store.count_failure(worker, self.connection.id, True)
        self.assertTrue(store.reset_failures(worker, self.connection.id, False))
        self.assertTrue(store.reset_failures(worker, self.connection.id, True))
        worker.cr.commit()
        # Nor is the lock such that those who began before cannot capture any more.
        self.capture(first)
        first.cr.commit()


class PaidCase(BesideOthersCase):
    """Two registrants who are paid, and a connection that sends every value."""

    def setUp(self):
        super().setUp()
        env = self.open()
        # A runner of jobs, if there is one, would take them up while this goes on.
        self.patch(wake_up, "enqueue", lambda mappings, size: None)
        self.patch(wake_up, "wake_up", lambda *args: None)
        self.connection = env["g2p.spar.connection"].create(
            {"base_url": "http://127.0.0.1:1", "send_every_value": True}
        )
        self.operator = env["g2p.dfsp"].create(
            {"name": "Beside", "code": "BES", "fa_type": "mobile_wallet"}
        )
        self.partner, self.neighbour = env["res.partner"].create(
            [
                {"name": name, "is_registrant": True, "spar_id": f"BES-{name}"}
                for name in ("One", "Two")
            ]
        )
        self.addCleanup(self.clean)
        env.cr.commit()
        self.enter("+255754200001")
        self.enter("+255754200002", self.neighbour)

    def clean(self):
        env = self.open()
        people = self.partner | self.neighbour
        of_ours = "(SELECT id FROM g2p_spar_mapping WHERE partner_id = ANY(%(ids)s))"
        for query in (
            f"DELETE FROM g2p_spar_intervention WHERE mapping_id IN {of_ours}",
            f"DELETE FROM g2p_spar_change WHERE mapping_id IN {of_ours}",
            "DELETE FROM g2p_spar_mapping WHERE partner_id = ANY(%(ids)s)",
            "DELETE FROM g2p_financial_address WHERE partner_id = ANY(%(ids)s)",
        ):
            env.cr.execute(query, {"ids": people.ids})
        for records in (people, self.connection, self.operator):
            records.with_env(env).unlink()
        env.cr.commit()

    def enter(self, number, partner=None, env=None):
        """Enter an address; commit it, unless in a transaction of the caller."""
        mine = env or self.open()
        mine.cr.execute("SET LOCAL lock_timeout = '30s'")
        mine["g2p.financial.address"].create(
            {
                "partner_id": (partner or self.partner).id,
                "fa_type": "mobile_wallet",
                "dfsp_id": self.operator.id,
                "mobile_number": number,
                "reason": "Asked for by the registrant",
            }
        )
        if not env:
            mine.cr.commit()

    def amend(self, env):
        self.enter("+255754200009", env=env)

    def begin(self):
        """Return an environment whose snapshot has been taken."""
        env = self.open()
        self.partner.with_env(env).financial_address_id.masked  # noqa: B018
        return env

    def start(self):
        """Start the connection, without taking up registrants yet."""
        env = self.open()
        self.connection.with_env(env).state = "running"
        env.cr.commit()

    def enlist(self, *args):
        """Do what the job after the start does; return the jobs it hands over."""
        with trapped_jobs() as jobs, transaction() as env:
            self.connection.with_env(env).job_enlist(*args)
            env.cr.commit()
        return jobs

    def again(self, work):
        """Do work as Odoo does a request: again, if it was beaten."""
        # A runner would take up the jobs while the test goes on.
        with transaction() as env, trapped_jobs():
            retrying(lambda: (work(env), env.flush_all()), env)

    def assertBeaten(self, env, work):
        """Do work in a transaction another one has been faster than."""
        try:
            with self.assertRaises(SerializationFailure):
                work(env)
                env.flush_all()
        finally:
            env.cr.rollback()

    def captured(self, partner=None):
        """Return the masked numbers captured for the connection, oldest first."""
        with transaction() as env:
            changes = env["g2p.spar.change"].search(
                [
                    ("connection_id", "=", self.connection.id),
                    ("mapping_id.partner_id", "=", (partner or self.partner).id),
                ],
                order="id",
            )
            return [change.address_id.masked for change in changes]

    def wait_until_waiting(self, env):
        """Wait until a transaction waits for a lock of this one."""
        env.cr.execute("SELECT pg_backend_pid()")
        (pid,) = env.cr.fetchone()
        deadline = time.monotonic() + 30
        with transaction() as watcher:
            while time.monotonic() < deadline:
                watcher.cr.execute(
                    """SELECT 1 FROM pg_stat_activity
                        WHERE %s = ANY(pg_blocking_pids(pid))""",
                    [pid],
                )
                if watcher.cr.fetchone():
                    return
                watcher.cr.rollback()
                time.sleep(0.02)
        self.fail("nothing waits for it")


NEIGHBOURS = "+2557\u2022\u2022\u2022\u2022002"
A, B = "+2557\u2022\u2022\u2022\u2022001", "+2557\u2022\u2022\u2022\u2022009"


@tagged("post_install", "-at_install")
class TestStaleSnapshot(PaidCase):
    """What captures without altering the address never repeats a former one."""

    def setUp(self):
        super().setUp()
        self.start()
        self.enlist()

    def change_id(self, env):
        self.partner.with_env(env).spar_id = "BES-9"

    def resend(self, env):
        self.partner.with_env(env).spar_mapping_ids.action_resend()

    def leave_and_return(self, env):
        partner = self.partner.with_env(env)
        partner.active = False
        partner.active = True

    def rename_provider(self, env):
        marked(self.operator.with_env(env), APPROVED).name = "Renamed"

    def test_whatever_captures_is_done_again_after_an_amendment(self):
        for work in (
            self.change_id,
            self.resend,
            self.leave_and_return,
            self.rename_provider,
        ):
            with self.subTest(work.__name__):
                self.enter("+255754200001")
                late = self.begin()
                self.enter("+255754200009")
                self.assertBeaten(late, work)
                self.again(work)
                self.assertEqual(self.captured()[-2:], [B, B])

    def test_an_address_saved_while_its_provider_is_renamed_is_sent_again(self):
        """The engine may have sent it already, with the former name."""
        env = self.open()
        self.neighbour.with_env(env).action_end_financial_address()
        env.cr.commit()
        late = self.begin()
        self.enter("+255754200002", self.neighbour)
        before = self.captured(self.neighbour)
        with trapped_jobs() as jobs:
            self.rename_provider(late)
            late.cr.commit()
        (job,) = jobs
        self.assertEqual(self.captured(self.neighbour), before)
        with transaction() as env:
            env["g2p.financial.address"].job_rewritten(*job.args)
            env.cr.commit()
        self.assertEqual(self.captured(self.neighbour), [*before, NEIGHBOURS])

    def test_an_amendment_is_done_again_after_whatever_captured(self):
        late = self.begin()
        self.again(self.resend)
        self.assertBeaten(late, self.amend)
        self.again(self.amend)
        self.assertEqual(self.captured(), [A, A, B])

    def test_one_who_waits_for_another_is_done_again(self):
        first, second = self.begin(), self.begin()
        self.enter("+255754200009", env=first)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.resend, second)
            try:
                self.wait_until_waiting(first)
            finally:
                first.cr.commit()
            self.assertBeaten(second, lambda env: waiting.result(30))
        self.again(self.resend)
        self.assertEqual(self.captured(), [A, B, B])

    def test_other_registrants_are_not_in_the_way(self):
        late = self.begin()
        self.enter("+255754200008", self.neighbour)
        self.resend(late)
        late.cr.commit()
        self.assertEqual(self.captured(), [A, A])

    def test_a_deleted_registrant_leaves_nothing_behind(self):
        env = self.open()
        person = env["res.partner"].create({"name": "Three", "is_registrant": True})
        person.spar_id = "BES-3"
        env.flush_all()
        count = "SELECT count(*) FROM g2p_spar_capture WHERE partner_id = %s"
        env.cr.execute(count, [person.id])
        self.assertEqual(env.cr.fetchone(), (1,))
        id_ = person.id
        person.unlink()
        env.flush_all()
        env.cr.execute(count, [id_])
        self.assertEqual(env.cr.fetchone(), (0,))


@tagged("post_install", "-at_install")
class TestStartUnderLoad(PaidCase):
    """A connection is started while transactions go on that do not know of it."""

    def end(self, env):
        self.partner.with_env(env).action_end_financial_address()

    def test_who_saw_no_connection_is_done_again_once_the_registrant_is_taken_up(self):
        for work, then in ((self.amend, B), (self.end, False)):
            with self.subTest(work.__name__):
                late = self.begin()
                self.start()
                self.enlist()
                self.assertEqual(self.captured(), [A])
                self.assertBeaten(late, work)
                self.again(work)
                self.assertEqual(self.captured(), [A, then])
            self.start_over()

    def start_over(self):
        env = self.open()
        env.cr.execute(
            "DELETE FROM g2p_spar_change WHERE connection_id = %s", [self.connection.id]
        )
        env.cr.execute(
            "UPDATE g2p_spar_connection SET state = 'draft' WHERE id = %s",
            [self.connection.id],
        )
        env.cr.commit()
        self.enter("+255754200001")

    def take_up_beside(self, work):
        """Take all up while a transaction goes on that saw no connection.

        :return: what is captured while it goes on, and the job that is handed over
        """
        early = self.begin()
        work(early)
        self.start()
        with ThreadPoolExecutor(1) as pool:
            taking_up = pool.submit(self.enlist)
            try:
                (job,) = taking_up.result(10)
                return self.captured(), job
            finally:
                early.cr.commit()

    def test_a_registrant_being_saved_is_skipped_and_taken_up_later(self):
        for work, then in ((self.amend, [B]), (self.end, [])):
            with self.subTest(work.__name__):
                meanwhile, job = self.take_up_beside(work)
                self.assertEqual(meanwhile, [])
                self.assertIn(NEIGHBOURS, self.captured(self.neighbour))
                self.enlist(*job.args)
                self.assertEqual(self.captured(), then)
            self.start_over()

    def test_a_first_address_saved_across_the_start_is_taken_up_soon(self):
        env = self.open()
        self.partner.with_env(env).action_end_financial_address()
        env.cr.commit()
        meanwhile, job = self.take_up_beside(self.amend)
        self.assertEqual(meanwhile, [])
        self.assertLess(job.eta, datetime.now() + timedelta(seconds=70))
        self.enlist(*job.args)
        self.assertEqual(self.captured(), [B])

    def test_what_was_committed_before_is_taken_up_as_it_is(self):
        early = self.begin()
        self.amend(early)
        self.start()
        early.cr.commit()
        self.enlist()
        self.assertEqual(self.captured(), [B])

    def test_the_take_up_repeats_until_all_older_transactions_have_ended(self):
        self.start()
        self.begin()
        (job,) = self.enlist()
        (since,) = job.args
        (again,) = self.enlist(since)
        self.assertEqual(again.args, (since,))
        self.assertFalse(self.enlist(datetime(2000, 1, 1)))

    def test_the_take_up_repeats_at_growing_intervals(self):
        env = self.open()
        self.amend(env)
        self.start()
        (job,) = self.enlist()
        since = as_moment(*job.args) - timedelta(minutes=10)
        (seldom,) = self.enlist(since.isoformat())
        self.assertGreater(seldom.eta, job.eta + timedelta(minutes=8))
        env.cr.rollback()


@tagged("post_install", "-at_install")
class TestDetailsUnderLoad(PaidCase):
    """To send names is switched on while others work by the former setting."""

    def setUp(self):
        super().setUp()
        self.start()
        self.enlist()
        self.addCleanup(self.switch, False)
        self.switch(False)

    def switch(self, is_on):
        """Have another process write the setting; this one has not heard of it."""
        with transaction() as env, trapped_jobs():
            env["g2p.fa.settings"].current().send_name = is_on
            env["g2p.fa.settings"].flush_model()
            env.cr.commit()

    def call(self, env):
        self.partner.with_env(env).name = "Asha"

    def test_who_is_named_by_a_transaction_older_than_the_switch_is_sent_again(self):
        late = self.begin()
        self.switch(True)
        # As its own process still remembers it, too.
        late.registry.clear_cache()
        self.assertFalse(late["g2p.fa.settings"].cached_values()["send_name"])
        self.assertBeaten(late, self.call)
        before = self.captured()
        self.again(self.call)
        self.assertEqual(self.captured(), [*before, A])

    def test_who_is_named_where_the_switch_is_not_known_yet_is_sent_again(self):
        env = self.open()
        self.assertFalse(env["g2p.fa.settings"].cached_values()["send_name"])
        env.cr.execute("UPDATE g2p_fa_settings SET send_name = true")
        env.cr.commit()
        before = self.captured()
        self.again(self.call)
        self.assertEqual(self.captured(), [*before, A])

    def test_the_switch_waits_for_who_is_named_meanwhile(self):
        early = self.begin()
        self.call(early)
        early.flush_all()
        with ThreadPoolExecutor(1) as pool:
            switching = pool.submit(self.switch, True)
            try:
                self.wait_until_waiting(early)
            finally:
                early.cr.commit()
            switching.result(30)
        self.assertEqual(self.captured(), [A, A])

    def test_a_first_address_entered_after_the_switch_has_the_newer_name(self):
        early = self.open()
        with trapped_jobs():
            self.partner.with_env(early).action_end_financial_address()
            early.cr.commit()
        late = self.begin()
        self.switch(True)
        self.enter("+255754200009")
        late.registry.clear_cache()
        self.assertFalse(late["g2p.fa.settings"].cached_values()["send_name"])
        self.assertBeaten(late, self.call)
        before = self.captured()
        self.again(self.call)
        self.assertEqual(self.captured(), [*before, before[-1]])
        self.assertTrue(before[-1])

    def test_saving_an_unpaid_contact_delays_no_take_up(self):
        env = self.open()
        contact = env["res.partner"].create({"name": "Four"})
        contact.name = "Five"
        env.flush_all()
        with ThreadPoolExecutor(1) as pool:
            switching = pool.submit(self.switch, True)
            try:
                switching.result(20)
            finally:
                env.cr.rollback()
        self.assertTrue(self.open()["g2p.fa.settings"].current().send_name)
