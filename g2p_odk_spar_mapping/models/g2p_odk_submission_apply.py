import logging

from psycopg2 import Error as DatabaseError

from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import groupby

from odoo.addons.g2p_spar_financial_address.const import LIVE_STATES
from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import quiet, trusted

from ..pipeline.error_texts import ERROR_KINDS
from ..pipeline.planning import Source
from ..pipeline.staging import COUNTED
from ..pipeline.submission_order import BLOCKING, SubmissionOrder, first_of_each, moment

_logger = logging.getLogger(__name__)


class G2pOdkSubmission(models.Model):
    """Applies submissions: creates registrants and addresses, in order by registrant.

    The submission of a registrant with the latest date of submission decides where they
    are paid. One that cannot be imported is set aside and stops only later submissions
    of the same registrant.
    """

    _inherit = "g2p.odk.submission"

    state = fields.Selection(selection_add=[("waiting", "Waiting")])
    error_kind = fields.Selection(selection_add=ERROR_KINDS)
    registrant_key = fields.Char(
        "ID of the registrant",
        readonly=True,
        copy=False,
        help="As it was collected or corrected. Submissions of one registrant are "
        "applied in order, also if they were collected under different IDs.",
    )
    about_id = fields.Many2one(
        "res.partner",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The registrant with the ID that was collected or corrected, also while "
        "it is set aside: only users of their company see it.",
    )
    held_by_id = fields.Many2one(
        "g2p.odk.submission",
        string="Waits for",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    superseded = fields.Boolean(
        readonly=True,
        copy=False,
        help="A later submission of this registrant says where they are paid.",
    )
    attempts = fields.Integer("Set aside (times)", readonly=True, copy=False)
    payment_print = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)

    _of_registrant = models.Index("(registrant_key) WHERE registrant_key IS NOT NULL")

    # === APPLYING === #

    def _apply(self):
        """Import these staged submissions, each independent of the others.

        An error of one submission undoes only that one, and is stored with it in words;
        the others are imported.
        """
        result = super()._apply()
        # With sudo, also when a user starts it: the author is the collector.
        everything = quiet(self.with_user(SUPERUSER_ID))
        due = everything.filtered(lambda one: one.state == "staged" and one._counts())
        ready = due.form_id.filtered(lambda form: not form._mapping_problems())
        due = due.filtered(lambda one: one.form_id in ready)
        corrections = due._corrections()
        pending = sorted(due, key=moment)
        sources = {one: one._source(corrections) for one in pending}
        plans = due._read_plans(sources)
        # A submission that turns out to be about another registrant no longer stops
        # those of its former ID.
        moved = due.filtered(lambda one: one.registrant_key != plans[one].key)
        standing = SubmissionOrder(everything, plans.values())
        while pending:
            wave, pending = first_of_each(pending, plans)
            everything._apply_wave(wave, sources, plans, standing)
        # Submissions that waited for one of these may be applied now, or wait for
        # another.
        released = (moved | (due - due.filtered_domain(BLOCKING)))._held()
        if released:
            released._stage_again()
            released._apply()
        return result

    def _counts(self):
        """Return whether this counts by the current policy of its form.

        The policy may have changed since this was staged; then all is read again.
        """
        review = self.review_state
        return (None if review == "received" else review or None) in COUNTED[
            self.form_id.review_policy
        ]

    def _corrections(self):
        found = self.env["g2p.odk.correction"].search(
            [("submission_id", "in", self.ids)]
        )
        return found._in_force()

    def _source(self, corrections):
        return Source(
            self.payload or {},
            corrections.get(self.id, {}),
            self.partner_id,
            bool(self.confirmed_version) and self.confirmed_version == self.version,
            tuple((self.twins or "").split()),
        )

    def _read_plans(self, sources):
        """Return the first part of each plan, by submission."""
        plans = {}
        for form, batch in self.grouped("form_id").items():
            read = form._read_all([sources[one] for one in batch])
            plans.update(zip(batch, read, strict=True))
        keys = {plan.key for plan in plans.values() if plan.key}
        found = self.env["res.partner"]._spar_find(keys)
        for one, plan in plans.items():
            people = found[plan.key] if plan.key else one.partner_id
            plan.whom = people.id if len(people) == 1 else plan.key
        return plans

    def _apply_wave(self, wave, sources, plans, standing):
        """Import submissions of different registrants."""
        free = self.browse()
        for one in wave:
            blocker = standing.blocker(plans[one].whom, one)
            if blocker:
                one._hold(blocker, plans[one])
            else:
                free |= one
        done = free.filtered(lambda one: one.applied_version == one.version)
        for one in done:
            one.write({"state": "applied", **CLEARED})
            standing.note(plans[one].whom, one)
        todo = free - done
        for one in todo:
            one._check_companies(plans[one])
        for form, batch in todo.grouped("form_id").items():
            form._complete(
                [sources[one] for one in batch], [plans[one] for one in batch]
            )
        rows = [(one, plans[one]) for one in todo]
        for one, plan in rows:
            one._check_standing(plan, standing)
        self._check_newer(rows, sources)
        self._enter([(one, plan) for one, plan in rows if not plan.kind])
        for one, plan in rows:
            if plan.kind:
                one._set_aside(plan)
            standing.note(plan.whom, one)

    def _check_companies(self, plan):
        """Leave out what users of another company have corrected or confirmed.

        It would decide where the registrant is paid.
        """
        home = self.env["res.partner"].browse(plan.about or None).company_id
        said = self._corrections_now().filtered("value")
        people = (said.create_uid | self._confirmer()).filtered(
            lambda user: user.id != SUPERUSER_ID
        )
        if any(home - user.company_ids for user in people):
            plan.kind = "refused"
            plan.text = self.env._(
                "A user who is not allowed in the registrant's company has corrected "
                "or confirmed this. Correct the same values again."
            )

    def _check_standing(self, plan, standing):
        """Leave out what a later submission of the registrant has said already.

        Those are marked as superseded whose payment address is left out.
        """
        counts = not plan.kind
        if counts and standing.is_overtaken(plan.whom, self):
            plan.contact = {}
        superseded = counts and standing.is_overtaken(plan.whom, self, paid=True)
        if superseded:
            plan.address, plan.print = None, None
        if self.superseded != superseded:
            self.superseded = superseded

    def _check_newer(self, rows, sources):
        """Set aside submissions older than what was done in the registry since."""
        asking = {
            plan.partner.id: (one, plan)
            for one, plan in rows
            if not plan.kind
            and plan.address
            and plan.partner
            and one.payment_print != plan.print
            and not sources[one].confirmed
        }
        live = self.env["g2p.financial.address"].search_fetch(
            [("partner_id", "in", list(asking)), ("state", "in", LIVE_STATES)],
            ["partner_id", "state", "channel", "create_date"],
        )
        for address in live.filtered(lambda address: address.channel != "odk"):
            one, plan = asking[address.partner_id.id]
            if address.create_date > one._said_at() and not address.is_place(
                plan.address
            ):
                plan.kind = "newer"
                plan.text = self.env._(
                    "Another address was entered in the registry after this one was "
                    "collected. Import it only if this is where they want to be paid."
                )
        paid = live.filtered(lambda address: address.state == "effective").partner_id
        ended = live._read_group(
            [
                ("partner_id", "in", list(asking.keys() - set(paid.ids))),
                ("state", "=", "ended"),
                ("effective_date", "!=", False),
            ],
            ["partner_id"],
            ["end_date:max"],
        )
        for partner, ended_at in ended:
            one, plan = asking[partner.id]
            if ended_at > one._said_at():
                plan.kind = "newer"
                plan.text = self.env._(
                    "The payment address was ended in the registry after this one was "
                    "collected. Import it only if they are to be paid again."
                )

    def _said_at(self):
        """Return the time of the submission's answers, by Central's clock.

        Central's last date is that of an edit until the submission is reviewed again.
        """
        edited = self.version > 1 and self.review_state == "edited"
        return edited and self.updated_at or self.submitted_at or self.create_date

    # === ENTERING === #

    def _enter(self, rows):
        """Enter the plans; halve the batch when a rule or the database refuses it.

        :param list rows: pairs of submission and plan; refused plans get their error
        """
        if not rows:
            return
        try:
            with self.env.cr.savepoint():
                self._enter_all(rows)
            return
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            # The transaction is lost; the run does the batch again.
            raise
        except Exception as problem:  # noqa: BLE001
            if len(rows) == 1:
                self._set_refused(*rows[0], problem)
                return
        half = len(rows) // 2
        self._enter(rows[:half])
        self._enter(rows[half:])

    def _set_refused(self, one, plan, problem):
        if isinstance(problem, UserError):
            plan.kind, plan.text = "refused", str(problem)
        elif isinstance(problem, DatabaseError):
            plan.kind = "refused"
            plan.text = self.env._("The database refused this submission.")
        else:
            one.form_id._set_unexpected(plan, problem)

    def _enter_all(self, rows):
        self._enter_registrants(rows)
        addresses = self._enter_addresses(rows)
        for one, plan in rows:
            address = addresses.get(one, one.address_id)
            one.write(
                {
                    "state": "applied",
                    "applied_version": one.version,
                    "partner_id": plan.partner.id,
                    "about_id": plan.partner.id,
                    "address_id": address.id,
                    "payment_print": plan.print or one.payment_print,
                    "registrant_key": plan.key,
                    "withdrawal_told": False,
                    **CLEARED,
                }
            )
        self.env.flush_all()

    def _enter_registrants(self, rows):
        fresh = [row for row in rows if row[1].new]
        for people, some in groupby(fresh, lambda row: row[0]._people()):
            newcomers = trusted(self.env["res.partner"], "odk")
            if people:
                # Corrected and confirmed values count as entered by that user: with the
                # rules of that user's channel, and in that user's name.
                newcomers = trusted(newcomers.with_user(people[0]).sudo(), "admin")
            partners = newcomers.create([plan.new for _one, plan in some])
            for (_one, plan), partner in zip(some, partners, strict=True):
                plan.partner = partner.with_env(self.env)
        for _one, plan in rows:
            if plan.contact:
                plan.partner.with_env(self.env).write(plan.contact)

    def _enter_addresses(self, rows):
        """Enter the addresses that are not in use already.

        :return: the address of each submission with a payment address
        :rtype: dict
        """
        Address = self.env["g2p.financial.address"]
        asking = [
            (one, plan) for one, plan in rows if plan.address and one._asks_anew(plan)
        ]
        entered = Address.submit(
            [{**plan.address, "partner_id": plan.partner.id} for _one, plan in asking],
            "odk",
            [one._origin_values() for one, _plan in asking],
        )
        return {
            one: address for (one, _plan), address in zip(asking, entered, strict=True)
        }

    def _asks_anew(self, plan):
        """Return whether this has another payment address than the version in use."""
        return (
            not self.address_id
            or self.partner_id != plan.partner
            or self.payment_print != plan.print
        )

    def _origin_values(self):
        """Return the source of an address, stored with it."""
        return {
            "odk_submission_id": self.id,
            "odk_instance": self.instance_id,
            "odk_version": self.version_id or str(self.version),
            "odk_submitter": self.submitter,
            "odk_device": self.device,
            "odk_submitted_at": self.submitted_at,
            "confirmed_on": self._said_at(),
            # A user who corrected or confirmed it cannot approve it as the second
            # person.
            "author_ids": [fields.Command.set(self._people().ids)],
        }

    def _people(self):
        """Return the users who corrected or confirmed this version."""
        return self._corrections_now().create_uid | self._confirmer()

    def _corrections_now(self):
        """Return the corrections of this version; those replaced have no value."""
        return self.correction_ids.filtered(lambda c: c.version == self.version)

    def _confirmer(self):
        """Return the user who confirmed this version, if there is one."""
        is_confirmed = self.confirmed_version == self.version
        return self.confirmed_by_id if is_confirmed else self.confirmed_by_id.browse()

    # === SETTING ASIDE, HOLDING AND GOING ON === #

    def _set_aside(self, plan):
        self.write(
            {
                "state": "set_aside",
                "error_kind": plan.kind,
                "error_text": plan.text,
                "registrant_key": plan.key,
                "about_id": plan.about,
                "held_by_id": False,
                "attempts": self.attempts + 1,
            }
        )

    def _hold(self, blocker, plan):
        self.write(
            {
                "state": "waiting",
                "error_kind": "held",
                "error_text": self.env._(
                    "An earlier submission of this registrant was set aside. Correct "
                    "or ignore that one, and this one goes on."
                ),
                "registrant_key": plan.key,
                "about_id": plan.about,
                "held_by_id": blocker.id,
            }
        )

    def _held(self):
        """Return the submissions that wait for one of these."""
        return self.search(
            [
                ("held_by_id", "in", self.ids),
                ("state", "=", "waiting"),
                ("error_kind", "=", "held"),
            ],
            order="submitted_stamp, instance_id",
        )

    def _stage_again(self):
        """Stage these again."""
        if self:
            self.write({"state": "staged", **CLEARED})

    def write(self, vals):
        result = super().write(vals)
        if {"state", "error_kind"} & vals.keys():
            free = self.filtered(lambda one: one._holds_back_nobody())
            if free:
                self.search([("held_by_id", "in", free.ids)])._stage_again()
        return result

    def _holds_back_nobody(self):
        """Return whether this does not count, or may wait for a review at Central."""
        for_review = self.state == "waiting" and self.error_kind != "held"
        return for_review or self.state in ("ignored", "removed")


#: Values of a submission without an error.
CLEARED = {"error_kind": False, "error_text": False, "held_by_id": False}
