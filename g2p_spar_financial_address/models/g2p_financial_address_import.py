from collections import Counter, defaultdict

from psycopg2 import Error as DatabaseError

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..const import PAYEE_DETAILS, VALUE_FIELD
from ..imports.provider_names import ProviderNames, is_unreadable, set_names_apart
from ..toolkit.context_flags import TRIAL, is_marked
from ..values import identifiers

#: Names of people in one batch that are looked for in other compositions and blanks,
#: of those that no contact has as they are written: each takes a look at all contacts.
MAX_LOOKS = 50


class RefusedRows:
    """The messages on rows that were set aside, passed along in the context.

    An object, equal only to itself: no client can send one, and Odoo does not take one
    context for another.
    """

    def __init__(self):
        self.messages = []
        #: Names that were looked for in other spellings.
        self.looks = 0
        #: Addresses entered: how many are first ones, and how many replace which type.
        self.entered = Counter()
        #: In a trial: what each right row would change, and whose each row is.
        self.previews = []
        self.registrants = {}

    def may_look_closer(self):
        """Return whether one more name may be looked for in all contacts."""
        self.looks += 1
        return self.looks <= MAX_LOOKS

    def add(self, info, problem):
        self.messages.append({**info, "type": "error", "message": str(problem)})

    def count(self, addresses, before):
        """Count what these addresses come instead of.

        :param addresses: those the file entered
        :param dict before: the type of the last address, by registrant
        """
        for address in addresses:
            self.count_one(before.get(address.partner_id), address.state)

    def count_one(self, fa_type, state):
        self.entered[fa_type or "new"] += 1
        if state == "to_approve":
            self.entered["waiting"] += 1

    def preview(self, info, outcome, **texts):
        self.previews.append({"record": info["record"], "outcome": outcome, **texts})


