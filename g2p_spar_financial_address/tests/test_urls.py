from odoo.tests import BaseCase, tagged

from ..toolkit.urls import is_secure


@tagged("post_install", "-at_install")
class TestUrls(BaseCase):
    def assertEach(self, secure, *addresses, **options):
        for address in addresses:
            with self.subTest(address):
                self.assertIs(is_secure(address, **options), secure)

    def test_https_and_this_host_are_secure(self):
        self.assertEach(
            True,
            "https://odk.example.org",
            "HTTPS://odk.example.org:8443/central/",
            "https://[2001:db8::1]/",
            "http://localhost:8080/",
            "http://127.0.0.1:1",
            "http://[::1]:1/x",
        )

    def test_plain_http_to_another_host_is_not_secure(self):
        self.assertEach(
            False,
            "http://odk.example.org",
            "http://localhost.example.org",
            "http://127.0.0.1.example.org",
            "http://127.0.0.1@odk.example.org",
            "http://10.0.0.1",
            "ftp://localhost",
            "file:///etc/passwd",
            query=True,
        )

    def test_an_address_holds_no_password_and_nothing_that_is_not_sent(self):
        self.assertEach(
            False,
            "https://me@odk.example.org",
            "https://me:secret@odk.example.org",
            "https://:secret@odk.example.org",
            "http://me:secret@localhost",
            "https://odk.example.org/#part",
            query=True,
        )

    def test_what_is_no_address_is_not_secure(self):
        self.assertEach(
            False,
            False,
            "",
            "odk.example.org",
            "//odk.example.org",
            "https://",
            "https:///path",
            "https://[::1",
            query=True,
        )

    def test_a_question_mark_only_where_it_may_be(self):
        questions = "https://odk.example.org/?x=1", "http://localhost?x=1"
        self.assertEach(False, *questions)
        self.assertEach(True, *questions, query=True)
