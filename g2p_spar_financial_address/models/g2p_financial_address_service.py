from odoo import api, models, tools
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tools import frozendict

from ..const import (
    BANK_ACCOUNT,
    LIVE_STATES,
    MOBILE_WALLET,
    PAYEE_FIELDS,
    PAYEE_OTHER,
    PROOFS,
    VALUE_FIELD,
)
from ..toolkit.context_flags import TRIAL, TRUSTED_WRITE, is_marked, marked, quiet
from ..toolkit.value_checks import checked
from ..values import checks
from ..values.numbers_in_text import may_hold
from .g2p_financial_address import PAYMENT_FIELDS, WRITTEN_FIELDS

#: What makes two addresses the same place, as far as an entry says it.
SAME_PLACE = (*WRITTEN_FIELDS, "holder_name", *PAYEE_FIELDS)

#: What is said about an address.
TEXTS = ("payee_name", "holder_name", "reason", "proof_name", "mandate_name")
#: How texts about an address are cleaned.
_CLEAN = {
    "holder_name": checks.clean_name,
    "payee_name": checks.clean_name,
    "reason": checks.clean_note,
}

#: Of what an address is entered with, all that a person says.
_NOTHING_SAID = dict.fromkeys((*PAYMENT_FIELDS, "to_confirm_note"), False)

#: Bytes a proof may have.
MAX_PROOF = 10 * 1024 * 1024


class CleanEntry(frozendict):
    """An entry that :meth:`~G2pFinancialAddress.check_entries` has found right.

    Only that method makes one. It cannot be changed, so ``submit`` does not clean it
    again; what is made of it with another value is a dict, which ``submit`` cleans.

    :param dict values: in their normal form
    :param number_rule: what its provider asked of numbers, by which it was checked
    """

    __slots__ = ("number_rule",)

    def __new__(cls, values, number_rule):
        return super().__new__(cls, values)

    def __init__(self, values, number_rule):
        super().__init__(values)
        self.number_rule = number_rule

    __ior__ = dict.__or__


