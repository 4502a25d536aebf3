from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.g2p_spar_financial_address.const import ADMINISTRATOR, VALUE_FIELD
from odoo.addons.g2p_spar_financial_address.toolkit.value_checks import describe
from odoo.addons.g2p_spar_financial_address.values import names
from odoo.addons.g2p_spar_financial_address.values.checks import mask

from ..pipeline import error_texts
from ..pipeline.mapping import full_name
from ..pipeline.planning import Source

#: Time after which the answers of a sample are erased.
SAMPLE_HOURS = 24
#: Number of submissions fetched; the newest of them is the sample.
SAMPLES = 1


class G2pOdkForm(models.Model):
    """A preview of a real submission, before anything is imported."""

    _inherit = "g2p.odk.form"

    sample_payload = fields.Json(
        "Sample", readonly=True, copy=False, groups=ADMINISTRATOR, prefetch=False
    )
    sample_at = fields.Datetime("Sample of", readonly=True, copy=False)
    preview_registrant = fields.Char(
        "Person", compute="_compute_preview", groups=ADMINISTRATOR
    )
    preview_address = fields.Char(
        "Paid at", compute="_compute_preview", groups=ADMINISTRATOR
    )
    preview_trouble = fields.Text(
        "Would be set aside", compute="_compute_preview", groups=ADMINISTRATOR
    )
    preview_warnings = fields.Text(
        "To look at", compute="_compute_preview", groups=ADMINISTRATOR
    )

    @api.depends(
        "sample_payload",
        "twins",
        "registrant_policy",
        "wins_policy",
        "other_name_policy",
        "mapping_line_ids.question_id",
        "mapping_line_ids.joined_ids",
        "mapping_line_ids.target",
        "mapping_line_ids.transform",
        "mapping_line_ids.parameter",
        "mapping_line_ids.pick",
        "mapping_line_ids.required",
    )
    def _compute_preview(self):
        for form in self:
            form.update(form._preview(form.sample_payload))

    def action_take_sample(self):
        """Fetch the newest submission from Central, to try the mapping on.

        :raise UserError: when Central does not answer, or there is none
        """
        self.ensure_one().check_access("write")
        samples = self._fetch_samples(SAMPLES)
        if not samples:
            raise UserError(
                self.env._(
                    "There is no submission to try the mapping on. Submit one with "
                    "invented answers."
                )
            )
        self.write({"sample_payload": samples[0], "sample_at": fields.Datetime.now()})

    def _begin_mapping(self):
        """Read the questions and the newest submission, as far as Central has them."""
        try:
            self.action_read_questions()
            self.action_take_sample()
        except UserError:
            # The buttons of the form say what is wrong.
            return

    def action_forget_sample(self):
        """Erase the answers of the sample."""
        self.check_access("write")
        self.write({"sample_payload": False, "sample_at": False})

    @api.autovacuum
    def _forget_samples(self):
        before = fields.Datetime.now() - timedelta(hours=SAMPLE_HOURS)
        self.search([("sample_at", "<", before)]).action_forget_sample()

    def _preview(self, payload):
        """Return the preview of a submission. Nothing is written.

        :param dict payload: the submission, or a falsy value
        :return: the values of the fields of the preview; numbers are masked
        :rtype: dict
        """
        empty = dict.fromkeys(("registrant", "address", "trouble", "warnings"), False)
        shown = {**empty}
        if payload and self.mapping_line_ids:
            # With sudo, as in the import.
            form = self.sudo()
            twins = tuple((form.twins or "").split())
            source = Source(payload, twins=twins, is_sample=True)
            (plan,) = plans = form._read_all([source])
            form._complete([source], plans)
            shown["trouble"] = plan.text
            if not shown["trouble"]:
                shown["registrant"] = form._preview_registrant(plan)
                shown["address"] = form._preview_address(plan)
                shown["warnings"] = "\n".join(form._preview_warnings(plan))
        return {f"preview_{name}": text for name, text in shown.items()}

    def _preview_registrant(self, plan):
        parts = [full_name(plan.values), plan.key]
        if not plan.new:
            parts[0] = plan.partner._spar_get_name()
        known = " · ".join(part for part in parts if part)
        if plan.new:
            return self.env._("%s (is added to the registry)", known)
        return known

    def _preview_address(self, plan):
        if not plan.address:
            return self.env._("None")
        # A record in memory only, for its computed texts.
        fa_type = plan.address["fa_type"]
        draft = self.env["g2p.financial.address"].new(
            {
                "fa_type": fa_type,
                "dfsp_id": plan.address.get("dfsp_id"),
                "masked": mask(plan.address[VALUE_FIELD[fa_type]]),
            }
        )
        return describe(draft)

    def _preview_warnings(self, plan):
        texts = []
        labels = error_texts.target_labels(self.env)
        if plan.address:
            texts += self._address_warnings(plan.address, plan)
        contact = {"name": "full_name", "phone": "contact_phone"}
        changed = [labels.get(contact.get(name, name), name) for name in plan.contact]
        if changed and not plan.new:
            texts.append(
                self.env._("Written to the registry: %s.", ", ".join(sorted(changed)))
            )
        return texts

    def _address_warnings(self, address, plan):
        texts = []
        if not address.get("dfsp_id"):
            texts.append(self.env._("Without a provider the address stays incomplete."))
        if self.env["g2p.fa.policy"].asks_approval(address["fa_type"], "odk"):
            texts.append(self.env._("A second person has to approve it."))
        name = plan.partner._spar_get_name() if plan.partner else full_name(plan.values)
        if payee := address.get("payee_name"):
            texts.append(self.env._("Another person receives the money: %s.", payee))
        if names.compare(address["holder_name"], payee or name) == names.DIFFERENT:
            texts.append(
                self.env._("The account is held under a name unlike the payee's.")
            )
        return texts
