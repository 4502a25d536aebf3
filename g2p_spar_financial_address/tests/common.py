import importlib.util
from contextlib import contextmanager
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import SQL
from odoo.tools.misc import file_path

from ..toolkit import transactions
from ..toolkit.context_flags import APPROVED, marked

ADDON = "g2p_spar_financial_address"


def tables_with(env, texts):
    """Return where one of these texts is stored: pairs of table and text."""
    env.flush_all()
    env.cr.execute(
        """SELECT table_name FROM information_schema.tables
            WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"""
    )
    found = []
    for (table,) in env.cr.fetchall():
        query = SQL(
            "SELECT DISTINCT x FROM %s t, unnest(%s) x"
            " WHERE t::text LIKE '%%' || x || '%%'",
            SQL.identifier(table),
            list(texts),
        )
        found += [(table, text) for (text,) in env.execute_query(query)]
    return found


#: What the tests replace.
_second_cursor = transactions.second_cursor


class OneTransactionCase(TransactionCase):
    """Work in the background does not end the transaction of the test.

    It flushes where it would commit. What needs real commits is a
    :class:`~.beside_others.BesideOthersCase`.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.classPatch(transactions, "end_transaction", lambda cr: None)
        cls.classPatch(transactions, "abandon_transaction", lambda cr: None)
        cls.classPatch(transactions, "second_cursor", cls._cursor_of_the_test)

    @classmethod
    @contextmanager
    def _cursor_of_the_test(cls, env):
        if cls._registry_patched:
            # The registry gives a cursor within the transaction of the test.
            with _second_cursor(env) as cr:
                yield cr
        else:
            env.flush_all()
            yield env.cr

    @contextmanager
    def recorded_questions(self):
        """Give a list that gets what each recorded question for a number found."""
        Reveal = self.registry["g2p.fa.reveal"]
        note, recorded = Reveal._note_question, []

        def note_and_remember(log, found):
            recorded.append(found)
            return note(log, found)

        with patch.object(Reveal, "_note_question", note_and_remember):
            yield recorded


class FinancialAddressCase(OneTransactionCase):
    """A bank, two operators and one registrant, without any demo data."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = cls.env["g2p.dfsp"].create(
            {
                "name": "First Bank",
                "code": "FB",
                "fa_type": "bank_account",
                "branch_ids": [(0, 0, {"name": "North", "code": "NB01"})],
            }
        )
        cls.operator = cls.env["g2p.dfsp"].create(
            {
                "name": "M-Cash",
                "code": "MC",
                "fa_type": "mobile_wallet",
                "country_id": cls.env.ref("base.tz").id,
            }
        )
        cls.mail_operator = cls.env["g2p.dfsp"].create(
            {"name": "PayMail", "code": "PM", "fa_type": "email_wallet"}
        )
        cls.registrant = cls.env["res.partner"].create(
            {
                "name": "Asha Juma",
                "is_registrant": True,
                "spar_id": "SR-1",
                "phone": "+255 754 100 001",
                "email": "asha@home.example",
            }
        )

    @contextmanager
    def assertRefused(self, message):
        """The block raises an error for the user that says this, and stores nothing."""
        with self.assertRaisesRegex(UserError, message), self.env.cr.savepoint():
            yield

    @classmethod
    def make_ids_from(cls, id_source, id_template="{id}"):
        """Let SPAR IDs come from these fields of the contact."""
        cls.approved(cls.env["g2p.fa.settings"].current()).write(
            {
                "id_source": id_source,
                "id_template": id_template,
                "confirm_relink": True,
            }
        )

    def upgrade(self, addon, version, stage="post", topic="migration"):
        """Run what an addon does when it is upgraded to this version.

        :param str stage: ``pre`` for what is done before the addon is loaded
        :param str topic: the rest of the script's name
        """
        path = file_path(f"{addon}/migrations/{version}/{stage}-{topic}.py")
        spec = importlib.util.spec_from_file_location("migration", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.env.flush_all()
        module.migrate(self.env.cr, "before")
        self.env.invalidate_all()

    def tables_with(self, texts):
        return tables_with(self.env, texts)

    @classmethod
    def new_user(cls, login, *groups):
        """Return a user with these groups of the addon, or of another by full name."""
        names = [
            group if "." in group else f"{ADDON}.group_{group}" for group in groups
        ]
        return new_test_user(cls.env, login, groups=",".join(names))

    @classmethod
    def new_registrant(cls, name, spar_id=False, **values):
        return cls.env["res.partner"].create(
            {"name": name, "is_registrant": True, "spar_id": spar_id, **values}
        )

    @classmethod
    def set_policy(cls, fa_type="mobile_wallet", **values):
        policy = cls.env["g2p.fa.policy"].search([("fa_type", "=", fa_type)])
        # A milder policy would wait.
        cls.approved(policy).write(values)

    @staticmethod
    def approved(records):
        """Return records that are written as if a second person had agreed."""
        return marked(records, APPROVED)

    @classmethod
    def enter_address(cls, mobile_number="0754 200 001", user=None, **values):
        """Enter an address as a channel does: by default a wallet at M-Cash."""
        env = cls.env(user=user) if user else cls.env
        return env["g2p.financial.address"].create(
            {
                "partner_id": cls.registrant.id,
                "fa_type": "mobile_wallet",
                "dfsp_id": cls.operator.id,
                "mobile_number": mobile_number,
                "reason": "Asked for by the registrant",
                **values,
            }
        )

    @classmethod
    def enter_bank_account(cls, account_number="0123456789", **values):
        return cls.enter_address(
            mobile_number=False,
            fa_type="bank_account",
            dfsp_id=cls.bank.id,
            branch_id=cls.bank.branch_ids.id,
            account_number=account_number,
            **values,
        )
