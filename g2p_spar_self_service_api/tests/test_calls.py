import time
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .. import rate_limits
from .common import ApiCase
from .test_citizens import CitizenCase, claims, signed

NUMBER = "0754200001"


class TestCalls(CitizenCase):
    """What is written down of calls."""

    def setUp(self):
        super().setUp()
        self.token = self.token_of(self.client)
        self.forget_calls()

    def test_a_call_is_written_down_with_who_and_for_whom_and_nothing_that_was_sent(
        self,
    ):
        response = self.ask(
            f"/v1/probe/person/{NUMBER}?q={NUMBER}", token=self.token, person="SR-1"
        )
        self.assertEqual(response.status_code, 200, response.text)
        call = self.calls()
        self.assertEqual(
            (call.operation, call.method, call.path, call.status),
            ("probe_thing", "GET", "/v1/probe/person/{thing}", 200),
        )
        self.assertEqual(call.client_id, self.client)
        self.assertEqual(call.partner_id, self.asha)
        self.assertFalse(call.issuer_id)
        self.assertFalse(call.problem)
        self.assertEqual(call.request_id, response.headers["X-Request-Id"])

    def test_it_is_written_down_how_long_a_call_took(self):
        count = rate_limits.of_caller

        def slowly(caller):
            time.sleep(0.1)
            return count(caller)

        with patch.object(rate_limits, "of_caller", slowly):
            self.ask("/v1/probe/person", token=signed())
        took = self.calls().took_ms
        self.assertGreaterEqual(took, 100)
        self.assertLess(took, 60_000)

    def test_a_citizens_call_names_the_issuer_and_the_registrant(self):
        self.ask("/v1/probe/person", token=signed())
        call = self.calls()
        self.assertEqual((call.issuer_id, call.partner_id), (self.issuer, self.asha))
        self.assertFalse(call.client_id)

    def test_refused_calls_are_written_down_too(self):
        scoped = self.token_of(self.new_client("Reader", may_propose=False))
        self.forget_calls()
        body = {"number": f"user {NUMBER}"}
        self.ask("/v1/probe/person", "POST", self.token, "SR-1", body)
        self.ask("/v1/probe/person", "POST", scoped, "SR-1", body)
        self.ask("/v1/probe/person", "POST", "garbage", "SR-1", body)
        self.ask("/v1/probe/person", token=self.token, person="SR-9")
        self.ask("/v1/probe/person", token=self.token)
        self.ask("/v1/probe/open", "POST", body={"number": 7, NUMBER: NUMBER})
        self.ask_token(self.client, "wrong")
        self.ask("/v1/probe/person", token=signed(claims(sub="")))
        calls = self.calls()
        self.assertEqual(
            calls.mapped(lambda call: (call.operation, call.status, call.problem)),
            [
                ("probe_write", 422, "refused"),
                ("probe_write", 403, "forbidden"),
                ("probe_write", 401, "unauthenticated: unreadable"),
                ("probe_person", 404, "unknown_person"),
                ("probe_person", 400, "person_missing"),
                ("probe_open", 422, "invalid"),
                ("get_token", 401, "unauthenticated: secret"),
                ("probe_person", 401, "unauthenticated: claim"),
            ],
        )
        self.assertEqual(calls[0].partner_id, self.asha)
        self.assertFalse(calls[2].client_id)
        self.assertEqual(calls[3].client_id, self.client)

    def test_nothing_that_was_sent_is_in_it(self):
        self.ask(
            f"/v1/probe/person/{NUMBER}",
            token=self.token,
            person=NUMBER,
            body={"number": NUMBER},
            User_Agent=NUMBER,
            X_Request_Id=NUMBER,
        )
        self.ask("/v1/probe/person", "POST", NUMBER, NUMBER, {NUMBER: NUMBER})
        self.ask(f"/v1/{NUMBER}", token=self.token)
        self.env.cr.execute(
            "SELECT string_agg(c::text, ' ') FROM g2p_api_call c WHERE id = ANY(%s)",
            [self.calls().ids],
        )
        [stored] = self.env.cr.fetchone()
        self.assertTrue(stored)
        self.assertNotIn(NUMBER, stored)
        for secret in (self.token, self.token.split(".")[2]):
            self.assertNotIn(secret, stored)

    def test_questions_about_nothing_are_not_written_down(self):
        self.ask("/v1/health")
        self.ask("/v1/nothing", token=self.token)
        self.ask("/openapi.json")
        self.assertFalse(self.calls())

    def test_old_calls_are_forgotten_as_the_settings_say(self):
        settings = self.env["g2p.fa.settings"].current()
        for _call in range(2):
            self.ask("/v1/probe/nobody", token=self.token)
        old, young = self.calls()
        self.env.cr.execute(
            "UPDATE g2p_api_call SET call_date = call_date - interval '10 days' "
            "WHERE id = %s",
            [old.id],
        )
        for days, left in [(0, old + young), (11, old + young), (9, young)]:
            settings.api_call_days = days
            self.env["g2p.api.call"]._gc_calls()
            self.assertEqual(self.calls(), left)

    def test_calls_about_people_of_other_companies_are_not_seen(self):
        self.ask("/v1/probe/person", token=self.token, person="SR-1")
        self.ask("/v1/probe/nobody", token=self.token)
        administrator = new_test_user(
            self.env, "boss", groups="g2p_spar_financial_address.group_administrator"
        )
        Call = self.env["g2p.api.call"].with_user(administrator)
        about_asha, about_nobody = self.calls().with_user(administrator)
        both = about_asha + about_nobody
        self.assertEqual(Call.search([("id", "in", both.ids)], order="id"), both)
        self.asha.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        found = Call.search([("id", "in", both.ids)])
        self.assertEqual(found, about_nobody)

    def test_nobody_changes_or_deletes_what_is_written_down(self):
        self.ask("/v1/probe/nobody", token=self.token)
        administrator = new_test_user(
            self.env, "boss", groups="g2p_spar_financial_address.group_administrator"
        )
        call = self.calls().with_user(administrator)
        self.assertEqual(call.status, 200)
        for attempt in [
            lambda: call.write({"status": 500}),
            lambda: call.copy(),
            call.unlink,
        ]:
            with self.assertRaises(AccessError):
                attempt()
        with self.assertRaises(UserError):
            self.calls().unlink()


