import tempfile

from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..engine.sync_run import LATE_SECONDS, SyncRun
from ..spar.keys import KeyProblem
from ..spar.place import place
from .common import PartnerApiCase, SparCase
from .spar_stand_in import faults
from .test_spar_detect import A, B, mapper, status
from .web_server import Authority, WebServer, free_url


@tagged("post_install", "-at_install")
class TestConnection(SparCase):
    """What is set on a connection, and what Test and Detect say about it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(folder.name)

    def setUp(self):
        super().setUp()
        self.connection.state = "draft"

    # === SETTINGS === #

    def test_the_form_follows_the_version_until_it_is_set(self):
        self.assertEqual(self.connection.canonical_form, "ascii")
        with Form(self.connection) as form:
            form.dialect = B
            self.assertEqual(form.canonical_form, "utf8")
            form.dialect = A
            self.assertEqual(form.canonical_form, "ascii")
            form.canonical_form = "utf8"
        self.assertEqual(self.connection.canonical_form, "utf8")
        self.connection.write({"dialect": B, "canonical_form": "ascii"})
        self.assertEqual(self.connection.canonical_form, "ascii")
        values = self.connection.copy_data()[0]
        del values["canonical_form"]
        made = self.connection.create({**values, "dialect": B})
        self.assertEqual(made.canonical_form, "utf8")

    def test_addresses_are_those_of_a_server_and_hold_no_password(self):
        for url in (
            "https://spar.example.org",
            "http://127.0.0.1:8007/api/mapper/",
            "https://[::1]:8443/x",
        ):
            self.connection.base_url = url
        for url, message in (
            ("spar.example.org", "starts with https"),
            ("ftp://spar.example.org", "starts with https"),
            ("https://user:secret@spar.example.org", "name and password"),
            ("https://user@spar.example.org", "name and password"),
            ("https://:@spar.example.org", "name and password"),
            ("https://", "not the address of a server"),
            ("https:///api", "not the address of a server"),
            ("https://spar.example.org/?key=1", "not the address of a server"),
            ("https://spar.example.org/#x", "not the address of a server"),
            ("https://spar.example.org/#", "not the address of a server"),
            ("https://spar.example.org/?", "not the address of a server"),
            ("https://spar.example.org:port", "not the address of a server"),
            ("https://[::1", "not the address of a server"),
            ("https://spar.example.org/a b", "not the address of a server"),
        ):
            refused = self.assertRefused(f"^(?!.*secret).*{message}")
            with self.subTest(url), refused:
                self.connection.base_url = url

    def test_two_connections_do_not_send_to_one_spar(self):
        self.connection.state = "running"
        twin = self.connection.copy({"name": "Twin"})
        twin.state = "paused"
        url = self.connection.base_url
        for base_url in (
            url.upper().replace("HTTP", "http") + "/",
            f"{url}//",
            f"{url}/a/../",
            f"{url}/./",
        ):
            twin.base_url = base_url
            twin._confirm_settings()
            with self.subTest(base_url), self.assertRefused("sends to the same SPAR"):
                twin.action_resume()
        self.assertEqual(twin.state, "paused")
        self.connection.action_pause()
        twin.action_resume()
        self.assertEqual(twin.state, "running")

    def test_two_connections_do_not_link_at_one_place(self):
        """The address of one may be another beginning of the same whole address."""
        self.connection.state = "running"
        path = self.connection._dialect().path("link")
        twin = self.connection.copy({"link_path": "/" + path.rpartition("/")[2]})
        twin.base_url += path.rpartition("/")[0]
        twin.state = "paused"
        with self.assertRefused("sends to the same SPAR"):
            twin.action_resume()

    def test_a_running_connection_does_not_become_a_twin(self):
        self.connection.state = "running"
        other = self.connection.copy({"base_url": "https://other.example.org"})
        other.state = "running"
        other.base_url = self.connection.base_url
        self.env.flush_all()
        self.assertEqual(other.state, "paused")
        other._confirm_settings()
        with self.assertRefused("sends to the same SPAR"):
            other.action_resume()

    def test_the_database_refuses_twins_whatever_writes_them(self):
        self.connection.state = "running"
        twin = self.connection.copy({"name": "Twin"})
        self.env.flush_all()
        for query in (
            "UPDATE g2p_spar_connection SET state = 'running' WHERE id = %s",
            "UPDATE g2p_spar_connection SET place = 'other', state = 'running'"
            " WHERE id = %s",
        ):
            with (
                self.subTest(query),
                self.assertRaises(UniqueViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(query, [twin.id])

    def test_one_spar_is_known_by_many_spellings(self):
        same = "spar.example.org/api/mapper"
        for url in (
            "https://spar.example.org/api/mapper",
            "http://spar.example.org/api/mapper/",
            "https://SPAR.example.org.:443/api/mapper",
            "https://spar.example.org/api//mapper//",
            "https://spar.example.org/api/x/../mapper/.",
            "https://spar.example.org/%61pi/mapper",
        ):
            self.assertEqual(place(url), same, url)
        self.assertEqual(place("https://[0:0::1]:8443"), place("https://[::1]:8443/"))
        self.assertEqual(
            place("https://bücher.example"), place("https://xn--bcher-kva.example")
        )
        for url in (
            "https://spar.example.org/api",
            "https://spar.example.org:8443/api/mapper",
            "https://other.example.org/api/mapper",
            "https://spar.example.org/API/mapper",
        ):
            self.assertNotEqual(place(url), same, url)

    def test_the_cool_down_covers_the_time_a_request_takes_to_leave(self):
        self.connection.cool_down = LATE_SECONDS
        self.env.flush_all()
        with self.assertRaises(CheckViolation) as refused, mute_logger("odoo.sql_db"):
            self.connection.cool_down = LATE_SECONDS - 1
            self.env.flush_all()
        self.assertIn("cool_down_covers_leaving", str(refused.exception))

    def test_another_running_connection_is_pointed_out(self):
        self.connection.state = "running"
        other = self.connection.copy({"base_url": "https://other.example.org"})
        self.assertIn("Test", other.other_running)
        self.assertFalse(self.connection.other_running)
        self.connection.action_pause()
        other.invalidate_recordset()
        self.assertFalse(other.other_running)

    def test_paths_come_below_the_address(self):
        for name in ("link_path", "update_path", "unlink_path", "resolve_path"):
            for path in ("/mapper/link", "/v2.1/link/", "/a%20b", False):
                self.connection[name] = path
            for path in (
                "link",
                "//other.example.org/link",
                "/a//b",
                "/a b",
                "/",
                "/a?b=1",
                "/a#b",
                "/../a",
                "https://other.example.org/link",
                "/@other.example.org",
                "/a\n",
            ):
                with (
                    self.subTest(path, field=name),
                    self.assertRefused("beginning with a slash"),
                ):
                    self.connection[name] = path

    def test_only_certificates_are_trusted(self):
        self.connection.ca_certificate = self.authority.pem
        with open(self.authority.issue("leaked")[1]) as file:
            key = file.read()
        for text in ("x", key, self.authority.pem + key):
            with self.assertRefused("Certificates to trust"):
                self.connection.ca_certificate = text

    def test_a_client_certificate_comes_with_its_key(self):
        paths = self.authority.issue("registry")
        for values in ({"tls_certificate_path": "x"}, {"tls_key_path": "x"}):
            with self.assertRefused("go together"):
                self.connection.write(values)
        self.connection.write(
            {"tls_certificate_path": paths[0], "tls_key_path": paths[1]}
        )
        self.connection._client().close()

    def test_who_is_no_manager_does_not_see_where_keys_are(self):
        operator = new_test_user(
            self.env, "c_operator", "g2p_spar_sync_queue.group_operator"
        )
        names = self.connection.with_user(operator).fields_get().keys()
        self.assertIn("dialect", names)
        self.assertFalse({"tls_key_path", "tls_certificate_path"} & names)

    def test_a_client_certificate_that_is_gone_pauses_the_connection(self):
        self.connection.write(
            {
                "state": "running",
                "tls_certificate_path": "/nowhere.pem",
                "tls_key_path": "/nowhere.pem",
            }
        )
        with self.assertRaises(KeyProblem):
            self.connection._client()
        self.enter_address()
        self.run_engine()
        self.assertEqual(self.connection.state, "paused")
        self.assertIn("certificates of the connection", self.connection.pause_reason)
        self.assertNotIn("nowhere", self.connection.pause_reason)

    def test_what_was_changed_counts_from_the_next_request(self):
        run = SyncRun(self.connection, 5)
        client = run._open_client()
        self.assertIs(run._open_client(), client)
        self.connection.write({"dialect": B})
        self.env.flush_all()
        # All of a test is one moment.
        self.env.cr.execute(
            "UPDATE g2p_spar_connection SET write_date = '2001-01-01' WHERE id = %s",
            [self.connection.id],
        )
        self.connection.invalidate_recordset()
        other = run._open_client()
        self.assertIsNot(other, client)
        self.assertIs(run._open_client(), other)
        other.close()

    # === TEST === #

    def test_the_test_says_what_is_wrong(self):
        for fault, words in (
            (faults.signature_refused, "refused the signature"),
            (faults.status(500), "could not be asked"),
        ):
            self.mapper.faults = [fault]
            self.assertIsNone(self.connection.action_test())
            with self.subTest(words):
                self.assertIn(words, self.connection.test_problem)
                self.assertTrue(self.connection.tested_at)
        self.assertIsNone(self.connection.action_test())
        self.assertFalse(self.connection.test_problem)

    def test_beside_the_result_stands_that_wake_ups_are_not_run(self):
        troubles = {"no_runner": "Start one."}
        self.patch(self.registry["g2p.spar.job"], "troubles", lambda _self: troubles)
        self.connection.action_test()
        self.assertFalse(self.connection.test_problem)
        self.assertRegex(self.connection.runner_note, "Wake-ups are not.*Start one.")
        troubles.clear()
        self.env.invalidate_all()
        self.assertFalse(self.connection.runner_note)

    # === DETECT === #

    def detect(self, answer=None):
        if answer:
            server = WebServer(answer)
            self.addCleanup(server.stop)
            self.connection.base_url = server.url
        self.connection.action_detect()
        self.assertTrue(self.connection.detected_at)
        return self.connection.detected_text

    def settings(self):
        return self.connection.dialect, self.connection.canonical_form

    def test_what_is_found_is_set_while_nothing_is_sent(self):
        for state in ("draft", "paused"):
            for dialect, form in ((A, "utf8"), (B, "utf8"), (A, "ascii"), (B, "ascii")):
                with self.subTest(state, dialect=dialect, form=form):
                    self.connection.state = state
                    text = self.detect(mapper(dialect, form))
                    self.assertEqual(self.settings(), (dialect, form))
                    self.assertIn("accepted the signature", text)
                    self.assertIn("This was set", text)
                    self.assertRegex(text, r"It took \d+ milliseconds")
        self.assertIn("It is as set here", self.detect())

    def test_while_running_detect_only_reports(self):
        server = WebServer(mapper(B, "utf8"))
        self.addCleanup(server.stop)
        self.connection.base_url = server.url
        self.connection.state = "running"
        text = self.detect()
        self.assertEqual(self.settings(), (A, "ascii"))
        self.assertIn(
            "Pause the connection and set: SPAR 2.x (partner API), UTF-8", text
        )

    def test_detect_describes_each_finding_in_plain_text(self):
        failing = mapper(B, None, (500, {}, b"{}"))
        for answer, sentences in (
            (
                mapper(A, None),
                ("refused the signature in both", "says? the same|same to"),
            ),
            (
                mapper(B, None),
                ("refused the signature in both", "Partner Manager is down", "same to"),
            ),
            (failing, ("do not know “social-registry”", "key service is down")),
            (status(404), ("no SPAR at this address",)),
            (status(503), ("not there or busy",)),
            (status(401), ("operator has to let it in",)),
            (status(302, Location="/x"), ("another address",)),
            (status(400), ("did not understand",)),
        ):
            text = self.detect(answer)
            for sentence in sentences:
                self.assertRegex(text, sentence)
            # A word of ours is for programs.
            self.assertNotRegex(text, r"\w+_\w+|http\.\d")

    def test_a_spar_that_does_not_verify_is_remembered(self):
        self.detect(mapper(B, "utf8", verifies=False))
        self.assertTrue(self.connection.is_unverified)
        self.assertEqual(self.connection.dialect, B)
        # One that cannot be asked has not been found to verify.
        url, self.connection.base_url = self.connection.base_url, free_url()
        self.assertFalse(self.connection.is_unverified)
        self.connection.base_url = url
        self.detect()
        self.assertTrue(self.connection.is_unverified)
        self.detect(mapper(B, "utf8"))
        self.assertFalse(self.connection.is_unverified)

    def test_detect_reports_an_unreachable_server(self):
        self.connection.base_url = free_url()
        self.assertIn("Nothing answers at this address", self.detect())
        self.assertEqual(self.settings(), (A, "ascii"))

    def test_detect_reports_an_unreadable_key(self):
        elsewhere = self.key_path.rename(self.key_path.with_suffix(".away"))
        self.addCleanup(lambda: elsewhere.rename(self.key_path))
        with self.assertRaisesRegex(UserError, "signing key"):
            self.connection.action_detect()

    def test_detect_reports_a_clock_difference(self):
        for date, words in (
            ("Mon, 01 Jan 2001 00:00:00 GMT", "behind ours"),
            ("Fri, 01 Jan 2100 00:00:00 GMT", "ahead of ours"),
            ("", "does not tell the time"),
        ):
            headers = {"Date": date} if date else {}
            self.assertIn(words, self.detect(status(404, **headers)))

    def test_only_managers_detect(self):
        operator = new_test_user(
            self.env, "d_operator", "g2p_spar_sync_queue.group_operator"
        )
        manager = new_test_user(
            self.env, "d_manager", "g2p_spar_sync_queue.group_manager"
        )
        with self.assertRaises(AccessError):
            self.connection.with_user(operator).action_detect()
        self.assertFalse(self.mapper.log)
        self.connection.with_user(manager).action_detect()
        self.assertEqual(self.mapper.operations, ["resolve", "resolve"])

    def test_a_copy_asks_nobody(self):
        self.env["ir.config_parameter"].sudo().set_param(
            "database.is_neutralized", "True"
        )
        with self.assertRaises(UserError):
            self.connection.action_detect()
        self.assertFalse(self.mapper.log)


@tagged("post_install", "-at_install")
class TestConnectionOn2(PartnerApiCase):
    def test_the_test_tells_what_a_failure_may_mean(self):
        self.mapper.faults = [faults.status(500)]
        self.connection.action_test()
        self.assertIn("do not know “social-registry”", self.connection.test_problem)
        self.connection.action_test()
        self.assertFalse(self.connection.test_problem)
