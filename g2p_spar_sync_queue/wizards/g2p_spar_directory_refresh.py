import base64

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.g2p_spar_financial_address.const import FA_TYPES
from odoo.addons.g2p_spar_financial_address.imports import directory_csv

from ..directory_refresh import import_rows

DELIMITER = ","
IMPORT = "g2p.dfsp.import"


class G2pSparDirectoryRefresh(models.TransientModel):
    """Fetches SPAR's directory and hands it to the import of providers."""

    _name = "g2p.spar.directory.refresh"
    _description = "Refresh providers from SPAR"

    connection_id = fields.Many2one(
        "g2p.spar.connection", required=True, readonly=True, ondelete="cascade"
    )
    directory_url = fields.Char(
        string="Address of the directory",
        compute="_compute_directory_url",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )

    @api.depends("connection_id")
    def _compute_directory_url(self):
        for wizard in self:
            wizard.directory_url = wizard.connection_id.directory_url

    def action_fetch(self):
        """Fetch the directory and show what taking it over would do.

        Nothing is stored yet but the address of the directory.

        :raise AccessError: when the user may not change the directory
        :raise UserError: when SPAR's directory cannot be had, or is empty
        """
        self.ensure_one()
        self._check_may_import()
        self.connection_id.check_access("write")
        if self.directory_url != self.connection_id.directory_url:
            self.connection_id.directory_url = self.directory_url
        rows, complaints = import_rows(self.env, self.connection_id._fetch_directory())
        if not rows and not complaints:
            raise UserError(self.env._("SPAR's directory is empty."))
        return self._preview(rows, complaints)

    def _check_may_import(self):
        if not self.env[IMPORT].has_access("create"):
            raise AccessError(
                self.env._(
                    "Providers are changed by administrators of payment addresses. Ask "
                    "one who is also a SPAR manager."
                )
            )

    def _preview(self, rows, complaints):
        """Return the action that shows the import's preview of these rows."""
        if not rows:
            raise UserError("\n".join([self._nothing_text(), *complaints]))
        file = directory_csv.write_rows(rows, DELIMITER)
        wizard = self.env[IMPORT].create(
            {
                "file": base64.b64encode(file),
                "file_name": self.env._("SPAR directory.csv"),
                "spar_notice": "\n".join(self._notice(complaints)),
            }
        )
        return wizard.action_preview()

    def _nothing_text(self):
        return self.env._("Nothing in SPAR's directory can be taken over.")

    def _notice(self, complaints):
        """Return what the rows of the preview leave unsaid, in sentences."""
        sentences = [
            self.env._(
                "What SPAR does not know stays as it is. SPAR does not say how "
                "addresses are written; new providers get the usual strategy: "
                "%(strategies)s.",
                strategies=", ".join(self._usual_strategies()),
            )
        ]
        if complaints:
            sentences.append(self.env._("Left out; ask SPAR's operator to correct it:"))
        return sentences + complaints

    def _usual_strategies(self):
        """Name the strategy that new providers of each type get."""
        strategies = self.env["g2p.fa.strategy"].search([("kind", "=", "fa")])
        by_type = strategies.grouped("fa_type")
        usual = [by_type[t][:1] for t, _label in FA_TYPES if t in by_type]
        return [f"{strategy.name} ({strategy.strategy_number})" for strategy in usual]
