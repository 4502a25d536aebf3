import logging

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.g2p_spar_financial_address.const import PAYEE_FIELDS, VALUE_FIELD
from odoo.addons.g2p_spar_financial_address.imports.provider_names import (
    NAMED,
    ProviderNames,
)
from odoo.addons.g2p_spar_financial_address.toolkit.keyed_hash import keyed_hash
from odoo.addons.g2p_spar_financial_address.values import names

from .. import xlsform
from ..pipeline import error_texts
from ..pipeline.mapping import PAYEE_TARGETS, full_name, payment, read
from ..pipeline.planning import Plan, SubmissionError
from ..pipeline.transforms import fingerprint_text

_logger = logging.getLogger(__name__)

#: The target of each payment value, by the field it is stored in.
_NUMBERS = {
    "account_number": "account_number",
    "mobile_number": "payment_phone",
    "email_address": "wallet_email",
}
#: Fields that are equal in two versions with the same payment.
_SAME_PAYMENT = ("fa_type", "dfsp_id", "branch_id", *VALUE_FIELD.values())


class G2pOdkForm(models.Model):
    """Plans of submissions: what importing them would write.

    Preview and import both use these plans, so that they cannot differ.
    """

    _inherit = "g2p.odk.form"

    def _read_all(self, sources):
        """Read these submissions by the mapping of the form.

        :param list sources: of :class:`planning.Source`
        :rtype: list[planning.Plan]
        """
        lines = [line._plain() for line in self.mapping_line_ids]
        plans = []
        for source in sources:
            plan = Plan()
            try:
                plan.values, problems = read(
                    source.payload, lines, source.corrected, source.twins
                )
                if problems:
                    plan.kind = error_texts.kind_of(problems[0])
                    plan.text = " ".join(
                        error_texts.explain(self.env, problem) for problem in problems
                    )
                self._check_id(plan)
            except Exception as error:  # noqa: BLE001
                self._set_unexpected(plan, error)
            plans.append(plan)
        return plans

    def _check_id(self, plan):
        """Take what stands for no ID out of a plan: others would wait behind it."""
        text = plan.values.get("registrant_id")
        if not text or not self.env["res.partner"]._spar_id_is_missing(text):
            return
        del plan.values["registrant_id"]
        if not plan.kind:
            try:
                self.env["res.partner"]._spar_id_cleaned(text)
            except UserError as error:
                plan.kind, plan.text = "answer", str(error)

    def _complete(self, sources, plans):
        """Find the registrant and the payment address of each submission.

        :param list sources: as for :meth:`_read_all`
        :param list plans: its result; those without an error are completed
        """
        open_ones = [
            (source, plan)
            for source, plan in zip(sources, plans, strict=True)
            if not plan.kind
        ]
        found = self.env["res.partner"]._spar_find(
            {p.key for _s, p in open_ones if p.key}
        )
        providers = self._provider_names([plan for _source, plan in open_ones])
        for source, plan in open_ones:
            try:
                self._plan_registrant(source, plan, found)
                self._plan_address(source, plan, providers)
            except SubmissionError as trouble:
                plan.kind, plan.text = trouble.kind, trouble.text
            except Exception as error:  # noqa: BLE001
                # An unexpected error of one submission must not stop the others.
                self._set_unexpected(plan, error)

    def _set_unexpected(self, plan, error):
        # The error itself may repeat an answer.
        _logger.warning("A submission cannot be imported: %s", type(error).__name__)
        plan.kind = "unexpected"
        plan.text = self.env._(
            "Unexpected error. Report it to support: %s.", type(error).__name__
        )

    # === THE REGISTRANT === #

    def _plan_registrant(self, source, plan, found):
        known = source.partner
        try:
            self.env["res.partner"]._spar_id_cleaned(plan.key)
        except UserError as error:
            raise SubmissionError("answer", str(error)) from None
        # An edit that takes the ID away may be about another person, too.
        if not plan.key and not (known and self._adds_without_id()):
            self._plan_somebody_new(source, plan)
            return
        partners = found[plan.key] if plan.key else known
        if len(partners) > 1:
            raise SubmissionError(
                "conflict",
                self.env._(
                    "Several registrants have this ID. Correct it, or merge them."
                ),
            )
        if known and partners != known and not source.confirmed:
            raise SubmissionError(
                "conflict",
                self.env._(
                    "An earlier version of this submission was about %(name)s, and "
                    "this one is about somebody else. If that is right, end the "
                    "address of %(name)s that came from it, and import this one.",
                    name=known.display_name,
                ),
            )
        if not partners:
            self._plan_somebody_new(source, plan)
            return
        self._check_registrant(source, plan, partners)
        plan.partner = partners
        plan.contact = self._contact_changes(plan, partners)

    def _plan_somebody_new(self, source, plan):
        if self.registrant_policy == "match" or not (
            plan.key or self._adds_without_id()
        ):
            text = (
                self.env._("No registrant has the ID of this submission.")
                if plan.key
                else self.env._("It does not say who it is about: the ID is empty.")
            )
            raise SubmissionError("no_registrant", text)
        if not full_name(plan.values):
            raise SubmissionError(
                "missing", self.env._("There is no name to add the registrant under.")
            )
        if plan.key and not source.confirmed:
            self._check_no_look_alike(plan)
        plan.partner = self.env["res.partner"]
        plan.new = plan.partner._odk_new_values(plan.values)

    def _check_no_look_alike(self, plan):
        """Set aside a new person whose ID may be confused with another's.

        Whose company the new one is of is not known: where there are several, the other
        is not named.

        :raise SubmissionError: naming that person, if all editors may see them
        """
        everybody = self.env["res.partner"].sudo().with_context(active_test=False)
        others = everybody._spar_id_buckets({everybody._spar_id_from(plan.key)})
        has_several = self.env["res.company"].search_count([], limit=2) > 1
        for other in others.values():
            if other[0].company_id and has_several:
                raise SubmissionError(
                    "conflict",
                    self.env._(
                        "No registrant has this ID, and that of another one looks like "
                        "it. Correct the ID, or import it if it is another person."
                    ),
                )
            raise SubmissionError(
                "conflict",
                self.env._(
                    "No registrant has this ID, and that of %(name)s looks like it. "
                    "Correct the ID, or import it if it is another person.",
                    name=other[0]._spar_get_name(),
                ),
            )

    def _check_registrant(self, source, plan, partner):
        if not partner.active:
            raise SubmissionError(
                "no_registrant", self.env._("The registrant with this ID is archived.")
            )
        if not partner._spar_is_registrant():
            raise SubmissionError(
                "no_registrant",
                self.env._("The contact with this ID is not a registrant."),
            )
        collected = full_name(plan.values)
        said = [collected, plan.values.get("holder_name")]
        if not source.confirmed and partner._spar_meant(said):
            raise SubmissionError("conflict", partner._spar_meant_message())
        other = names.compare(collected, partner._spar_get_name()) == names.DIFFERENT
        if other and self.other_name_policy == "set_aside" and not source.confirmed:
            raise SubmissionError(
                "conflict",
                self.env._(
                    "The registry knows this ID under another name, %(name)s. Correct "
                    "the ID, or import it if it is the same person.",
                    name=partner._spar_get_name(),
                ),
            )

    def _contact_changes(self, plan, partner):
        """Return the changes of name and contact phone."""
        collected = partner._odk_contact_values(plan.values)
        replace = self.wins_policy == "submission"
        return {
            name: value
            for name, value in collected.items()
            if (replace or not partner[name]) and partner[name] != value
        }

    # === THE ADDRESS === #

    def _provider_names(self, plans):
        rows = []
        for plan in plans:
            row = {}
            if plan.values.get("dfsp_code"):
                row[NAMED["dfsp_id"]] = plan.values["dfsp_code"]
            if plan.values.get("branch_code"):
                row[NAMED["branch_id"]] = plan.values["branch_code"]
            rows.append(row)
        return ProviderNames(self.env, rows)

    def _plan_address(self, source, plan, providers):
        asked = payment({**plan.values, "fa_type": self._fa_type(plan)})
        named = asked.keys() & set(PAYEE_TARGETS) - {"payee"}
        if not named and not asked.keys() - {"holder_name", "payee"}:
            # A registration without an address. Who names a payee means one.
            return
        values = {"fa_type": asked.get("fa_type", False)}
        self._find_provider(values, asked, providers)
        values.update(
            {field: asked.get(target, False) for field, target in _NUMBERS.items()}
        )
        values.update(self._payee(asked))
        # Without a name for the account, who receives the money is its holder.
        holder = plan.partner._spar_get_name() if plan.partner else None
        values["holder_name"] = (
            asked.get("holder_name")
            or asked.get("payee_name")
            or holder
            or full_name(plan.values)
        )
        if plan.partner:
            values["partner_id"] = plan.partner.id
        # Who corrects a number, or tries a sample, hears what is wrong.
        heard = source.is_sample or source.corrected.keys() & set(_NUMBERS.values())
        plan.address = self._checked_entry(values, keeps_branch=not heard)
        said = {
            "branch_id": False,
            **plan.address,
            "holder_name": asked.get("holder_name"),
        }
        plan.print = self._payment_print(said)

    def _checked_entry(self, values, keeps_branch):
        """Return an entry with its values in their normal form.

        :raise SubmissionError: for the first one that is wrong
        """
        entry, problems = self.env["g2p.financial.address"].check_entry(
            values, keeps_branch
        )
        for name, problem in problems.items():
            # An account without the branch that its bank needs.
            kind = "provider" if name == "branch_id" else "number"
            raise SubmissionError("answer" if name in PAYEE_FIELDS else kind, problem)
        return entry

    def _fa_type(self, plan):
        problem = self.env._(
            "There is no such type of payment address. Let the mapping turn the "
            "answers into bank_account, mobile_wallet or email_wallet by a table."
        )
        return self._choice("fa_type", plan.values.get("fa_type"), problem)

    def _payee(self, asked):
        """Return what a submission says of the payee; nothing that it has not asked."""
        values = {name: asked[name] for name in PAYEE_TARGETS if asked.get(name)}
        problems = {
            "payee": self.env._(
                "It does not say who receives the money. Let the mapping turn the "
                "answers into self or other by a table."
            ),
            "payee_relation": self.env._(
                "There is no such relation of a payee. Let the mapping turn the "
                "answers into guardian, caretaker, household_head, trustee or other by "
                "a table."
            ),
        }
        for name in problems.keys() & values.keys():
            values[name] = self._choice(name, values[name], problems[name])
        return values

    def _choice(self, name, text, problem):
        """Return the value of an address's field that an answer means.

        :param str name: of the field, a selection
        :param str text: the value or its label, or a falsy value
        :param str problem: the message for another answer
        :raise SubmissionError: for another answer
        """
        if not text:
            return False
        field = self.env["g2p.financial.address"]._fields[name]
        by_word = {
            word.casefold(): code
            for labels in (field.selection, field._description_selection(self.env))
            for code, label in labels
            for word in (code, label)
        }
        if text.casefold() not in by_word:
            raise SubmissionError("answer", problem)
        return by_word[text.casefold()]

    def _find_provider(self, values, asked, providers):
        """Put the provider and the branch that a submission names into ``values``."""
        values["dfsp_id"] = False
        of_type = {"fa_type": values["fa_type"]}
        self._find_named("dfsp_id", of_type, asked.get("dfsp_code"), values, providers)
        if values["dfsp_id"]:
            of_bank = {"dfsp_id": values["dfsp_id"]}
            code = asked.get("branch_code")
            self._find_named("branch_id", of_bank, code, values, providers)

    def _find_named(self, field, among, code, values, providers):
        """Put the record with this code into ``values``, if there is a code.

        :raise SubmissionError: when the directory has no such code
        """
        if not code:
            return
        # As it is, and as the form of the addon writes it.
        for text in dict.fromkeys([code, xlsform.code_of(code)]):
            named = {**among, NAMED[field]: text}
            try:
                providers.find(named)
            except UserError:
                continue
            values[field] = named[field]
            return
        # The message of the directory would repeat the answer.
        raise SubmissionError("provider", self._no_such(field))

    def _no_such(self, field):
        if field == "dfsp_id":
            return self.env._(
                "The directory has no such provider for this type of address, or "
                "several of this name."
            )
        return self.env._(
            "The bank of this submission has no such branch, or several of this name."
        )

    def _payment_print(self, values):
        """Return a keyed hash of the payment address: equal for equal addresses."""
        said = {name: values.get(name) for name in (*_SAME_PAYMENT, "holder_name")}
        # Only what is said: submissions without a payee keep the hash they had.
        said.update({name: values[name] for name in PAYEE_FIELDS if values.get(name)})
        return keyed_hash(self.env, fingerprint_text(said))
