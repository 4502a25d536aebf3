from odoo import api, models


class G2pFaIdRow(models.AbstractModel):
    """A row that holds an ID of a registrant: the model of a registry inherits this.

    A row may decide under which ID a person is paid. Its registrant is looked at again
    once the row is stored, and so is the one it belonged to before.
    """

    _name = "g2p.fa.id.row"
    _description = "ID of a registrant"

    #: The row's many2one to its registrant.
    _registrant = "partner_id"

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        rows[self._registrant]._spar_changed()
        return rows

    def write(self, vals):
        self.check_access("write")
        before = self[self._registrant]
        result = super().write(vals)
        (before | self[self._registrant])._spar_changed()
        return result

    def unlink(self):
        self.check_access("unlink")
        people = self[self._registrant]
        result = super().unlink()
        people.exists()._spar_changed()
        return result
