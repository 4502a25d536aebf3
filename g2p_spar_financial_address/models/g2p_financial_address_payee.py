from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ..const import (
    APPROVER,
    EDITOR,
    MANDATE_FIELDS,
    PAYEE_DETAILS,
    PAYEE_FIELDS,
    PAYEE_OTHER,
    PAYEE_SELF,
    PAYEES,
    RELATIONS,
    RETURNED,
)
from ..toolkit.transactions import in_chunks
from ..toolkit.value_checks import checked
from ..values import checks, identifiers

EDITOR_OR_APPROVER = f"{EDITOR},{APPROVER}"

RENEWAL = "g2p_spar_financial_address.activity_mandate"

#: What is empty where the registrant receives the money.
_OF_OTHER = dict.fromkeys((*PAYEE_DETAILS, *MANDATE_FIELDS), False)

#: Addresses whose mandates are looked at in one transaction.
CHUNK = 100


def _spelled(name):
    """Return a name as it is compared: in capitals, it is the same person's."""
    return identifiers.normal(name).casefold()


class G2pFinancialAddress(models.Model):
    """Who receives the money: the registrant, or another person with a mandate.

    The payee is a part of the address: another payee is another address, with the same
    approval and history. SPAR does not get it. When the mandate ends, the address ends.
    """

    _inherit = "g2p.financial.address"

    payee = fields.Selection(
        PAYEES, string="Who receives the money", required=True, default=PAYEE_SELF
    )
    payee_name = fields.Char(
        "Name of the payee", help="The person who receives the money."
    )
    payee_relation = fields.Selection(RELATIONS, string="Relation to the registrant")
    payee_id_number = fields.Char(
        "ID number of the payee", groups=EDITOR_OR_APPROVER, copy=False
    )
    payee_until = fields.Date(
        "Mandate until",
        help="The last day of the mandate. An editor gets a to-do before; after this "
        "day the address is ended. Empty: it has no end.",
    )
    mandate = fields.Binary(
        "Proof of the mandate",
        attachment=True,
        copy=False,
        groups=EDITOR_OR_APPROVER,
        help="For example the decision of a court, or a signed form: optional.",
    )
    mandate_name = fields.Char(
        "File name of the mandate", groups=EDITOR_OR_APPROVER, copy=False
    )
    _mandates = models.Index(
        "(payee_until) WHERE state = 'effective' AND payee_until IS NOT NULL"
    )

    # === ONCHANGE === #

    @api.onchange("payee")
    def _onchange_payee(self):
        if self.payee == PAYEE_SELF:
            self.update(_OF_OTHER)

    # === VALUES === #

    def _name_of_payee(self):
        """Return the name of the person who receives the money."""
        self.ensure_one()
        if self.payee == PAYEE_OTHER:
            return self.payee_name
        # A form may be opened before the registrant is chosen.
        return self.partner_id._spar_get_name() if self.partner_id else False

    @api.private
    def payee_text(self):
        """Return the other person who receives the money, with the mandate, or ``""``.

        Without the ID number, which fewer people may read.
        """
        if self.payee != PAYEE_OTHER:
            return ""
        relations = dict(
            self._fields["payee_relation"]._description_selection(self.env)
        )
        until = self.payee_until and self.env._(
            "mandate until %s", format_date(self.env, self.payee_until)
        )
        parts = self.payee_name, relations.get(self.payee_relation), until
        return " · ".join(part for part in parts if part)

    def _clean_payee(self, vals, cleaned, problems):
        """Check what is said of the payee.

        What is said of another person means that another person is paid.

        :param dict vals: as they are said
        :param dict cleaned: those in their normal form; the payee is put into it, or
            taken out where nothing is said
        :param dict problems: messages by field; what is wrong is added
        """
        draft = self.sudo()
        self._clean_payee_details(vals, cleaned, problems)
        said = [name for name in PAYEE_DETAILS if vals.get(name)]
        payee = vals.get("payee") or (said and PAYEE_OTHER) or draft.payee
        if not payee:
            for name in PAYEE_FIELDS:
                cleaned.pop(name, None)
            return
        cleaned["payee"] = payee
        if payee not in dict(PAYEES):
            problems["payee"] = self.env._("Choose who receives the money.")
        elif payee == PAYEE_SELF:
            cleaned.update(_OF_OTHER)
            if said:
                problems["payee"] = self.env._(
                    "Either the registrant receives the money, or the payee who is "
                    "named. Choose one."
                )
        elif not cleaned.get("payee_name", draft.payee_name):
            problems.setdefault(
                "payee_name",
                self.env._("Enter the name of the person who receives the money."),
            )

    def _clean_payee_details(self, vals, cleaned, problems):
        rules = {
            "payee_relation": self._cleaned_relation,
            "payee_id_number": self._cleaned_id_number,
            "payee_until": self._cleaned_until,
        }
        for name in rules.keys() & vals.keys():
            try:
                cleaned[name] = rules[name](vals[name] or False)
            except ValidationError as problem:
                problems[name] = str(problem)

    @api.model
    def _cleaned_relation(self, relation):
        if relation and relation not in dict(RELATIONS):
            raise ValidationError(self.env._("Choose the relation from the list."))
        return relation

    @api.model
    def _cleaned_id_number(self, text):
        label = self._fields["payee_id_number"]._description_string(self.env)
        placeholders = self.env["g2p.fa.settings"]._placeholders()
        return checked(self.env, checks.clean_id, text, label, placeholders) or False

    @api.model
    def _cleaned_until(self, text):
        try:
            until = fields.Date.to_date(text) or False
        except (TypeError, ValueError):
            raise ValidationError(
                self.env._("Mandate until: write the date as 2030-12-31.")
            ) from None
        self._check_not_over(until)
        return until

    def _is_mandate_over(self):
        """Return whether the last day of this payee's mandate has passed."""
        self.ensure_one()
        return self._is_over(self.payee_until)

    @api.model
    def _is_over(self, until):
        return bool(until) and until < fields.Date.today()

    @api.model
    def _check_not_over(self, until):
        if self._is_over(until):
            raise ValidationError(
                self.env._(
                    "The mandate of the payee has ended. Enter until when it is "
                    "renewed, or another payee."
                )
            )

    def _check_mandates(self):
        """Refuse addresses with a payee whose mandate is over.

        :raise ValidationError: also on approval, if it was not over on entry
        """
        for address in self:
            self._check_not_over(address.payee_until)

    @api.model
    def _with_payee(self, values, current):
        """Return clean values with what they leave open of the payee.

        A channel that has not asked does not change who is paid. Of the same payee,
        it also keeps what it has not asked for, and the proof of the same mandate. That
        is the payee in use; of what waits or is incomplete only where none is in use.

        :param dict values: of one address, clean
        :param current: the registrant's addresses that are not history, oldest first
        :rtype: dict
        """
        in_use = current.filtered(lambda one: one.state == "effective")
        mine = (in_use or current[-1:]).with_prefetch(current._prefetch_ids).sudo()
        if "payee" not in values:
            payee = mine.payee or PAYEE_SELF
            values = {**values, "payee": payee, "payee_name": mine.payee_name}
            if payee == PAYEE_OTHER:
                values = mine._judged_like_this(values)
        if values["payee"] == PAYEE_SELF:
            said = {name: values[name] for name in values if name not in MANDATE_FIELDS}
            return {**said, **dict.fromkeys(PAYEE_DETAILS, False)}
        if not mine.payee_name or (
            _spelled(values["payee_name"]) != _spelled(mine.payee_name)
        ):
            return values
        values = {**{name: mine[name] for name in PAYEE_DETAILS}, **values}
        if not values.get("mandate") and values["payee_until"] == mine.payee_until:
            whole = mine.with_context(bin_size=False)
            values.update({name: whole[name] for name in MANDATE_FIELDS})
        return values

    # === END OF A MANDATE === #

    @api.model
    def _cron_end_mandates(self):
        """End the addresses whose mandate is over, and announce the next ends."""
        days = self.env["g2p.fa.settings"].cached_values()["mandate_days"]
        today = fields.Date.today()
        soon = today + relativedelta(days=days)
        in_use = Domain("state", "=", "effective")
        steps = [(in_use & Domain("payee_until", "<", today), type(self)._end_mandates)]
        if days:
            steps.append(
                (in_use & Domain("payee_until", "<=", soon), type(self)._announce)
            )
        commit = self.env["ir.cron"]._commit_progress
        Address = self.sudo()
        commit(remaining=sum(Address.search_count(found) for found, _work in steps))
        for found, work in steps:
            for count in in_chunks(Address.search(found), CHUNK, work):
                if not commit(count):
                    return

    def _end_mandates(self):
        """End those of these that are in use; an editor gets a to-do.

        What waits for approval stays: it may be what comes instead.
        """
        over = self.filtered(lambda address: address.state == "effective")
        over._close("ended", self.env._("The mandate of the payee has ended."))
        over.partner_id._financial_address_changed("admin")
        over._ask_renewal(self.env._("The mandate has ended: enter a new address"))

    def _announce(self):
        """Give an editor a to-do for each of these that has none."""
        asked = self.browse(self._renewals().mapped("res_id"))
        (self - asked)._ask_renewal(
            self.env._("The mandate ends: renew it, or change the payee")
        )

    def _renewals(self):
        """Return the to-dos about the mandates of these addresses."""
        kind = self.env.ref(RENEWAL)
        return self.sudo().activity_ids.filtered(
            lambda todo: todo.activity_type_id == kind
        )

    def _renewal_done(self):
        if with_end := self.filtered("payee_until"):
            with_end._renewals().unlink()

    def _ask_renewal(self, summary):
        """Give one editor a to-do for each of these addresses.

        :param str summary: of the to-do
        """
        waiting = self._waiting_by_approver(self._all_editors())
        self.env["mail.activity"].sudo().with_context(
            # One message for each would bury the editor.
            mail_activity_quick_update=True
        ).create(
            [
                {
                    "res_model_id": self.env["ir.model"]._get_id(self._name),
                    "res_id": address.id,
                    "activity_type_id": self.env.ref(RENEWAL).id,
                    "summary": summary,
                    "date_deadline": address.payee_until,
                    "user_id": address._choose_editor(waiting).id,
                    "automated": True,
                }
                for address in self
            ]
        )

    @api.model
    def _all_editors(self):
        return self.env.ref(EDITOR).sudo().all_user_ids.filtered("active")

    def _fit_editors(self):
        company = self.sudo().company_id
        return self._all_editors().filtered(
            lambda user: not company or company in user.company_ids
        )

    def _choose_editor(self, waiting):
        """Return the editor who entered this address, or one with the fewest to-dos.

        :param dict waiting: the to-dos of each editor; the one given is counted
        :return: the system user where there is no editor
        """
        fit = self._fit_editors()
        if not fit:
            return self.env.ref("base.user_root")
        fit = self.sudo().entered_by_id & fit or fit
        chosen = min(fit, key=lambda user: (waiting[user], user.id))
        waiting[chosen] += 1
        return chosen

    @api.model
    def _hand_over_todos(self, todos):
        kinds = self.env.ref(RENEWAL) | self.env.ref(RETURNED)
        editors = todos.filtered(lambda todo: todo.activity_type_id in kinds)
        waiting = self._waiting_by_approver(self._all_editors())
        for todo in editors:
            address = self.browse(todo.res_id).exists()
            if todo.user_id not in address._fit_editors():
                todo.user_id = address._choose_editor(waiting)
        return super()._hand_over_todos(todos - editors)
