from contextlib import contextmanager

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..const import APPROVER, VIEWER

#: Beginning of the names of the models whose records are evidence.
OURS = "g2p."
#: With another value of these a user has other roles.
ROLES = {"active", "company_ids", "group_ids"}


class ResUsers(models.Model):
    """Users who leave: others get their to-dos, the history goes on naming them."""

    _inherit = "res.users"

    # === HOME === #

    def _spar_home_action(self):
        """Return the action a user begins with who has chosen none; by role.

        :return: empty for users who have no role of the suite
        :rtype: ir.actions.actions
        """
        self.ensure_one()
        homes = {APPROVER: "approval_action", VIEWER: "registrant_action"}
        for group, action in homes.items():
            if self.has_group(group):
                return self._spar_action(f"g2p_spar_financial_address.{action}")
        return self._spar_action(None)

    @api.model
    def _spar_action(self, name):
        """Return an action, as superuser; empty if it was deleted, or without name."""
        actions = self.env["ir.actions.actions"].sudo()
        found = name and self.env.ref(name, raise_if_not_found=False)
        return actions.browse(found.id) if found else actions

    # === EVIDENCE === #

    @api.ondelete(at_uninstall=False)
    def _unlink_except_named(self):
        """Refuse to delete a user whom the history of payment data names.

        The database would empty who entered, approved, ended or was shown an address.
        """
        for user in self:
            if user._is_evidence():
                raise UserError(
                    self.env._(
                        "%(name)s is named in the history of payment data, which must "
                        "go on saying who did what. Archive this user instead.",
                        name=user.name,
                    )
                )

    def _is_evidence(self):
        """Return whether a record of the suite says that this user did something.

        Looked for in every field that the registry writes itself. Records that are
        deleted with their user are none.
        """
        self.ensure_one()
        made = Domain("create_uid", "=", self.id)
        made &= self.env["res.partner"]._spar_domain()
        chosen = {"res.partner": made}
        for name, model in self.env.registry.items():
            is_table = model._auto and not model._abstract and not model._transient
            if name.startswith(OURS) and is_table:
                links = self._evidence_fields(name)
                chosen[name] = Domain.OR(Domain(link, "in", self.ids) for link in links)
        return any(
            self.env[name]
            .sudo()
            .with_context(active_test=False)
            .search_count(domain, limit=1)
            for name, domain in chosen.items()
        )

    def _evidence_fields(self, model):
        links = [
            field
            for field in self.env[model]._fields.values()
            if field.store
            and field.readonly
            and field.comodel_name == self._name
            and field.name != "write_uid"
        ]
        if any(field.ondelete == "cascade" for field in links if field.column_type):
            return []
        return [field.name for field in links]

    # === TO-DOS === #

    @api.model_create_multi
    def create(self, vals_list):
        users = super().create(vals_list)
        self.env["mail.activity"]._spar_todos(users)._spar_hand_over()
        return users

    def write(self, vals):
        if not ROLES & vals.keys():
            return super().write(vals)
        with self._handing_over(leave=not vals.get("active", True)):
            return super().write(vals)

    def action_archive(self):
        with self._handing_over(leave=True):
            return super().action_archive()

    def unlink(self):
        with self._handing_over(leave=True):
            return super().unlink()

    @contextmanager
    def _handing_over(self, leave):
        """Give the to-dos of these users to others after the block, where necessary.

        :param bool leave: whether the users leave; Odoo then deletes their to-dos
        """
        todos = self.env["mail.activity"]._spar_todos(self)
        if leave:
            todos._spar_park()
        yield
        todos._spar_hand_over()


class ResGroups(models.Model):
    _inherit = "res.groups"

    def write(self, vals):
        result = super().write(vals)
        if {"user_ids", "implied_ids", "implied_by_ids"} & vals.keys():
            self.env["mail.activity"]._spar_todos()._spar_hand_over()
        return result
