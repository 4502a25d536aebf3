import json
import threading
from unittest.mock import patch
from urllib.parse import urljoin

from psycopg2.pool import PoolError

from odoo.tools import mute_logger

from odoo.addons.fastapi.pools import fastapi_app_pool

from .. import dispatcher
from ..models.fastapi_endpoint import MAX_BODY
from . import probe
from .common import BASE, ApiCase

NUMBER = "0754200001"
LOG = "odoo.addons.g2p_spar_self_service_api.dispatcher"


class TestAnswers(ApiCase):
    """What is answered when something is wrong, and what never is."""

    def setUp(self):
        super().setUp()
        self.token = self.token_of(self.client)

    def send(self, number, **more):
        body = {"number": number, **more}
        return self.ask("/v1/probe/person", "POST", self.token, "SR-1", body)

    def test_whether_it_is_up_anybody_may_ask(self):
        response = self.ask("/v1/health")
        self.assertEqual(response.json(), {"status": "up", "version": "1.0.0"})
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        self.assertNotIn("Set-Cookie", response.headers)
        self.assertNotIn("Access-Control-Allow-Origin", response.headers)

    def test_an_endpoint_runs_on_the_thread_of_its_cursor(self):
        threads = []

        def dispatch(*args, dispatch=dispatcher.SelfServiceDispatcher.dispatch):
            threads.append(threading.get_ident())
            return dispatch(*args)

        with patch.object(dispatcher.SelfServiceDispatcher, "dispatch", dispatch):
            said = self.ask("/v1/probe/thread").json()
        self.assertEqual([said["thread"]], threads)

    def test_paths_and_methods_that_do_not_exist(self):
        for path in [
            "/v1/nothing",
            "/v2/health",
            "/docs",
            "/redoc",
            "/v1/health/",
            "/%ff",
            "/%0A",
            "/v1/a%0Ab/%0D%0A/c",
        ]:
            with self.subTest(path):
                self.assertProblem(self.ask(path), 404, "not-found")
        # This one there is, so it is not told apart from others to strangers.
        odd = self.ask("/v1/address/proposals/4%0A")
        self.assertProblem(odd, 401, "unauthenticated")
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "ODD"]:
            response = self.ask("/v1/health", method)
            self.assertProblem(response, 405, "method-not-allowed")
            self.assertEqual(response.headers["Allow"], "GET")

    def test_odd_paths_elsewhere_are_as_they_were(self):
        for path in ["/spar%0A/self-service/v1/health", "/web/%0A"]:
            response = self.url_open(path)
            self.assertEqual(response.status_code, 404)
            self.assertNotEqual(
                response.headers["Content-Type"], "application/problem+json"
            )

    def test_a_path_with_a_nul_is_not_there(self):
        for path in ["/%00", "/v1/health%00", "/v1/address/proposals/%00", "%00"]:
            with self.subTest(path):
                self.assertProblem(self.ask(path), 404, "not-found")
        for path in ["/spar%00/self-service/v1/health", "/spar/health%00", "/web/%00"]:
            with self.subTest(path):
                self.assertEqual(self.url_open(path).status_code, 404)

    def test_answers_are_shown_within_no_page(self):
        for path in ["/v1/health", "/v1/nothing", "/v1/address", "/%00"]:
            with self.subTest(path):
                headers = self.ask(path).headers
                self.assertEqual(headers.get("X-Frame-Options"), "DENY")
                self.assertIn(
                    "default-src 'none'", headers.get("Content-Security-Policy", "")
                )

    def test_two_slashes_are_not_taken_for_one(self):
        """Where pages of a website are served, they lead to the path with one."""
        for path in [f"{BASE}//v1/health", f"{BASE}/v1//health", "/web//health"]:
            with self.subTest(path):
                response = self.url_open(path, allow_redirects=False)
                if response.is_redirect:
                    location = urljoin(response.url, response.headers["Location"])
                    self.assertEqual(
                        location, self.base_url() + path.replace("//", "/")
                    )
                elif path.startswith(BASE):
                    self.assertProblem(response, 404, "not-found")
                else:
                    self.assertEqual(response.status_code, 404)
                    self.assertNotEqual(
                        response.headers["Content-Type"], "application/problem+json"
                    )

    def test_apps_are_not_made_for_every_path_somebody_asks(self):
        for number in range(5):
            self.ask(f"/v1/nothing/{number}")
        pools = fastapi_app_pool._queue_by_db_by_root_path[self.env.cr.dbname]
        self.assertEqual(list(pools), [BASE])

    def test_bodies_have_a_limit(self):
        size = len(json.dumps({"number": ""}).encode())
        fits = self.send("x" * (MAX_BODY - size))
        self.assertEqual(fits.status_code, 200, fits.text[:200])
        self.assertProblem(self.send("x" * MAX_BODY), 413, "too-large")
        for path in ["/v1/probe/open", "/v1/token", "/v1/nothing"]:
            response = self.ask(path, "POST", body={"number": "x" * MAX_BODY})
            self.assertProblem(response, 413, "too-large")

    def test_a_body_that_does_not_say_its_size_has_the_same_limit(self):
        def pieces():
            for _piece in range(100):
                yield b"x" * 4096

        response = self.opener.post(
            self.base_url() + BASE + "/v1/probe/open",
            data=pieces(),
            headers={"Content-Type": "application/json"},
        )
        # Odoo's own server does not read it at all; others stop at the limit.
        self.assertIn(response.status_code, (413, 400, 422))

    def test_a_body_must_be_of_the_type_it_is_read_as(self):
        for kind in [
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
            "",
        ]:
            response = self.ask(
                "/v1/probe/open", "POST", body=b'{"number": "x"}', Content_Type=kind
            )
            self.assertProblem(response, 415, "unsupported-type")
        fine = self.ask(
            "/v1/probe/open",
            "POST",
            body=b'{"number": "x"}',
            Content_Type="Application/JSON; charset=utf-8",
        )
        self.assertEqual(fine.status_code, 200, fine.text)

    def test_what_is_no_json_is_malformed(self):
        for body in [
            b"{",
            b"\xff",
            b'{"number": "x",}',
            b"[" * 30_000,
            b'{"a": NaN',
            b"",
        ]:
            with self.subTest(body[:10]):
                response = self.ask(
                    "/v1/probe/open", "POST", body=body, Content_Type="application/json"
                )
                said = self.assertProblem(
                    response, *((400, "malformed") if body else (422, "invalid"))
                )
                self.assertNotIn("[[", json.dumps(said))

    def test_values_that_do_not_fit_are_named_and_not_repeated(self):
        response = self.ask(
            "/v1/probe/open",
            "POST",
            body={
                "number": [NUMBER],
                "count": NUMBER + "x",
                NUMBER: 1,
                "extra": NUMBER,
            },
        )
        said = self.assertProblem(response, 422, "invalid")
        self.assertEqual(
            {error["field"] for error in said["errors"]},
            {"number", "count", "extra", "?"},
        )
        self.assertTrue(all(error["detail"] for error in said["errors"]))
        self.assertNotIn(NUMBER, response.text)
        missing = self.ask("/v1/probe/open", "POST", body={}).json()
        self.assertEqual(
            missing["errors"], [{"field": "number", "detail": "This is needed."}]
        )

    def test_a_refusal_keeps_nothing_and_repeats_nothing(self):
        for word, status, kind in [
            ("user", 422, "refused"),
            ("validation", 422, "refused"),
            ("problem", 422, "refused"),
        ]:
            with self.assertNoLogs("odoo.http", "WARNING"):
                response = self.send(f"{word} {NUMBER}")
            self.assertProblem(response, status, kind)
            self.assertNotIn(NUMBER, response.text)
            self.env.invalidate_all()
            self.assertFalse(self.asha.comment)
        self.assertEqual(
            response.json()["errors"], [{"field": "number", "detail": "No."}]
        )
        self.assertEqual(self.send("fine").status_code, 200)
        self.env.invalidate_all()
        self.assertIn("fine", self.asha.comment)

    def test_a_bug_is_found_by_the_request_id_and_says_nothing(self):
        with self.assertLogs(LOG, "ERROR") as log:
            response = self.send(f"bug {NUMBER}")
        said = self.assertProblem(response, 500, "failed")
        self.assertNotIn("RuntimeError", response.text)
        self.assertNotIn(NUMBER, response.text)
        [line] = log.output
        self.assertIn(said["request_id"], line)
        self.assertIn("RuntimeError", line)
        self.assertIn("probe.py", line)
        self.assertNotIn(NUMBER, line)
        self.env.invalidate_all()
        self.assertFalse(self.asha.comment)

    def test_of_strangers_nothing_is_read(self):
        for body, kind in [(b"{", "application/json"), (b"x", "text/plain")]:
            for token in (None, "garbage"):
                response = self.ask(
                    "/v1/probe/person", "POST", token, "SR-1", body, Content_Type=kind
                )
                self.assertProblem(response, 401, "unauthenticated")
            response = self.ask(
                "/v1/probe/person", "POST", self.token, "SR-1", body, Content_Type=kind
            )
            self.assertIn(response.status_code, (400, 415))

    def again(self, times):
        probe.beaten.clear()
        body = {"number": "said", "count": times}
        self.forget_calls()
        with patch("odoo.service.model.time.sleep"):
            return self.ask("/v1/probe/again", "POST", self.token, "SR-1", body)

    def test_a_call_that_was_beaten_is_run_again_and_counts_once(self):
        with self.counted_apart():
            self.client.person_rate = 1
            response = self.again(2)
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(len(probe.beaten), 3)
        [call] = self.calls()
        self.assertEqual((call.status, call.partner_id), (200, self.asha))
        self.assertIn("said", self.asha.comment)

    def test_a_call_that_is_always_beaten_may_be_tried_later(self):
        with mute_logger("odoo.http"):
            response = self.again(100)
        self.assertProblem(response, 503, "busy")
        self.assertEqual(response.headers["Retry-After"], "1")
        [call] = self.calls()
        self.assertEqual((call.status, call.problem), (503, "busy"))
        self.assertFalse(self.asha.comment)

    def test_it_answers_when_all_connections_are_in_use(self):
        full = PoolError("The Connection Pool Is Full")
        served = dispatcher.SelfServiceDispatcher
        with (
            patch.object(served, "_reader_env", side_effect=full),
            self.assertNoLogs("odoo", "WARNING"),
        ):
            response = self.ask("/v1/probe/nobody", token=self.token)
        self.assertProblem(response, 503, "busy")
        self.assertEqual(response.headers["Retry-After"], "1")
        with (
            patch.object(served, "_count_failure", side_effect=full),
            self.assertLogs(LOG, "ERROR") as log,
        ):
            response = self.ask("/v1/probe/nobody", token="garbage")
        self.assertProblem(response, 401, "unauthenticated")
        [line] = log.output
        self.assertIn("was not written down", line)
        self.assertNotIn("Traceback", line)

    def test_answers_are_in_the_language_of_the_caller(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        for language in ["fr", "fr-FR,en;q=0.5", "*", "x" * 300, ",;q=a", "\x7f"]:
            response = self.ask("/v1/nothing", Accept_Language=language)
            self.assertProblem(response, 404, "not-found")
            response = self.ask("/v1/health", Accept_Language=language)
            self.assertEqual(response.status_code, 200, response.text)

    def test_a_session_of_odoo_is_no_caller(self):
        self.authenticate("admin", "admin")
        response = self.ask("/v1/probe/person", person="SR-1")
        self.assertProblem(response, 401, "unauthenticated")

    def test_the_description_says_how_operations_refuse(self):
        described = self.ask("/openapi.json").json()
        self.assertEqual(described["info"]["version"], "1.0.0")
        self.assertNotIn("HTTPValidationError", json.dumps(described))
        person = described["paths"]["/v1/probe/person"]
        self.assertTrue(
            {"401", "403", "422", "429", "500"} <= set(person["get"]["responses"])
        )
        self.assertTrue({"413", "415"} <= set(person["post"]["responses"]))
        for operation in person.values():
            for status, answer in operation["responses"].items():
                if status >= "4":
                    self.assertEqual(
                        list(answer["content"]), ["application/problem+json"]
                    )
        names = {parameter["name"] for parameter in person["get"]["parameters"]}
        self.assertIn("Person-Id", names)
        self.assertEqual(person["get"]["security"], [{"HTTPBearer": []}])
        schema = described["components"]["schemas"]["Problem"]
        self.assertEqual(
            set(schema["required"]), {"type", "title", "status", "detail", "request_id"}
        )