class G2pFinancialAddress(models.Model):
    """Odoo's own import, made fit for thousands of rows of which some are wrong.

    Odoo imports all rows or none. Here the rows that are right are kept and those
    that are wrong are told one by one; importing the corrected file again leaves
    alone what is already there.
    """

    _inherit = "g2p.financial.address"

    spar_id = fields.Char(
        "SPAR ID",
        compute="_compute_spar_id",
        inverse="_inverse_spar_id",
        search="_search_spar_id",
        help="Names the registrant in an imported file.",
    )

    def _compute_spar_id(self):
        for address in self:
            partner = address.partner_id
            address.spar_id = partner._spar_get_id() if partner else False

    def _inverse_spar_id(self):
        """Nothing to store: the import has turned it into the registrant."""

    def _search_spar_id(self, operator, value):
        if isinstance(value, str):
            value = identifiers.normal(value)
        elif operator == "in":
            value = [text and identifiers.normal(text) for text in value]
        return [("partner_id.spar_id", operator, value)]

    @api.model
    def get_import_templates(self):
        """Return the sample file that Odoo's import page offers."""
        return [
            {
                "label": self.env._("Sample file for payment addresses"),
                "template": "/g2p_spar_financial_address/static/sample/addresses.csv",
            }
        ]

    @api.model
    def load(self, fields, data):
        # What is said of a row tells who is registered, and who uses a number.
        self.check_access("create")
        if not self.env.context.get("import_file"):
            return super().load(fields, data)
        refused = RefusedRows()
        addresses = self.with_context(fa_refused_rows=refused)
        result = super(G2pFinancialAddress, addresses).load(fields, data)
        result["messages"] += refused.messages
        result["fa_entered"] = dict(refused.entered)
        if is_marked(self, TRIAL):
            result["fa_previews"] = refused.previews
            result["fa_registrants"] = refused.registrants
            if result["ids"] is not False:
                # No record was made: they only say how many rows are right.
                result["ids"] = [False] * len(refused.previews)
        return result

    def _refused_rows(self):
        refused = self.env.context.get("fa_refused_rows")
        return refused if isinstance(refused, RefusedRows) else None

    def _convert_records(self, records, *args, log=lambda a: None, **kwargs):
        refused = self._refused_rows()
        if refused is None:
            yield from super()._convert_records(records, *args, log=log, **kwargs)
            return
        wrong = set()

        def set_aside(message):
            # Also a mere warning, such as two registrants of one name: nobody is paid
            # by guessing.
            wrong.add(message.get("record"))
            refused.messages.append({**message, "type": "error"})

        names = []
        records = set_names_apart(records, names)
        rows = super()._convert_records(records, *args, log=set_aside, **kwargs)
        for dbid, xid, values, info in rows:
            # Handed on all the same: the last row tells Odoo how far it has come.
            is_unreadable(values, info["record"] in wrong)
            yield dbid, xid, {**values, **names[info["record"]]}, info

    def _load_records(self, data_list, update=False):
        refused = self._refused_rows()
        if refused is None:
            return super()._load_records(data_list, update)
        right = [data for data in data_list if not is_unreadable(data["values"])]
        self._find_registrants(right)
        for data in right:
            whose = data["values"].get("partner_id")
            refused.registrants[data["info"]["record"]] = whose
        marking = self._mark_rows(right, refused)
        right = [data for data in right if "to_confirm_note" not in data["values"]]
        providers = ProviderNames(self.env, [data["values"] for data in right])
        rows = self._checked_rows(right, providers, refused)
        if is_marked(self, TRIAL):
            self._preview_rows(rows, refused)
            return self.browse()
        return marking | self._enter_rows(self._unshared_rows(rows, refused), refused)

    def _find_registrants(self, data_list):
        """Replace the SPAR ID of each row by its registrant, all in one search.

        A row that names another person besides is left without a registrant. Where the
        holder's name is that of another one, whose ID lost its zeros, ``meant`` is set.
        """
        ids = {str(data["values"].get("spar_id") or "").strip() for data in data_list}
        Partner = self.env["res.partner"]
        by_id = Partner._spar_by_id(ids - {""})
        for data in data_list:
            values = data["values"]
            if spar_id := str(values.pop("spar_id", None) or "").strip():
                found = by_id[spar_id] if len(by_id[spar_id]) == 1 else Partner
                named = values.get("partner_id") or found.id
                values["partner_id"] = found.id if named == found.id else False
                data["spar_id"] = spar_id
        # Also of those named by another number, which may have lost its zeros as well.
        everybody = Partner.sudo().with_context(active_test=False)
        named = {data["values"].get("partner_id") or None for data in data_list}
        people = everybody.browse(named - {None})
        buckets = everybody._spar_id_buckets(people.mapped("spar_id"), ["name"])
        for data in data_list:
            person = everybody.browse(data["values"].get("partner_id") or None)
            said = [data["values"].get("holder_name")]
            data["meant"] = bool(person and person._spar_meant(said, buckets))
            if not data["values"].get("to_confirm_note"):
                # An empty cell says nothing, like a column not there.
                data["values"].pop("to_confirm_note", None)

    def _checked_rows(self, rows, providers, refused):
        """Make the ``entry`` of each row, in its normal form; set aside what is wrong.

        :return: the rows that are right
        """
        problems = [self._find_row_problem(row, providers) for row in rows]
        readable = [row for row, no in zip(rows, problems, strict=True) if not no]
        checked = iter(self.check_entries([row["values"] for row in readable]))
        kept = []
        for row, problem in zip(rows, problems, strict=True):
            if not problem:
                row["entry"], wrong = next(checked)
                problem = next(iter(wrong.values()), None)
            if problem:
                refused.add(row["info"], problem)
            else:
                kept.append(row)
        return kept

    def _find_row_problem(self, data, providers):
        """Look up what a row names; return what is wrong with it, or None."""
        try:
            self._check_registrant_found(data)
            providers.find(data["values"])
            for name in ("branch_id", *PAYEE_DETAILS):
                if not data["values"].get(name):
                    # An empty cell says nothing of it, like a column not there.
                    data["values"].pop(name, None)
            self._check_said([data["values"]])
            self._check_branches_said([data["values"]])
        except UserError as problem:
            return str(problem)
        return None

    def _check_registrant_found(self, data):
        if data["xml_id"] or data["values"].get("id"):
            raise ValidationError(
                self.env._(
                    "An import enters addresses and does not edit them. Leave out "
                    "the column with the ID of the address."
                )
            )
        Partner = self.env["res.partner"]
        if not data["values"].get("partner_id"):
            # Says so where a spreadsheet has changed it.
            Partner._spar_id_cleaned(data.get("spar_id"))
            raise ValidationError(
                self.env._("No registrant has the SPAR ID of this row.")
            )
        if data.get("meant"):
            raise ValidationError(Partner._spar_meant_message())

    # === ROWS THAT ASK FOR A CONFIRMATION === #

    def _mark_rows(self, data_list, refused):
        """Mark the addresses in use of rows that say why they are to be confirmed.

        :return: the addresses of these rows; in a trial nothing is written
        """
        rows = [data for data in data_list if data["values"].get("to_confirm_note")]
        partners = self.env["res.partner"].browse(
            {data["values"].get("partner_id") for data in rows} - {None, False}
        )
        in_use = self._in_use(partners)
        marked_ones, by_note = self.browse(), defaultdict(self.browse)
        for data in rows:
            try:
                self._check_registrant_found(data)
                partner = partners.browse(data["values"]["partner_id"])
                address = in_use.get(partner, self.browse())
                note = self._check_mark(data["values"], address)
            except UserError as problem:
                refused.add(data["info"], problem)
                continue
            by_note[note] |= address
            marked_ones |= address
            if is_marked(self, TRIAL):
                shown = address._shown()
                refused.preview(data["info"], "mark", before=shown, after=shown)
        if is_marked(self, TRIAL):
            return self.browse()
        for note, addresses in by_note.items():
            addresses.mark_to_confirm(note)
        return marked_ones

    def _check_mark(self, values, address):
        """Return why an address is to be confirmed, as a row says it.

        :raise UserError: when the row cannot be carried out
        """
        if any(values.get(name) for name in VALUE_FIELD.values()):
            raise UserError(
                self.env._(
                    "This row has a number, and says why a number is to be confirmed. "
                    "Write the two in two files."
                )
            )
        if not address:
            raise UserError(self.env._("This registrant has no address in use."))
        return address._clean_mark(values["to_confirm_note"])

    # === TRYING A FILE === #

    def _preview_rows(self, rows, refused):
        """Note what each of these rows would change, and enter none."""
        entries = [row["entry"] for row in rows]
        partners = self.env["res.partner"].browse(e["partner_id"] for e in entries)
        types = self._last_types(partners)
        last = {partner.id: number for number, partner in enumerate(partners)}
        previews = self.preview(entries, "import")
        for number, (row, found) in enumerate(zip(rows, previews, strict=True)):
            if found.problem:
                refused.add(row["info"], found.problem)
                continue
            address, partner = found.after, partners[number]
            if not address.dfsp_id:
                outcome, state = "incomplete", "draft"
            else:
                state = "to_approve" if found.waits else "effective"
                outcome = "replaces" if found.before else "new"
                if found.before and found.before._looks_like(address):
                    outcome = "alike"
            if last[partner.id] != number:
                outcome = "overtaken"
            refused.count_one(types.get(partner), state)
            refused.preview(
                row["info"],
                outcome,
                waits=state == "to_approve",
                before=found.before._shown() if found.before else "",
                after=address._shown(),
            )

    def _unshared_rows(self, rows, refused):
        """Set aside rows whose number others use, where the policy refuses that."""
        messages = self.find_sharing_refusals([row["entry"] for row in rows])
        kept = []
        for row, message in zip(rows, messages, strict=True):
            if message:
                refused.add(row["info"], message)
            else:
                kept.append(row)
        return kept

    def _enter_rows(self, rows, refused):
        """Enter these rows; halve them around those the database or a rule refuses."""
        if not rows:
            return self.browse()
        try:
            with self.env.cr.savepoint():
                entries = [row["entry"] for row in rows]
                # Before they are entered: a file must not hide what it replaces.
                before = self._last_types(
                    self.env["res.partner"].browse(e["partner_id"] for e in entries)
                )
                known = self.sudo().search([], order="id desc", limit=1).id or 0
                entered = self.submit(entries, "import")
            # What was there already is left alone, and not counted.
            refused.count(entered.filtered(lambda a: a.id > known), before)
            return entered
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            # Odoo runs the whole import again, and it will see what is new.
            raise
        except (UserError, DatabaseError) as problem:
            if len(rows) == 1:
                if isinstance(problem, DatabaseError):
                    problem = self.env._("The database refused this row.")
                refused.add(rows[0]["info"], problem)
                return self.browse()
        half = len(rows) // 2
        return self._enter_rows(rows[:half], refused) | self._enter_rows(
            rows[half:], refused
        )
