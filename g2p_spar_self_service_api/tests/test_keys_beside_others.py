"""Calls that need an issuer's keys at the same moment, each with its own connection."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from odoo import fields
from odoo.tests import mute_logger, tagged

from odoo.addons.g2p_spar_financial_address.tests.beside_others import (
    BesideOthersCase,
    transaction,
)

from .. import fetching, jwks
from ..problems import Problem
from ..tokens import BadToken, look
from .common import AUDIENCE, Keys, claims, jwk, key_server, signed, telling

THREADS = 6
ISSUER = "https://beside-others.example.org"


@tagged("post_install", "-at_install")
class TestKeysBesideOthers(BesideOthersCase):
    def setUp(self):
        super().setUp()
        # However slow the machine is.
        self.patch(jwks, "TIMEOUT", 10)
        self.keys = [jwk(Keys.RSA, "one")]
        #: The key server answers once it may.
        self.may_answer = threading.Event()
        self.url, self.asked = self.enterContext(key_server(self.answer))
        self.addCleanup(self.may_answer.set)
        env = self.open()
        self.issuer = env["g2p.api.issuer"].create(
            {
                "name": "Beside others",
                "url": ISSUER,
                "audience": AUDIENCE,
                "algorithms": "RS256",
                "jwks_url": self.url,
                "id_template": "{id}",
            }
        )
        env.cr.commit()
        self.addCleanup(self.clean)

    def clean(self):
        env = self.open()
        env.cr.execute("DELETE FROM g2p_api_issuer WHERE id = %s", [self.issuer.id])
        env.cr.execute(
            "DELETE FROM mail_message WHERE model = %s AND res_id = %s",
            ["g2p.api.issuer", self.issuer.id],
        )
        env.cr.commit()

    def answer(self, handler):
        keys = list(self.keys)
        self.may_answer.wait(10)
        telling(keys)(handler)

    def hold(self, *keys):
        """Have these keys at the server, and others here."""
        kept = json.dumps({"keys": self.keys})
        self.keys = list(keys)
        env = self.open()
        self.issuer.with_env(env).write(
            {"jwks": kept, "jwks_date": fields.Datetime.now()}
        )
        env.cr.commit()

    def prove(self, token):
        """Do what one call does; return the ID in it, or why it is refused."""
        with transaction() as env:
            try:
                return env["g2p.api.issuer"]._prove(token, *look(token))[1]
            except (BadToken, Problem) as refusal:
                return str(refusal)

    def at_once(self, *tokens):
        """Prove these at once; the server answers when all who can wait do so."""
        with ThreadPoolExecutor(len(tokens)) as pool:
            answers = [pool.submit(self.prove, token) for token in tokens]
            self.until(lambda: self.locks() == len(tokens))
            self.may_answer.set()
            return [answer.result(10) for answer in answers]

    def until(self, condition):
        end = time.monotonic() + jwks.TIMEOUT
        while not condition():
            self.assertLess(time.monotonic(), end, "it never came to that")
            time.sleep(0.01)

    def locks(self):
        """Return how many fetch this issuer's keys, or wait for that."""
        return self.advisory_locks(fetching.FETCH_LOCK, self.issuer.id)

    def token(self, key=Keys.RSA, kid="one"):
        return signed(claims(iss=ISSUER), key=key, kid=kid)

    def test_first_calls_at_once_fetch_once_and_are_all_let_in(self):
        answers = self.at_once(*[self.token()] * THREADS)
        self.assertEqual(answers, ["SR-1"] * THREADS)
        self.assertEqual(len(self.asked), 1)
        self.assertEqual(self.locks(), 0)

    def test_calls_with_a_new_key_fetch_once_and_are_all_let_in(self):
        self.hold(jwk(Keys.OTHER, "two"))
        answers = self.at_once(*[self.token(Keys.OTHER, "two")] * THREADS)
        self.assertEqual(answers, ["SR-1"] * THREADS)
        self.assertEqual(len(self.asked), 1)

    def test_who_comes_right_after_the_fetch_is_let_in(self):
        """Their transaction began before the keys were kept."""
        late = self.open()
        row = late["g2p.api.issuer"]._row(ISSUER)
        self.may_answer.set()
        self.assertEqual(self.prove(self.token()), "SR-1")
        self.assertTrue(late["g2p.api.issuer"]._key(row, "one", "RS256"))
        self.assertEqual(len(self.asked), 1)

    def test_made_up_keys_are_refused_at_once_when_nothing_is_fetched(self):
        self.may_answer.set()
        self.assertEqual(self.prove(self.token()), "SR-1")
        self.may_answer.clear()
        begun = time.monotonic()
        with ThreadPoolExecutor(THREADS) as pool:
            tokens = [self.token(kid=f"no {number}") for number in range(3 * THREADS)]
            answers = list(pool.map(self.prove, tokens))
        self.assertEqual(answers, ["kid"] * len(tokens))
        self.assertLess(time.monotonic() - begun, jwks.TIMEOUT)
        self.assertEqual(len(self.asked), 1)

    def test_a_known_key_waits_for_nobody(self):
        self.hold(jwk(Keys.RSA, "one"))
        with ThreadPoolExecutor(1) as pool:
            stranger = pool.submit(self.prove, self.token(kid="no"))
            self.until(lambda: self.asked)
            env = self.open()
            env.cr.execute(
                """UPDATE g2p_api_issuer SET jwks_date = jwks_date - interval '2 hours'
                    WHERE id = %s""",
                [self.issuer.id],
            )
            env.cr.commit()
            # Also when its keys are due to be fetched again.
            self.assertEqual(self.prove(self.token()), "SR-1")
            self.assertFalse(stranger.done())
            self.may_answer.set()
            self.assertEqual(stranger.result(10), "kid")
        self.assertEqual(len(self.asked), 1)

    def test_nobody_waits_longer_than_a_fetch_may_last(self):
        self.patch(jwks, "TIMEOUT", 0.2)
        self.patch(fetching, "KEEPING", 0.2)
        fetcher = self.open()
        self.assertTrue(fetching.begin(fetcher.cr, self.issuer.id))
        begun = time.monotonic()
        with mute_logger("odoo.sql_db"):
            self.assertEqual(self.prove(self.token()), "issuer_unavailable")
        self.assertTrue(0.4 <= time.monotonic() - begun < 3)
        self.assertEqual(self.asked, [])

    def test_who_waited_for_a_fetch_in_vain_is_refused(self):
        self.keys = []
        with mute_logger("odoo.addons.g2p_spar_self_service_api"):
            answers = self.at_once(*[self.token()] * THREADS)
        self.assertEqual(answers, ["issuer_unavailable"] * THREADS)
        self.assertEqual(len(self.asked), 1)

    def test_an_issuer_that_is_being_changed_keeps_nobody(self):
        """The keys are good for this call, and fetched again by another one."""
        self.patch(fetching, "KEEPING", 0.2)
        env = self.open()
        env.cr.execute(
            "SELECT 1 FROM g2p_api_issuer WHERE id = %s FOR UPDATE", [self.issuer.id]
        )
        self.may_answer.set()
        begun = time.monotonic()
        self.assertEqual(self.prove(self.token()), "SR-1")
        self.assertLess(time.monotonic() - begun, jwks.TIMEOUT)
        self.assertFalse(self.issuer.with_env(self.open()).jwks)
