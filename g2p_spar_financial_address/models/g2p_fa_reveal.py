import logging
import math

from dateutil.relativedelta import relativedelta
from psycopg2.errors import LockNotAvailable

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import ADMINISTRATOR
from ..toolkit.transactions import alone, autonomous

_logger = logging.getLogger(__name__)

#: Questions whether a whole number is known that one person may ask: number, seconds.
QUESTIONS = (60, 3600)

#: Above this many in an hour, an administrator is asked to look.
MANY_QUESTIONS = 30

ALARM = "g2p_spar_financial_address.activity_questions"


class G2pFaReveal(models.Model):
    """Who was shown a whole account number, phone number, e-mail address or proof.

    And who asked for a whole number: an answer to such a question tells a number, too.
    """

    _name = "g2p.fa.reveal"
    _description = "Number shown"
    _order = "id desc"

    address_id = fields.Many2one(
        "g2p.financial.address",
        string="Payment address",
        readonly=True,
        index=True,
        ondelete="set null",
    )
    # Kept when the address itself is gone.
    partner_id = fields.Many2one(
        "res.partner", string="Registrant", readonly=True, ondelete="set null"
    )
    masked = fields.Char("Number", readonly=True)
    user_id = fields.Many2one("res.users", string="Shown to", readonly=True)
    create_date = fields.Datetime("Shown on", readonly=True)
    way = fields.Selection(
        [
            ("reveal", "Revealed"),
            ("read", "Opened"),
            ("export", "Exported"),
            ("proof", "Proof opened"),
            ("search", "Asked for a whole number"),
            ("subject", "Given to the person"),
            ("collected", "Shown as it was collected"),
        ],
        required=True,
        readonly=True,
        help="A search for a whole number that no registrant has leaves a row "
        "without a payment address.",
    )
    _asked = models.Index("(create_date) WHERE way = 'search'")

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Who saw which number is not deleted."))

    @api.model
    def _note(self, addresses, way):
        """Record that something of these addresses was shown to the user."""
        self.sudo().create(
            [
                {
                    "address_id": address.id,
                    "partner_id": address.partner_id.id,
                    "masked": address.masked,
                    "user_id": self.env.uid,
                    "way": way,
                }
                for address in addresses.sudo()
            ]
        )

    @api.private
    @api.model
    def note_without_address(self, way, partner=None, masked=False):
        """Record that the user was shown something that is of no address.

        :param res.partner partner: the registrant, if it was about one
        :param str masked: the number in its place, if it was one
        """
        self.sudo().create(
            {
                "partner_id": partner and partner.id,
                "masked": masked,
                "way": way,
                "user_id": self.env.uid,
            }
        )

    # === QUESTIONS FOR WHOLE NUMBERS === #

    @api.model
    def _count_question(self, *people):
        """Count a question against a limit of an hour.

        :param people: whose question it is, as texts; the user without any
        :raise UserError: when there were too many
        """
        limit, seconds = QUESTIONS
        keys = people or (f"user|{self.env.uid}",)
        wait = self.env["g2p.fa.rate"].take_all(
            [(f"number|{key}", limit, seconds) for key in keys]
        )
        if wait:
            raise UserError(
                self.env._(
                    "You have asked for many numbers. Try again in %s minutes.",
                    math.ceil(wait / 60),
                )
            )

    @api.model
    def _note_question(self, found):
        """Record a question for a whole number, with the addresses that were found.

        In a transaction of its own: a caller could make its own one fail, and learn the
        answer from the kind of failure.
        """
        try:
            with autonomous(self.env) as env:
                there = env["g2p.financial.address"].browse(found.ids).exists()
                log = env["g2p.fa.reveal"].with_user(self.env.uid)
                if there:
                    log._note(there, "search")
                else:
                    log.note_without_address("search")
        except LockNotAvailable:
            # Another transaction, maybe this one, holds the address or the registrant.
            self._note(found, "search")

    @api.model
    def _watch_questions(self):
        """Alert an administrator to a user who asked for many numbers this hour."""
        hour_ago = fields.Datetime.now() - relativedelta(hours=1)
        rows = self.env.execute_query(
            SQL(
                # One question may find several addresses, all of one number.
                """SELECT user_id, number FROM (
                       SELECT user_id,
                              count(DISTINCT (create_date, masked))
                                    FILTER (WHERE masked IS NOT NULL)
                              + count(*) FILTER (WHERE masked IS NULL) AS number
                         FROM g2p_fa_reveal
                        WHERE way = 'search' AND create_date > %s
                          AND user_id IS NOT NULL
                        GROUP BY user_id) asked
                    WHERE number > %s""",
                hour_ago,
                MANY_QUESTIONS,
            )
        )
        for user_id, count in rows:
            person = self.env["res.users"].browse(user_id)
            alone(self.env, self._alert_questions, person, count)

    @api.model
    def _alert_questions(self, person, count):
        administrators = self.env.ref(ADMINISTRATOR).sudo().all_user_ids
        self.env["mail.activity"]._alert_to_person(
            ALARM,
            person,
            person.partner_id,
            administrators,
            summary=self.env._("Many numbers asked for by %s", person.name),
            note=self.env._(
                "%(name)s asked for %(count)s whole numbers within an hour. Look at "
                "them in the list of numbers shown.",
                name=person.name,
                count=count,
            ),
        )
