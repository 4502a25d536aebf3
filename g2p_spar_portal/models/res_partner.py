from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.const import ADMINISTRATOR, EDITOR
from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import (
    TRUSTED,
    is_marked,
)

from ..const import FIELD_AGENT

#: Parts of a name that some registries keep in fields of their own.
NAME_PARTS = ("given_name", "family_name")


class ResPartner(models.Model):
    """The field agents of a registrant.

    A registry that keeps this elsewhere overrides ``_spar_get_agent`` or
    ``_spar_is_agent``, and with it ``_spar_agent_domain``, and adds a record rule of
    the same meaning for field agents.
    """

    _inherit = "res.partner"
    agent_ids = fields.Many2many(
        "res.users",
        "g2p_partner_agent_rel",
        "partner_id",
        "user_id",
        string="Field agents",
        domain=lambda self: [("all_group_ids", "in", self.env.ref(FIELD_AGENT).ids)],
        copy=False,
        groups=ADMINISTRATOR,
        help="Who looks after this registrant on the portal, besides the salesperson. "
        "They may change where the registrant is paid.",
    )

    @api.depends("parent_id")
    def _compute_user_id(self):
        # An editor chooses the field agent of a registrant: no parent brings one.
        brought = self.filtered(
            lambda one: (
                one._spar_is_registrant()
                and any(
                    user.has_group(FIELD_AGENT) for user in one.parent_id.sudo().user_id
                )
            )
        )
        return super(ResPartner, self - brought)._compute_user_id()

    # === WHO IS RESPONSIBLE === #

    def _spar_is_agent(self, user):
        """Return whether this user is an agent of this registrant.

        :param res.users user: a field agent
        :rtype: bool
        """
        registrant = self.ensure_one().sudo()
        return bool(user) and (
            registrant._spar_is_paid()
            and user in registrant._spar_get_agent() | registrant.agent_ids
        )

    @api.model
    def _spar_agent_domain(self, user):
        """Return the domain of this user's registrants.

        :param res.users user: a field agent
        :rtype: odoo.fields.Domain
        """
        # With sudo: agents may not read the other agents of a registrant.
        assigned = self.sudo()._search([("agent_ids", "in", user.ids)])
        return (
            self._spar_domain()
            & Domain("active", "=", True)
            & (Domain("user_id", "=", user.id) | Domain("id", "in", assigned))
        )

    def _message_auto_subscribe_followers(self, updated_values, default_subtype_ids):
        """Do not subscribe field agents.

        A follower gets the messages of registry staff about a contact, and may post
        there.
        """
        followers = super()._message_auto_subscribe_followers(
            updated_values, default_subtype_ids
        )
        users = self.browse(row[0] for row in followers).sudo().user_ids
        agents = users.filtered(lambda user: user.has_group(FIELD_AGENT)).partner_id
        return [row for row in followers if row[0] not in agents.ids]

    def _mail_get_operation_for_mail_message_operation(self, message_operation):
        """Hide messages of registry staff about registrants from field agents.

        Otherwise all users who may read a contact could read them, too.
        """
        operations = super()._mail_get_operation_for_mail_message_operation(
            message_operation
        )
        if self.env.user.has_group(FIELD_AGENT):
            registrants = self.sudo().filtered(lambda one: one._spar_is_registrant())
            operations.update(dict.fromkeys(self & registrants, "write"))
        return operations

    # === WHO MAY CHANGE WHO IS RESPONSIBLE === #

    @api.model_create_multi
    def create(self, vals_list):
        quiet = self
        if self.env.user.has_group(FIELD_AGENT):
            # Nor are they subscribed to contacts that they register.
            quiet = self.with_context(mail_create_nosubscribe=True)
        partners = super(ResPartner, quiet).create(vals_list).with_env(self.env)
        partners.filtered(
            lambda one: one._spar_is_registrant()
        )._check_may_choose_agent()
        return partners

    def write(self, vals):
        if "email" in vals:
            self._check_may_lead_mails(vals["email"])
        if "user_id" not in vals:
            return super().write(vals)
        before = {partner: partner.sudo().user_id for partner in self}
        result = super().write(vals)
        self.filtered(
            lambda partner: (
                partner._spar_is_registrant()
                and partner.sudo().user_id != before[partner]
            )
        )._check_may_choose_agent()
        return result

    def _check_may_choose_agent(self):
        """Refuse to assign registrants to an agent, who may redirect the payment.

        :raise AccessError: for users who may not change payment addresses themselves
        """
        if is_marked(self, TRUSTED) or self.env.user.has_group(EDITOR):
            return
        if any(user.has_group(FIELD_AGENT) for user in self.sudo().user_id):
            raise AccessError(
                self.env._(
                    "Only an editor of payment addresses may choose the field agent of "
                    "a registrant."
                )
            )

    def _check_may_lead_mails(self, email):
        """Refuse to change the e-mail address of a field agent.

        Odoo mails links for new passwords there.

        Odoo refuses the same for users of the registry, but not of the portal.

        :param str email: the new one
        :raise AccessError: for users who may neither change accounts nor own this one
        """
        if self.env["res.users"].sudo(False).has_access("write"):
            return
        self.flush_model(["email"])
        changed = self.env.execute_query(
            SQL(
                """SELECT u.id FROM res_users u
                     JOIN res_partner p ON p.id = u.partner_id
                    WHERE p.id = ANY(%s) AND p.email IS DISTINCT FROM %s""",
                self.ids,
                email or None,
            )
        )
        users = self.env["res.users"].sudo()
        others = users.browse(id_ for (id_,) in changed) - self.env.user
        if any(user.has_group(FIELD_AGENT) for user in others):
            raise AccessError(
                self.env._(
                    "Only users who keep accounts may change the e-mail address of a "
                    "field agent: links for new passwords are sent there."
                )
            )

    def _spar_check_merge(self):
        """Refuse to merge contacts that field agents look after.

        The agents of one would become those of the other.

        :raise AccessError: for users who may not assign agents
        """
        if self.sudo().agent_ids and not self.env.user.has_group(ADMINISTRATOR):
            raise AccessError(
                self.env._(
                    "Only an administrator of payment addresses merges contacts that "
                    "have field agents."
                )
            )
        return super()._spar_check_merge()

    # === CONTACTS OF THE PORTAL === #

    # Hooks by which a registry adapts the registration.

    @api.model
    def _portal_name_fields(self):
        """Return the fields of a person's name.

        :rtype: tuple
        """
        in_parts = all(name in self._fields for name in NAME_PARTS)
        return NAME_PARTS if in_parts else ("name",)

    @api.model
    def _portal_new_values(self, values):
        """Return the values of a new registrant of the current user.

        :param dict values: cleaned, by field of the step: names and ``id_number``
        :rtype: dict
        """
        names = {name: values[name] for name in self._portal_name_fields()}
        return {
            **self._spar_new(),
            "user_id": self.env.uid,
            "name": " ".join(name for name in names.values() if name),
            **names,
            **self._spar_id_values(values["id_number"]),
        }

    @api.model
    def _portal_contact_values(self, values):
        """Return the values of a registrant's contact data.

        :param dict values: cleaned, by field of the step
        :rtype: dict
        """
        return {
            name: values[name]
            for name in ("phone", "email", "street", "city")
            if values[name]
        }
