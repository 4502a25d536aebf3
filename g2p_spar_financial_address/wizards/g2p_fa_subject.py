import base64
import io
import json
import re
import zipfile
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import html2plaintext

from ..const import ADMINISTRATOR

#: How long the file can be downloaded after it was asked for.
DOWNLOAD = timedelta(minutes=10)

#: Names of the suite's models, and of the fields it adds to others.
_OURS = ("g2p_spar_", "g2p_odk_")
#: Of a contact, also these are a matter of the suite: channels write them.
_CONTACT = {"name", "phone", "email"}
_NOT_HANDED_OUT = {"create_uid", "write_uid", "write_date", "id"}


class G2pFaSubject(models.TransientModel):
    """All that the suite holds of one registrant, as a file: subject access.

    Also of the duplicates that were merged into this registrant.

    The file is made while it is downloaded, so that no copy of it is left. Names of
    users are not in it: they are other persons.
    """

    _name = "g2p.fa.subject"
    _description = "All data of a registrant"

    partner_id = fields.Many2one(
        "res.partner", "Registrant", required=True, readonly=True
    )
    file = fields.Binary(compute="_compute_file")

    @api.model_create_multi
    def create(self, vals_list):
        # The action logs it first.
        if not self.env.su:
            raise AccessError(self.env._("Ask for the file on the registrant's page."))
        return super().create(vals_list)

    def _compute_file(self):
        if self.create_uid - self.env.user:
            # Another administrator asks in their own name, which is logged.
            raise AccessError(self.env._("Ask for the file on the registrant's page."))
        self._check_may_read(self.partner_id)
        for one in self:
            asked = one.create_date or fields.Datetime.now()
            fresh = asked > fields.Datetime.now() - DOWNLOAD
            one.file = fresh and base64.b64encode(one._archive())

    @api.model
    def _check_may_read(self, partners):
        """Refuse users who may not have all data of these registrants.

        :raise AccessError: also where a record rule hides one of the addresses
        """
        if not self.env.user.has_group(ADMINISTRATOR):
            raise AccessError(
                self.env._("Only an administrator gives out all data of a person.")
            )
        partners = partners.with_user(self.env.user).sudo(False)._with_duplicates()
        partners.check_access("read")
        partners._check_own_companies()
        addresses = (
            partners.sudo().with_context(active_test=False).financial_address_ids
        )
        addresses.sudo(False).check_access("read")

    @api.model
    def _ask(self, partner):
        """Log that the user is given all data of a registrant; return the download.

        :param res.partner partner: one registrant
        :raise AccessError: when the user may not have it
        """
        self._check_may_read(partner)
        Reveal = self.env["g2p.fa.reveal"]
        people = partner.sudo()._with_duplicates()
        if addresses := people.financial_address_ids:
            Reveal._note(addresses, "subject")
        else:
            # There is other data.
            Reveal.note_without_address("subject", partner)
        made = self.sudo().create({"partner_id": partner.id})
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{made.id}/file"
            f"?download=true&filename=registrant-{partner.id}.zip",
            "target": "self",
        }

    # === THE FILE === #

    def _archive(self):
        """Return the file: a text with all values, and the proofs."""
        partner = self.partner_id.sudo().with_context(active_test=False)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            sections = []
            for row in self.env["g2p.fa.retention"]._retention_rows():
                if row.paths:
                    records = self._records(row, partner._with_duplicates())
                    sections.append(self._section(row, records))
                    self._add_files(archive, records)
            text = json.dumps(
                {
                    "registrant": partner.display_name,
                    "made_at": fields.Datetime.now(),
                    "data": [section for section in sections if section["records"]],
                },
                ensure_ascii=False,
                indent=2,
                default=str,
            )
            archive.writestr("registrant.json", text)
        return stream.getvalue()

    def _records(self, row, partners):
        model = self.env[row.model].sudo().with_context(active_test=False)
        domain = self.env["g2p.fa.retention"]._domain_of(row, partners)
        return model.search(domain, order="id")

    def _section(self, row, records):
        names = self._names(records, row.hidden)
        return {
            "kind": records._description,
            "kept_until": row.until,
            "records": [self._values(record, names) for record in records],
        }

    def _names(self, records, hidden):
        """Return the names of the fields that are handed out."""
        return [
            name
            for name, field in records._fields.items()
            if field.store
            and field.type not in ("binary", "one2many", "many2many")
            and field.comodel_name != "res.users"
            and name not in _NOT_HANDED_OUT
            and name not in hidden
            and (
                records._name != "res.partner"
                or name in _CONTACT
                or any(module.startswith(_OURS) for module in field._modules)
            )
        ]

    def _values(self, record, names):
        values = {}
        for name in names:
            field, value = record._fields[name], record[name]
            if value or value == 0 and value is not False:
                shown = value if field.type == "json" else None
                values[field._description_string(self.env)] = (
                    shown or field.convert_to_export(value, record)
                )
        if record._name != "res.partner" and "message_ids" in record._fields:
            values["messages"] = [
                {"date": message.date, "text": html2plaintext(message.body or "")}
                for message in record.message_ids
                if message.body
            ]
        return values

    def _add_files(self, archive, records):
        """Add the files that are stored with these records."""
        for name, field in records._fields.items():
            if field.type != "binary" or not field.store:
                continue
            if records._name == "res.partner":
                continue
            for record in records.with_context(bin_size=False):
                if record[name]:
                    named = f"{name}_name" in record._fields
                    typed = (named and record[f"{name}_name"]) or ""
                    found = re.search(r"\.[A-Za-z0-9]{1,5}$", typed)
                    ending = found.group() if found else ""
                    archive.writestr(
                        f"{name}-{record.id}{ending}", base64.b64decode(record[name])
                    )
