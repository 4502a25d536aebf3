from concurrent.futures import ThreadPoolExecutor

from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged


class TestRate(TransactionCase):
    """Limits of requests. Time passes by moving what the database has noted back."""

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self.Rate = self.env["g2p.fa.rate"]

    def pass_time(self, seconds):
        self.env.cr.execute(
            "UPDATE g2p_fa_rate_taken SET until = until - make_interval(secs => %s)",
            [seconds],
        )

    def take(self, times, key="asha", limit=3, seconds=60):
        return [self.Rate.take(key, limit, seconds) for _time in range(times)]

    def test_as_many_as_are_allowed_and_no_more(self):
        self.assertEqual(self.take(3), [0, 0, 0])
        [wait] = self.take(1)
        self.assertGreater(wait, 15)
        self.assertLessEqual(wait, 20)

    def test_one_comes_back_after_its_share_of_the_time(self):
        self.take(3)
        self.pass_time(20)
        self.assertEqual(self.take(1), [0])
        self.assertGreater(self.take(1)[0], 0)

    def test_all_come_back_and_not_more_than_all(self):
        self.take(3)
        self.pass_time(100000)
        waits = self.take(4)
        self.assertEqual(waits[:3], [0, 0, 0])
        self.assertGreater(waits[3], 0)

    def test_a_refusal_costs_nothing(self):
        self.take(30)
        self.pass_time(20)
        self.assertEqual(self.take(1), [0])

    def test_a_caller_that_waits_is_allowed(self):
        for limit, seconds in [(1, 60), (7, 60), (100, 3600), (3, 30.5)]:
            key = f"{limit} in {seconds}"
            waits = self.take(limit + 1, key, limit, seconds)
            self.assertEqual(waits[:-1], [0] * limit)
            self.assertGreaterEqual(waits[-1], 1)
            self.pass_time(waits[-1])
            self.assertEqual(self.take(1, key, limit, seconds), [0])

    def test_one_key_does_not_slow_another(self):
        self.take(4)
        self.assertEqual(self.take(1, "baraka"), [0])

    def test_several_keys_are_counted_at_once_and_the_longest_wait_returned(self):
        takings = [("client", 100, 60), ("person", 1, 60), ("person of day", 1, 3600)]
        with self.assertQueryCount(1):
            self.assertEqual(self.Rate.take_all(takings), 0)
        wait = self.Rate.take_all(takings)
        self.assertGreater(wait, 60)
        self.assertLessEqual(wait, 3600)

    def test_one_key_twice_is_counted_once(self):
        twice = [("asha", 2, 60), ("asha", 2, 60)]
        self.assertEqual(self.Rate.take_all(twice), 0)
        self.assertEqual(self.Rate.take_all(twice), 0)
        self.assertGreater(self.Rate.take_all(twice), 0)

    def test_nothing_to_count_is_allowed(self):
        self.assertEqual(self.Rate.take_all([]), 0)

    def test_the_key_is_kept_as_a_hash(self):
        self.take(1, "0754200001")
        self.env.cr.execute("SELECT string_agg(r::text, ' ') FROM g2p_fa_rate_taken r")
        [stored] = self.env.cr.fetchone()
        self.assertTrue(stored)
        self.assertNotIn("0754200001", stored)
        self.assertNotIn(b"0754200001".hex(), stored)

    def test_what_is_over_is_swept(self):
        self.take(1, "over")
        self.pass_time(100000)
        self.take(1, "going on")
        self.Rate._gc_rates()
        self.env.cr.execute(
            "SELECT count(*) FROM g2p_fa_rate_taken WHERE until < now()"
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))
        self.assertGreater(self.take(1, "going on", 1)[0], 0)

    def test_the_table_is_not_logged(self):
        self.env.cr.execute(
            """SELECT relpersistence FROM pg_class
                WHERE oid = 'g2p_fa_rate_taken'::regclass"""
        )
        self.assertEqual(self.env.cr.fetchone(), ("u",))


@tagged("post_install", "-at_install")
class TestRateAmongOthers(TransactionCase):
    """With transactions of its own, as on a server."""

    KEY = "test of the limit among others"

    def setUp(self):
        super().setUp()
        self.addCleanup(self.forget)
        self.forget()

    def forget(self):
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute(
                "DELETE FROM g2p_fa_rate_taken WHERE key = sha256(%s)",
                [self.KEY.encode()],
            )

    def test_many_at_the_same_time_get_exactly_what_is_allowed(self):
        take = self.env["g2p.fa.rate"].take
        with ThreadPoolExecutor(16) as pool:
            waits = list(pool.map(lambda _n: take(self.KEY, 50, 3600), range(120)))
        self.assertEqual(waits.count(0), 50)

    def test_a_rollback_does_not_give_it_back(self):
        Rate = self.env["g2p.fa.rate"]
        with self.env.cr.savepoint() as savepoint:
            self.assertEqual(Rate.take(self.KEY, 1, 3600), 0)
            savepoint.rollback()
        self.assertGreater(Rate.take(self.KEY, 1, 3600), 0)
