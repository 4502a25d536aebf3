from psycopg2 import Error as DatabaseError

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..const import VALUE_FIELD
from .g2p_financial_address import PROTECTED_FIELDS

#: Marks, among the values of a row, that some of them could not be read.
WRONG = "fa_wrong"

#: Holds, among the values of a row, the name of its branch until it is found.
BRANCH = "fa_branch"
NO_BRANCH = -1

#: What makes two addresses the same place.
SAME_PLACE = ("fa_type", "dfsp_id", "branch_id", "holder_name", *VALUE_FIELD.values())


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
            address.spar_id = address.partner_id._spar_get_id()

    def _inverse_spar_id(self):
        """Nothing to store: ``create`` has turned it into the registrant."""

    def _search_spar_id(self, operator, value):
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
        if not self.env.context.get("import_file"):
            return super().load(fields, data)
        refused = []
        result = super(
            G2pFinancialAddress, self.with_context(fa_refused_rows=refused)
        ).load(fields, data)
        result["messages"] += refused
        return result

    def _convert_records(self, records, *args, log=lambda a: None, **kwargs):
        refused = self.env.context.get("fa_refused_rows")
        if not isinstance(refused, list):
            yield from super()._convert_records(records, *args, log=log, **kwargs)
            return
        wrong, branches = set(), []

        def set_aside(message):
            if message.get("type") == "error":
                wrong.add(message.get("record"))
                refused.append(message)
            else:
                log(message)

        records = _set_apart(records, branches)
        rows = super()._convert_records(records, *args, log=set_aside, **kwargs)
        for dbid, xid, values, info in rows:
            values[BRANCH] = branches[info["record"]]
            # Handed on all the same: the last row tells Odoo how far it has come.
            values[WRONG] = info["record"] in wrong
            yield dbid, xid, values, info

    def _load_records(self, data_list, update=False):
        refused = self.env.context.get("fa_refused_rows")
        if not isinstance(refused, list):
            return super()._load_records(data_list, update)
        right = [data for data in data_list if not data["values"].pop(WRONG)]
        self._find_registrants(right)
        self._find_branches(right)
        rows = [data for data in right if self._cleaned_row(data, refused)]
        return self._enter_rows(rows, refused)

    def _find_registrants(self, data_list):
        """Replace the SPAR ID of each row by its registrant, all in one search."""
        ids = {str(data["values"].get("spar_id") or "").strip() for data in data_list}
        partners = self.env["res.partner"].search([("spar_id", "in", list(ids - {""}))])
        by_id = dict(zip(partners.mapped("spar_id"), partners.ids, strict=True))
        for data in data_list:
            spar_id = data["values"].pop("spar_id", None)
            if spar_id and not data["values"].get("partner_id"):
                data["values"]["partner_id"] = by_id.get(str(spar_id).strip())

    def _find_branches(self, data_list):
        """Find each row's branch among those of its bank, by name or code.

        Odoo would look among all banks, of which many have a branch “Main”.
        """
        banks = {data["values"].get("dfsp_id") for data in data_list}
        branches = self.env["g2p.dfsp.branch"].search([("dfsp_id", "in", list(banks))])
        known = {}
        for branch in branches:
            for name in (branch.code, branch.name):
                known[branch.dfsp_id.id, name.casefold()] = branch.id
        for data in data_list:
            values = data["values"]
            if name := values.pop(BRANCH):
                place = values.get("dfsp_id"), name.strip().casefold()
                values["branch_id"] = known.get(place, NO_BRANCH)

    def _cleaned_row(self, data, refused):
        """Clean the values of a row in place; return whether they are right."""
        try:
            if not data["values"].get("partner_id"):
                raise ValidationError(
                    self.env._("No registrant has the SPAR ID of this row.")
                )
            if data["values"].get("branch_id") == NO_BRANCH:
                raise ValidationError(
                    self.env._("The bank of this row has no such branch.")
                )
            if data["xml_id"] or data["values"].get("id"):
                raise ValidationError(
                    self.env._(
                        "An import enters addresses and does not edit them. Leave out "
                        "the column with the ID of the address."
                    )
                )
            self._check_protected(data["values"])
            new = {**PROTECTED_FIELDS, "channel": "import"}
            data["values"] = self._cleaned({**new, **data["values"]})
        except UserError as problem:
            refused.append(self._row_message(data, problem))
            return False
        return True

    def _row_message(self, data, problem):
        return {**data["info"], "type": "error", "message": str(problem)}

    def _enter_rows(self, rows, refused):
        """Enter these rows; halve them around those the database or a rule refuses."""
        if not rows:
            return self.browse()
        try:
            with self.env.cr.savepoint():
                return self._enter_changes([data["values"] for data in rows])
        except (UserError, DatabaseError) as problem:
            if len(rows) == 1:
                if isinstance(problem, DatabaseError):
                    problem = self.env._("The database refused this row.")
                refused.append(self._row_message(rows[0], problem))
                return self.browse()
        half = len(rows) // 2
        return self._enter_rows(rows[:half], refused) | self._enter_rows(
            rows[half:], refused
        )

    def _enter_changes(self, vals_list):
        """Enter what differs from what is in use already."""
        partners = self.env["res.partner"].browse(v["partner_id"] for v in vals_list)
        in_use = self.sudo()._in_use(partners)
        # Reads them all at once; row by row it would be a query each.
        self.sudo().union(*in_use.values()).fetch(SAME_PLACE)
        changes, same = [], self.browse()
        for vals in vals_list:
            current = in_use.get(self.env["res.partner"].browse(vals["partner_id"]))
            if current and current._is_place(vals):
                same |= self.browse(current.id)
            else:
                changes.append(vals)
        return same | self._inside().create(changes).with_env(self.env)

    def _is_place(self, vals):
        """Return whether this is the address these values describe."""
        mine = self._convert_to_write({name: self[name] for name in SAME_PLACE})
        return all((mine[name] or False) == (vals.get(name) or False) for name in mine)


def _set_apart(records, branches):
    """Take the branch's name out of each record, and keep it in ``branches``."""
    for record, extras in records:
        named = record.get("branch_id") or [{}]
        branches.append(named[0].get(None))
        if branches[-1]:
            record = {key: record[key] for key in record if key != "branch_id"}
        yield record, extras
