"""Each role, and what would give a private key away."""

import logging
from contextlib import contextmanager

from odoo.service.model import call_kw
from odoo.tests import new_test_user

from ..models.g2p_spar_key_store import sealed_of
from ..spar import keys
from .key_case import KeyCase
from .key_material import (
    PASSWORD,
    certificate_pem,
    encoded,
    p12,
    private_pem,
    rsa_key,
)

ADDONS = "g2p_spar_financial_address", "g2p_spar_sync_queue"
KEY_MODELS = "g2p.spar.key", "g2p.spar.key.generate", "g2p.spar.connection"
#: Public methods of ours that do something for good; what they answer is looked at
#: last.
ENDING = {"unlink"}
#: Shorter pieces of a key may be anywhere by chance.
PIECE = 24


def pieces_of(key, *more):
    """Return what of a private key must not be found, in every spelling."""
    numbers = key.private_numbers()
    secret = [numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1]
    # The first bytes are the modulus, which is public.
    tail = keys.to_der(key)[-600:]
    pem = private_pem(key)
    texts = [format(number, form) for number in secret for form in ("d", "x", "X")]
    texts += [line for line in pem.decode().splitlines()[14:-2]]
    texts += [encoded(content) for content in (pem, *more)]
    texts += [encoded(tail[shift:]) for shift in range(3)]
    texts += [tail.hex(), repr(tail)[2:-1]]
    middles = (text[len(text) // 2 :] for text in texts)
    return {text[:PIECE] for text in middles if len(text) >= PIECE} | {
        "PRIVATE KEY",
        PASSWORD.decode(),
    }


class ProtectedCase(KeyCase):
    """Each role, and each way a client has of learning something."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = cls.env["ir.model.data"].search(
            [("model", "=", "res.groups"), ("module", "in", ADDONS)]
        )
        roles = {data.complete_name: [data.complete_name] for data in groups}
        roles |= {
            "nobody": ["base.group_user", "base.group_allow_export"],
            "portal": ["base.group_portal"],
            "public": ["base.group_public"],
            "admin": [
                "base.group_system",
                "base.group_no_one",
                "base.group_allow_export",
                "g2p_spar_sync_queue.group_manager",
            ],
        }
        for role, names in roles.items():
            if "." in role:
                names += ["base.group_user", "base.group_allow_export"]
        cls.users = {
            role: new_test_user(cls.env, f"p_{number}", ",".join(names))
            for number, (role, names) in enumerate(roles.items())
        }
        cls.users["superuser"] = cls.env.ref("base.user_root")

    def setUp(self):
        super().setUp()
        self.private = rsa_key(7)
        self.locked = p12(self.private)
        self.pem = private_pem(self.private)
        uploaded = self.upload(self.locked, None, PASSWORD)
        file = self.file("k.pem", self.pem + certificate_pem(self.private))
        in_file = self.Key.create(
            {
                "name": "In a file",
                "connection_id": self.connection.id,
                "source": "file",
                "key_path": file,
            }
        )
        self.set_environment(
            SPAR_T_P12=encoded(self.locked), SPAR_T_WORD=PASSWORD.decode()
        )
        in_variable = self.Key.create(
            {
                "name": "In a variable",
                "connection_id": self.connection.id,
                "source": "environment",
                "key_variable": "SPAR_T_P12",
                "password_variable": "SPAR_T_WORD",
            }
        )
        self.records = (uploaded | in_file | in_variable).with_user(self.env.user)
        uploaded.action_switch_now()
        self.sealed = sealed_of(uploaded)
        self.pieces = pieces_of(self.private, self.locked, self.pem) | {
            self.sealed[20:60],
            self.secret,
        }
        self.env.flush_all()
        self.env.invalidate_all()

    # === LOOKING === #

    def leaks(self, text):
        """Return the pieces of the key in a text."""
        return {piece for piece in self.pieces if piece in text}

    @contextmanager
    def watched(self, *what):
        """What is answered, raised, or logged in this block gives nothing away.

        Gives a list to put answers into.
        """
        seen = []
        with self.assertLogs("odoo", level="DEBUG") as logs:
            logging.getLogger("odoo").warning("one line at least")
            try:
                with self.env.cr.savepoint():
                    yield seen
            except AssertionError:
                raise
            # Whatever else is raised is shown to somebody.
            except Exception as error:
                seen.append((repr(error), str(error), repr(error.__cause__)))
        # Whatever Odoo is sent it writes to this one log itself, at level DEBUG.
        lines = [line for line in logs.output if ":odoo.service.model:call" not in line]
        text = " ".join([*map(repr, seen), *map(str, seen), *lines])
        with self.subTest(what):
            self.assertFalse(self.leaks(text))

    def rpc(self, user, model, method, *args, **kwargs):
        """Call a method as a client of this user does."""
        return call_kw(self.env(user=user)[model], method, list(args), kwargs)