class TestLimits(ApiCase):
    """How often who may call."""

    def test_a_client_calls_only_as_often_as_it_may(self):
        busy = self.token_of(self.new_client("Busy", rate=3))
        with self.counted_apart():
            for _call in range(3):
                response = self.ask("/v1/probe/nobody", token=busy)
                self.assertEqual(response.status_code, 200, response.text)
            response = self.ask("/v1/probe/nobody", token=busy)
            self.assertProblem(response, 429, "too-many")
            wait = int(response.headers["Retry-After"])
            self.assertTrue(1 <= wait <= 20, wait)
            other = self.ask("/v1/probe/nobody", token=self.token_of(self.client))
            self.assertEqual(other.status_code, 200)
        self.assertIn(("probe_nobody", 429), self.operations())

    def test_one_person_does_not_use_up_what_others_may(self):
        self.env["res.partner"].create(
            {"name": "Baraka", "is_registrant": True, "spar_id": "SR-2"}
        )
        token = self.token_of(self.new_client("Portal 2", person_rate=2))
        with self.counted_apart():
            statuses = [
                self.ask("/v1/probe/person", token=token, person=person).status_code
                for person in ("SR-1", "SR-1", "SR-1", "SR-2")
            ]
        self.assertEqual(statuses, [200, 200, 429, 200])

    def test_refused_calls_of_one_person_use_up_nothing_of_others(self):
        self.env["res.partner"].create(
            {"name": "Baraka", "is_registrant": True, "spar_id": "SR-2"}
        )
        token = self.token_of(self.new_client("Portal 3", rate=4, person_rate=2))
        with self.counted_apart():
            statuses = [
                self.ask("/v1/probe/person", token=token, person="SR-1").status_code
                for _call in range(8)
            ]
            self.assertEqual(statuses, [200, 200, *[429] * 6])
            other = self.ask("/v1/probe/person", token=token, person="SR-2")
            self.assertEqual(other.status_code, 200)

    def test_refused_calls_count(self):
        token = self.token_of(self.new_client("Guesser", rate=2))
        with self.counted_apart():
            statuses = [
                self.ask("/v1/probe/person", token=token, person=f"no {n}").status_code
                for n in range(4)
            ]
        self.assertEqual(statuses, [404, 404, 429, 429])

    def test_who_proves_nothing_is_heard_only_so_often_and_fills_no_table(self):
        with patch.object(rate_limits, "FAILURES", 2), self.counted_apart():
            statuses = [
                self.ask("/v1/probe/nobody", token="garbage").status_code
                for _call in range(5)
            ]
            self.assertEqual(statuses, [401, 401, 429, 429, 429])
            self.assertEqual(self.operations(), [("probe_nobody", 401)] * 2)
            # Whoever has a token is not kept from calling by others at the same place.
            fine = self.ask("/v1/probe/nobody", token=self.token_of(self.client))
            self.assertEqual(fine.status_code, 200)

    def test_tokens_are_given_only_so_often(self):
        with patch.object(rate_limits, "TOKENS", 2), self.counted_apart():
            statuses = [self.ask_token(self.client).status_code for _call in range(3)]
        self.assertEqual(statuses, [200, 200, 429])

    def test_a_network_of_ipv6_is_one_source(self):
        source = rate_limits.of_failure("2001:db8::1")
        self.assertEqual(source, rate_limits.of_failure("2001:db8::ffff:1"))
        self.assertNotEqual(source, rate_limits.of_failure("2001:db8:0:1::1"))
        self.assertNotEqual(
            rate_limits.of_failure("192.0.2.1"), rate_limits.of_failure("192.0.2.2")
        )
        self.assertTrue(rate_limits.of_failure("fe80::1%eth0"))

    def test_a_source_of_ipv4_is_one_also_where_the_server_speaks_ipv6(self):
        for count in (rate_limits.of_failure, rate_limits.of_token):
            self.assertEqual(count("::ffff:192.0.2.1"), count("192.0.2.1"))
            self.assertNotEqual(count("::ffff:192.0.2.1"), count("::ffff:192.0.2.2"))

    def test_nobody_says_themselves_where_they_call_from(self):
        with patch.object(rate_limits, "FAILURES", 2), self.counted_apart():
            statuses = [
                self.ask(
                    "/v1/probe/nobody",
                    token="garbage",
                    X_Forwarded_For=f"192.0.2.{number}",
                    X_Forwarded_Host="registry.example.org",
                    Forwarded=f"for=192.0.2.{number}",
                    X_Real_Ip=f"192.0.2.{number}",
                ).status_code
                for number in range(3)
            ]
        self.assertEqual(statuses, [401, 401, 429])

    def operations(self):
        return self.calls().mapped(lambda call: (call.operation, call.status))