class G2pFinancialAddress(models.Model):
    """The service: how every channel checks, enters and ends payment addresses.

    A channel calls :meth:`check_entries` to show what is wrong at its fields,
    :meth:`submit` to enter, and :meth:`end`. RPC clients and forms use ``create``,
    which ends in the same :meth:`_store`, and ``write``; both end in the same
    :meth:`_activate`.

    An *entry* is a dict of what a person says: values of :data:`PAYMENT_FIELDS`. The
    state, the author and the channel are not part of it.
    """

    _inherit = "g2p.financial.address"

    # === WHAT CHANNELS CALL === #

    # Not for RPC clients: an own channel or own facts of origin would be forged.

    @api.private
    @api.model
    def check_entry(self, entry, keeps_branch=False):
        """Check one entry, as :meth:`check_entries` does.

        :param dict entry: what a person says
        :param bool keeps_branch: as for :meth:`check_entries`
        :return: the values in their normal form, and what is wrong, by field
        :rtype: tuple[dict, dict]
        """
        return self.check_entries([entry], keeps_branch)[0]

    @api.private
    @api.model
    def check_entries(self, entries, keeps_branch=False):
        """Check all of what was typed, and store nothing.

        With the mark ``TRIAL``, the answer depends on no whole number in the registry:
        a number in use is not looked for in texts.

        :param list entries: as for :meth:`submit`; without ``partner_id`` where the
            registrant is not known yet
        :param bool keeps_branch: whether an account in use, at a bank that needs a
            branch, may be said without it. This depends on its number, so only for
            persons who do not hear the answer
        :return: for each entry its values in their normal form, and what is wrong, as
            messages by field. If that is nothing, the values are a
            :class:`CleanEntry`, which :meth:`submit` does not clean again
        :rtype: list[tuple[dict, dict]]
        """
        self._read_companies(entries)
        numbers = self._numbers_in_use(entries)
        checked = [self._clean(entry, numbers) for entry in entries]
        self._check_branches(checked, keeps_branch)
        return [
            (values if problems else self._clean_entry(values), problems)
            for values, problems in checked
        ]

    @api.private
    @api.model
    def submit(self, entries, channel, origins=None):
        """Enter addresses. The user of the environment is their author.

        What is there already - in use, waiting, or incomplete - is not entered again;
        in use, it is confirmed. Of several for one registrant, the last one wins.

        :param list entries: what is said of each address, clean or not. An account
            without ``branch_id`` keeps its branch; False takes it away. A registrant of
            whose payee nothing is said keeps the payee
        :param str channel: one of :data:`~..const.CHANNELS`
        :param list origins: for each entry, the facts of its origin that the server
            itself knows, by field: never what a client sent
        :return: the address of each entry, in the same order
        :rtype: g2p.financial.address
        :raise ValidationError: for the first value that is wrong, or when an address
            may not take effect; nothing is entered then
        :raise AccessError: for a user who may not enter addresses
        """
        self.check_access("create")
        self._check_said(entries)
        self._read_companies(entries)
        origins = origins or [{}] * len(entries)
        numbers = self._numbers_in_use(entries)
        said = [
            {**origin, **self._cleaned(entry, numbers), "channel": channel}
            for entry, origin in zip(entries, origins, strict=True)
        ]
        known = self._find_known(said)
        current = known._current()
        found, missing, changed, same = [], [], set(), {}
        for vals in said:
            mine = current.get(vals["partner_id"], self)
            vals = self._with_payee(self._with_branch(vals, mine), mine)
            # The newest decides: what comes after it changes it, and so does what comes
            # before it in the same entry.
            newest = mine[-1:] if vals["partner_id"] not in changed else self.browse()
            is_there = newest and newest.is_place(vals)
            found.append(newest.id if is_there else None)
            if is_there:
                same[newest.id] = vals.get("confirmed_on")
            else:
                missing.append(vals)
                changed.add(vals["partner_id"])
        self._confirm_again(same, channel)
        entered = iter(self._store(missing, known).ids)
        return self.browse(id_ or next(entered) for id_ in found)

    @api.private
    @api.model
    def end(self, partners, reason, channel):
        """Stop paying these registrants, and withdraw what waits for approval.

        Registrants with neither are left alone.

        :param res.partner partners: the registrants
        :param str reason: why, or a falsy value; kept with the address
        :param str channel: by which one it is asked for
        :return: the addresses that have ended
        :rtype: g2p.financial.address
        :raise ValidationError: when the reason cannot be kept
        :raise AccessError: for a user who may not end them
        """
        live = self.sudo()._live_of(partners).with_env(self.env)
        live.check_access("write")
        note = live._clean_decision(reason)
        in_use = live.filtered(lambda address: address.state == "effective")
        # Approved later, what waits would pay a registrant who is no longer paid.
        waiting = (live - in_use).filtered(lambda a: a.partner_id in in_use.partner_id)
        waiting._close("ended", self.env._("The address in use was ended."))
        (live - waiting)._close("ended", note)
        if in_use:
            in_use.partner_id._financial_address_changed(channel)
        return live

    @api.private
    def is_place(self, entry):
        """Return whether this is the address that an entry describes.

        :param dict entry: clean; what it does not name may be anything
        """
        address = self.ensure_one().sudo()
        said = [name for name in SAME_PLACE if name in entry]
        mine = self._convert_to_write({name: address[name] for name in said})
        return all((mine[name] or False) == (entry[name] or False) for name in said)

    @api.private
    def whole_number(self):
        """Return the account number, mobile number or e-mail address, by type."""
        self.ensure_one()
        return self.sudo()[VALUE_FIELD[self.fa_type]] if self.fa_type else False

    # === BY HAND: FORMS AND RPC CLIENTS === #

    def check_typed(self, values):
        """Return what is wrong with what is typed into a form; store nothing.

        Like a dry run, the answer depends on no whole number in the registry. What
        does, ``create`` and ``write`` say.

        :param dict values: of a new address, or those that change on this draft
        :return: a message for each field with an error, and under ``""`` what is wrong
            with the whole
        :rtype: dict
        :raise AccessError: for a user who may not enter addresses, or not for this
            registrant
        """
        self.check_access("write" if self else "create")
        self._check_is_draft()
        self._check_said([values])
        said = values if self else self._with_registrants([values])[0]
        self._check_references([said])
        partner = self.partner_id.browse(said.get("partner_id")) or self.partner_id
        partner.check_access("read")
        [(clean, problems)] = marked(self, TRIAL).check_entries([said])
        known = self.sudo().new(said, origin=self or None)
        if known.payee == PAYEE_OTHER and not known.payee_relation:
            problems["payee_relation"] = self.env._("Choose the relation.")
        if known.partner_id.financial_address_id and not known.reason:
            problems["reason"] = self.env._("Say why the payment address is changed.")
        if not problems and known.dfsp_id:
            wanted = self._as_new({**self._said_of_draft(), **clean})
            if found := wanted._payment_problems():
                problems[""] = "\n".join(found.values())
        return problems

    def _said_of_draft(self):
        """Return the registrant and the place that a draft has already."""
        names = ("partner_id", *WRITTEN_FIELDS, *PAYEE_FIELDS)
        draft = self.sudo()
        return self._convert_to_write({n: draft[n] for n in names}) if draft else {}

    def _check_is_draft(self):
        """Refuse to edit an address that is in use, or was."""
        if any(address.state != "draft" for address in self):
            raise UserError(
                self.env._(
                    "An address in use is not edited, so that its history stays true. "
                    "Use Amend to enter the new one."
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        if self._is_trusted_write():
            return super().create(vals_list)
        # First: what is said of the values tells who is registered, and who uses a
        # number.
        self.check_access("create")
        if not self.env.su:
            self._check_said(vals_list)
        vals_list = self._with_registrants(vals_list)
        self._check_references(vals_list)
        self._check_branches_said(vals_list)
        numbers = self._numbers_in_use(vals_list)
        by_hand = {"typed": not self.env.context.get("import_file")}
        cleaned = [self._cleaned({**by_hand, **vals}, numbers) for vals in vals_list]
        known = self._find_known(cleaned)
        current = known._current()
        kept = []
        for vals in cleaned:
            mine = current.get(vals["partner_id"], self.browse())
            kept.append(self._with_payee(self._with_branch(vals, mine), mine))
        return self._store(kept, known)

    def write(self, vals):
        if self._is_trusted_write():
            return super().write(vals)
        self.check_access("write")
        if not self.env.su:
            self._check_said([vals])
        if not PAYMENT_FIELDS & vals.keys():
            return super().write(vals)
        self._check_is_draft()
        self._check_references([vals])
        author = {"author_ids": [Command.link(self.env.uid)]}
        for address in self:
            kept = {"dfsp_id": address.dfsp_id.id, "branch_id": address.branch_id.id}
            self._check_branches_said([{**kept, **vals}])
            cleaned = address._cleaned(vals, address._numbers_in_use([vals]))
            if "entered_by_id" in cleaned:
                cleaned["typed"] = True
            if not address.branch_id:
                place = {
                    "partner_id": address.partner_id.id,
                    "dfsp_id": address.dfsp_id.id,
                }
                cleaned["branch_id"] = self._with_branch({**place, **cleaned})[
                    "branch_id"
                ]
            super(G2pFinancialAddress, address).write({**cleaned, **author})
        self._activate()
        return True

    def _store(self, vals_list, known):
        """Store clean values, and let the addresses take effect: the one write path.

        :param list vals_list: clean values
        :param known: as :meth:`_find_known` has found it for them
        """
        if not vals_list:
            return self.browse()
        # What is entered in one transaction is one event: a message for each would only
        # repeat what the fields say of it.
        silent = quiet(self)
        # Said here, so that no default, which nothing checks, says something else.
        vals_list = [{**_NOTHING_SAID, **vals} for vals in vals_list]
        addresses = marked(silent, TRUSTED_WRITE).create(vals_list)
        addresses = addresses.with_env(silent.env)
        addresses._activate(known)
        return addresses.with_env(self.env)

    def _trusted_write(self):
        """Return these for writing values that are clean, or history itself."""
        return marked(self, TRUSTED_WRITE)

    def _is_trusted_write(self):
        return is_marked(self, TRUSTED_WRITE)

    @api.model
    def _check_said(self, entries):
        """Refuse values of fields that users do not write.

        :raise AccessError: naming no field, whatever it is
        """
        # People write what is of payment, messages and to-dos.
        mail = ("mail.thread", "mail.activity.mixin")
        said = PAYMENT_FIELDS.union(
            {"spar_id"}, *(self.env[model]._fields for model in mail)
        )
        if not all(entry.keys() <= said for entry in entries):
            raise AccessError(
                self.env._(
                    "The state and origin of an address are not written by hand."
                )
            )

    def _with_registrants(self, vals_list):
        """Return these values, each with the registrant the form was opened for."""
        default = self.env.context.get("default_partner_id")
        return [
            {**vals, "partner_id": vals.get("partner_id") or default}
            for vals in vals_list
        ]

    def _check_references(self, vals_list):
        """Refuse values without a registrant, or naming something that is gone.

        The database would refuse them, too, and write the whole row into its log.

        :raise ValidationError: saying which
        """
        if not all(vals.get("partner_id", True) for vals in vals_list):
            raise ValidationError(self.env._("Choose the registrant."))
        for name in ("partner_id", "dfsp_id", "branch_id"):
            wanted = {vals[name] for vals in vals_list if vals.get(name)}
            records = self.env[self._fields[name].comodel_name].sudo().browse(wanted)
            if records.exists() != records:
                label = self._fields[name]._description_string(self.env)
                raise ValidationError(
                    self.env._("%(field)s: it does not exist any more.", field=label)
                )

    # === VALUES: WHAT IS TYPED, IN ITS ONE NORMAL FORM === #

    def _cleaned(self, vals, numbers):
        """Return ``vals`` with each value in its normal form, and what follows from it.

        :param dict numbers: see :meth:`_numbers_in_use`
        :raise ValidationError: with a message for the person who typed a wrong value
        """
        if self._is_clean(vals):
            cleaned, problems = vals, {}
        else:
            cleaned, problems = self._clean(vals, numbers)
        for problem in problems.values():
            raise ValidationError(problem)
        draft = self.sudo()
        dfsp = self.env["g2p.dfsp"].browse(cleaned.get("dfsp_id", draft.dfsp_id.id))
        fa_type = cleaned["fa_type"]
        value = cleaned[VALUE_FIELD[fa_type]]
        following = self._derived(value, fa_type, dfsp)
        if not draft or value != draft[VALUE_FIELD[fa_type]]:
            following["entered_by_id"] = self.env.uid
        return {**cleaned, **following}

    @api.model
    def _clean_entry(self, values):
        return CleanEntry(values, self._number_rule(values))

    @api.model
    def _is_clean(self, entry):
        """Return whether an entry is clean, also by what its provider asks now."""
        return (
            isinstance(entry, CleanEntry)
            and "dfsp_id" in entry
            and entry.number_rule == self._number_rule(entry)
        )

    @api.model
    def _number_rule(self, entry):
        """Return what the provider of an entry asks of its numbers, to compare."""
        dfsp = self.env["g2p.dfsp"].browse(entry.get("dfsp_id"))
        country = dfsp.country_id
        if entry["fa_type"] == MOBILE_WALLET:
            partner = self.env["res.partner"].sudo().browse(entry.get("partner_id"))
            country = self._country_of_numbers(dfsp, partner)
        return dfsp.account_pattern, country.id

    @api.model
    def _country_of_numbers(self, dfsp, partner):
        """Return the country of numbers typed without a country code, or none.

        It is the provider's country, or else that of the registrant's company; the
        user's company does not count. For a registrant without a company it is the
        country that all companies have, if they have only one.
        """
        if dfsp.country_id or partner.company_id:
            return dfsp.country_id or partner.company_id.country_id
        companies = self.env["res.company"].sudo().browse(self._company_ids())
        countries = companies.partner_id.country_id
        return countries if len(countries) == 1 else countries.browse()

    # Odoo empties this cache when the code of a country is changed.
    @api.model
    @tools.ormcache("country_id", cache="stable")
    def _country_code(self, country_id):
        return self.env["res.country"].sudo().browse(country_id).code

    @api.model
    @tools.ormcache()
    def _company_ids(self):
        active = [("active", "=", True)]
        return tuple(self.env["res.company"].sudo().search(active).ids)

    @api.model
    def _read_companies(self, entries):
        """Read all registrants' companies at once, for :meth:`_country_of_numbers`."""
        ids = {entry.get("partner_id") for entry in entries} - {None, False}
        self.env["res.partner"].sudo().browse(ids).mapped("company_id")

    @api.model
    def _numbers_in_use(self, entries):
        """Return the addresses whose numbers no text of these entries may contain.

        The number of an entry itself is not among them.

        :return: by registrant; read only where a text may have one
        :rtype: dict[int, g2p.financial.address]
        """
        if is_marked(self, TRIAL):
            return {}
        people = {
            entry.get("partner_id") or self.partner_id.id
            for entry in entries
            if not isinstance(entry, CleanEntry)
            and any(may_hold(entry.get(text)) for text in TEXTS)
        } - {False, None}
        if not people:
            return {}
        live = self.sudo()._live_of(self.env["res.partner"].browse(people))
        return {
            partner.id: addresses.with_env(self.env)
            for partner, addresses in live.grouped("partner_id").items()
        }

    def _clean(self, vals, numbers):
        """Return ``vals`` in their normal form, and what is wrong with them.

        The values of other address types are dropped. On a draft, what is not in
        ``vals`` is taken from it.

        :param dict numbers: see :meth:`_numbers_in_use`
        :return: what is right, and messages by field
        :rtype: tuple[dict, dict]
        """
        draft = self.sudo()
        if not draft and "dfsp_id" not in vals:
            # A default set later would not be what the number is checked against.
            vals = {**self.default_get(["dfsp_id"]), **vals}
        known = {
            name: vals[name] if name in vals else draft[name]
            for name in ("fa_type", *VALUE_FIELD.values())
        }
        dfsp = self.env["g2p.dfsp"].browse(vals.get("dfsp_id", draft.dfsp_id.id))
        # A file need not repeat what its provider says.
        fa_type = known["fa_type"] or dfsp.fa_type or MOBILE_WALLET
        name = VALUE_FIELD.get(fa_type, "fa_type")
        cleaned = {
            **vals,
            **dict.fromkeys(VALUE_FIELD.values(), False),
            "fa_type": fa_type,
        }
        problems = {}
        partner_id = vals.get("partner_id") or draft.partner_id.id
        try:
            cleaned[name] = self._cleaned_value(
                fa_type, known.get(name), dfsp, partner_id
            )
        except UserError as problem:
            problems[name] = str(problem)
        if fa_type != BANK_ACCOUNT:
            cleaned["branch_id"] = False
        in_use = numbers.get(partner_id, self.browse())
        for text in (text for text in TEXTS if text in vals):
            clean = _CLEAN.get(text, checks.clean_public_text)
            try:
                cleaned[text] = in_use._cleaned_text(
                    vals[text], self._fields[text], clean, [cleaned[name]]
                )
            except UserError as problem:
                problems[text] = str(problem)
        self._clean_payee(vals, cleaned, problems)
        for proof in PROOFS:
            # Encoded, four characters are three bytes.
            if len(vals.get(proof) or "") * 3 // 4 > MAX_PROOF:
                problems[proof] = self.env._(
                    "The proof is too large: at most %(limit)s MB.",
                    limit=MAX_PROOF // 1024**2,
                )
        right = {name: cleaned[name] for name in cleaned if name not in problems}
        return right, problems

    @api.model
    def _cleaned_value(self, fa_type, text, dfsp, partner_id=None):
        """Return the account number, mobile number or e-mail address, checked.

        :param partner_id: whose address it is, if that is known: a number without a
            country code is of the country of their company, not of the user's
        """
        if fa_type == BANK_ACCOUNT:
            number = checked(self.env, checks.clean_account_number, text)
            dfsp._check_account_number(number)
            return number
        if fa_type == MOBILE_WALLET:
            partner = self.env["res.partner"].sudo().browse(partner_id)
            return checked(
                self.env,
                checks.clean_mobile_number,
                text,
                self._country_code(self._country_of_numbers(dfsp, partner).id),
                self._name_of_country,
            )
        if fa_type in VALUE_FIELD:
            return checked(self.env, checks.clean_email_address, text)
        raise ValidationError(self.env._("There is no such type of payment address."))

    def _name_of_country(self, code):
        country = self.env["res.country"].sudo().search([("code", "=", code)], limit=1)
        return country.name

    def _cleaned_text(self, text, field, clean=checks.clean_note, entered=()):
        """Return what is said about these addresses, checked; False for nothing.

        Whether it has a number that is in use comes last: the answer to it is counted.

        :param text: as it is typed
        :param odoo.fields.Field field: what it is for
        :param clean: a rule of ``values/checks.py``
        :param entered: numbers that the user enters with it
        :raise UserError: when it cannot be kept
        """
        label = field._description_string(self.env)
        cleaned = checked(self.env, clean, text, label, entered)
        self._check_text_holds_none(cleaned, label)
        return cleaned or False

    def _derived(self, value, fa_type=None, dfsp=None):
        """Return what is stored beside a number: how it is shown, how it is found."""
        dfsp = self.dfsp_id if dfsp is None else dfsp
        return {
            "masked": checks.mask(value),
            "fingerprint": self._fingerprint(fa_type or self.fa_type, dfsp, value),
        }

    # === BRANCH: KEPT WITH ITS ACCOUNT, AND ASKED FOR BY ITS BANK === #

    @api.constrains("fa_type", "dfsp_id", "branch_id")
    def _check_branch_required(self):
        for address in self.filtered(lambda one: one.fa_type == BANK_ACCOUNT):
            address.dfsp_id._check_branch(address.branch_id)

    def _check_branches_said(self, vals_list):
        """Refuse what users enter without a branch at a bank that needs one.

        The branch of the same account is not kept here: whether it is refused then
        would tell if the number is right.

        :raise ValidationError: naming the bank
        """
        if self.env.su:
            return
        for vals in vals_list:
            dfsp = self.env["g2p.dfsp"].browse(vals.get("dfsp_id"))
            dfsp._check_branch(
                self.env["g2p.dfsp.branch"].browse(vals.get("branch_id"))
            )

    def _check_branches(self, checked, keeps_branch):
        """Add what is wrong with the branches.

        :param list checked: pairs of clean values and problems
        :param bool keeps_branch: whether the branch of an account in use is kept
        """
        Dfsp = self.env["g2p.dfsp"]
        lacking = [
            (values, problems)
            for values, problems in checked
            if values.get("fa_type") == BANK_ACCOUNT
            and not values.get("branch_id")
            and Dfsp.browse(values.get("dfsp_id")).branch_required
        ]
        known = [values for values, _problems in lacking if values.get("partner_id")]
        current = self._find_known(known)._current() if known and keeps_branch else {}
        for values, problems in lacking:
            mine = current.get(values.get("partner_id"), self)
            dfsp = Dfsp.browse(values["dfsp_id"])
            if VALUE_FIELD[BANK_ACCOUNT] in problems and mine:
                # Which account it is, and so its branch, is not known yet.
                continue
            number = values.get(VALUE_FIELD[BANK_ACCOUNT]) or ""
            said = {**values, **self._derived(number, BANK_ACCOUNT, dfsp)}
            branch = self._with_branch(said, mine)["branch_id"]
            try:
                dfsp._check_branch(self.env["g2p.dfsp.branch"].browse(branch))
            except UserError as problem:
                problems["branch_id"] = str(problem)

    @api.model
    def _find_known(self, vals_list):
        """Return what decides about entries: what is not history yet or was refused.

        :param list vals_list: values with their registrants
        :return: with sudo and with all that makes it a place; oldest first
        :rtype: g2p.financial.address
        """
        return self.sudo().search_fetch(
            [
                ("partner_id", "in", [vals["partner_id"] for vals in vals_list]),
                ("state", "in", ("draft", *LIVE_STATES, "refused")),
            ],
            # Reads them all at once; row by row it would be a query each.
            ["partner_id", "state", "fingerprint", *SAME_PLACE],
            order="id",
        )

    def _current(self):
        """Return those of these that are not history yet, by ID of the registrant."""
        current = self.filtered(lambda address: address.state != "refused")
        return current.grouped(lambda address: address.partner_id.id)

    @api.model
    def _with_branch(self, values, current=None):
        """Return clean values with the branch, where a channel has not asked for it.

        The same account keeps its branch: without it, SPAR would hold another address
        that no person has entered. That is the branch in use; of what waits only where
        none is in use. Another account has none.

        :param dict values: of one address, clean
        :param current: the registrant's addresses that are not history, oldest first;
            looked up where they are not given
        :rtype: dict
        """
        if values["fa_type"] != BANK_ACCOUNT or "branch_id" in values:
            return values
        if current is None:
            known = self._find_known([values])
            current = known._current().get(values["partner_id"], self)
        same = current.filtered(
            lambda one: (
                one.fa_type == BANK_ACCOUNT
                and one.dfsp_id.id == values.get("dfsp_id")
                # Its hash is the same with and without dashes.
                and one.sudo().fingerprint == values["fingerprint"]
            )
        )
        in_use = same.filtered(lambda one: one.state == "effective")
        kept = in_use or same[-1:]
        values = {**values, "branch_id": kept.branch_id.id}
        return kept._judged_like_this(values) if kept.branch_id else values

    def _judged_like_this(self, values):
        """Return the values of an address that keeps a part of this one.

        What no second person has approved of this one, they do not approve by way of
        the other: it waits where this one waits, and has the same authors as well.

        :param dict values: of one address, clean
        :rtype: dict
        """
        address = self.sudo()
        if address.state == "effective":
            return values
        authors = address._authors() - self.env.ref("base.user_root")
        links = [Command.link(author.id) for author in authors]
        return {
            **values,
            "approval_cause": address.approval_cause and "policy",
            "author_ids": [*values.get("author_ids", ()), *links],
        }
