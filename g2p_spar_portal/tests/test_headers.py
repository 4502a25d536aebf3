from odoo.tests import tagged

from .common import PortalCase

PATHS = (
    "/my/people",
    "/my/people/{id}",
    "/my/people/{id}/payment",
    "/my/people/2147483648",
    "/my/people/nobody",
    "/my/people/{id}/payment/none",
    "/my/register",
)


@tagged("post_install", "-at_install")
class TestHeaders(PortalCase):
    """No other site shows these pages within its own, or adds scripts to them."""

    def check(self, response):
        headers = response.headers
        self.assertEqual(headers.get("X-Frame-Options"), "DENY")
        self.assertEqual(headers.get("X-Content-Type-Options"), "nosniff")
        policy = headers.get("Content-Security-Policy", "")
        for part in (
            "frame-ancestors 'none'",
            "default-src 'self'",
            "form-action 'self'",
            "base-uri 'self'",
            "object-src 'none'",
        ):
            self.assertIn(part, policy)
        self.assertEqual(headers["Referrer-Policy"], "same-origin")

    def test_every_answer_says_so(self):
        for user in (None, self.agent, self.agent_b):
            if user:
                self.sign_in(user)
            for path in PATHS:
                path = path.format(id=self.registrant.id)
                for method in ("GET", "POST", "PUT", "OPTIONS"):
                    with self.subTest(user=user and user.login, path=path, by=method):
                        self.check(
                            self.url_open(path, method=method, allow_redirects=False)
                        )

    def test_a_path_with_a_nul_is_not_there(self):
        for user in (None, self.agent):
            if user:
                self.sign_in(user)
            for path in (
                "/my/people/%00",
                "/my/people%00",
                f"/my/people/{self.registrant.id}%00",
                f"/my/people/{self.registrant.id}/payment%00/",
                "/my/register/%00/identity",
                "/%00my/people",
            ):
                with self.subTest(path, user=user and user.login):
                    response = self.url_open(path, allow_redirects=False)
                    self.assertEqual(response.status_code, 404)

    def test_a_query_with_a_nul_is_no_error(self):
        self.sign_in()
        for query in ("q=%00", "state=%00", "page=%00", "x%00y=1"):
            with self.subTest(query):
                response = self.url_open(f"/my/people?{query}", allow_redirects=False)
                self.assertLess(response.status_code, 500)
