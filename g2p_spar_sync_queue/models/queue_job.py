from odoo import api, models
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import is_marked

from ..jobs import NEW_JOB


class QueueJob(models.Model):
    """Wake-ups, stored in one statement.

    The user who saves an address waits for it, and the ORM takes longer for the job
    than for the address: a job has fifty columns, and a chatter that is never read.
    """

    _inherit = "queue.job"

    @api.model_create_multi
    @api.private
    def create(self, vals_list):
        if not is_marked(self, NEW_JOB):
            return super().create(vals_list)
        return self.browse(self._insert(vals) for vals in vals_list)

    @api.model
    def search(self, domain, offset=0, limit=None, order=None):
        # It is looked for by its own new UUID, in case it is there already.
        if is_marked(self, NEW_JOB):
            return self.browse()
        return super().search(domain, offset, limit, order)

    def _insert(self, vals):
        columns = {
            name: self._fields[name].convert_to_column_insert(value, self, vals)
            for name, value in vals.items()
        }
        self.env.cr.execute(
            SQL(
                "INSERT INTO queue_job (%s) VALUES (%s) RETURNING id",
                SQL(", ").join(map(SQL.identifier, columns)),
                SQL(", ").join(SQL("%s", value) for value in columns.values()),
            )
        )
        return self.env.cr.fetchone()[0]
