"""The registrant adapter: all that the suite needs to know of a registrant.

It is written for plain contacts. A registry that keeps these data elsewhere overrides
these methods, in an addon of its own; the rest of the suite stays as it is. How, with
an example: ``docs/integration.md``.

Companies are no part of it: record rules compare a contact's ``company_id``, so every
registry uses that field.
"""

from collections import namedtuple

from odoo import api, fields, models
from odoo.fields import Command, Domain

#: IDs in rows of another model: the contact's one2many ``field``, the name of the
#: ``value`` in a row, the domain of ``valid`` rows, and further values of ``new`` ones.
IdRows = namedtuple("IdRows", "field value valid new")

#: Where in a form something is put: an XPath, and ``before``, ``after`` or ``inside``.
Anchor = namedtuple("Anchor", "xpath position")


class ResPartner(models.Model):
    _inherit = "res.partner"

    is_registrant = fields.Boolean(
        string="Registrant", help="A person or household in the registry."
    )

    # === WHO IS A REGISTRANT, AND PAID === #

    @api.model
    def _spar_domain(self):
        """Return the domain of the contacts that are registrants.

        :rtype: odoo.fields.Domain
        """
        return Domain("is_registrant", "=", True)

    def _spar_is_registrant(self):
        """Return whether the registry pays this contact."""
        self.ensure_one()
        return self.is_registrant

    def _spar_is_paid(self, companies=()):
        """Return whether SPAR should have this registrant's address.

        Archived registrants have left the registry and are not paid any more.

        :param companies: ids of those that are served; empty for all
        """
        self.ensure_one()
        mine = self.company_id.id
        is_served = not companies or not mine or mine in companies
        has_left = not self.active or any(self[n] for n in self._spar_left_fields())
        return is_served and not has_left and self._spar_is_registrant()

    @api.model
    def _spar_left_fields(self):
        """Return the columns that say, when they are set, that a person has left.

        Such as the date on which the registry disabled them.

        :rtype: set
        """
        return set()

    @api.model
    def _spar_resuming(self, vals):
        """Return the names of the values by which a contact is paid again.

        To be paid again may need a second person; to be paid no longer never does.

        :param dict vals: new values of a contact
        :rtype: set
        """
        on = {name for name in ("is_registrant", "active") if vals.get(name)}
        return on | {n for n in self._spar_left_fields() & vals.keys() if not vals[n]}

    @api.model
    def _spar_paid_fields(self):
        """Return the columns, besides ``active``, by which a contact is paid or not.

        A write of one of them is a change of who is paid: an editor's, for SPAR.

        :rtype: set
        """
        return {"is_registrant"} | self._spar_left_fields()

    @api.model
    def _spar_fields(self):
        """Return the columns that this adapter reads of each registrant.

        They are read for many at once; what is missing here costs a query for each.

        :rtype: set
        """
        return {"active", "company_id", "name", "phone"} | self._spar_paid_fields()

    @api.model
    def _spar_new(self):
        """Return the values by which a new contact is a registrant.

        :rtype: dict
        """
        return {"is_registrant": True}

    # === NAME, PHONE AND AGENT === #

    def _spar_get_name(self):
        """Return the registrant's full name."""
        self.ensure_one()
        return self.name

    def _spar_get_phone(self):
        """Return the contact phone of the registrant, or ``False``.

        It is never the number of a wallet.
        """
        self.ensure_one()
        return self.phone

    def _spar_get_agent(self):
        """Return the user who looks after this registrant, such as a field agent.

        :rtype: res.users
        """
        self.ensure_one()
        return self.user_id

    # === THE ID === #

    # The payment settings name the sources of the ID in order: columns of the contact,
    # or sources that the registry adds, such as rows of another model.

    @api.model
    def _spar_id_sources(self):
        """Return the sources of IDs that are no columns of a contact.

        :return: what people call them, by the name that the settings use
        :rtype: dict
        """
        return {}

    @api.model
    def _spar_id_rows(self, source):
        """Return how a source keeps IDs in rows of another model.

        That model inherits ``g2p.fa.id.row``, so that changes of rows are noticed.

        :param str source: a column, or one of :meth:`_spar_id_sources`
        :rtype: IdRows or None
        """
        return None

    def _spar_id_read(self, source):
        """Return the valid ID that this contact has in a source, or a falsy value.

        :param str source: a column, or one of :meth:`_spar_id_sources`
        """
        self.ensure_one()
        rows = self._spar_id_rows(source)
        if not rows:
            return self[source]
        return self.sudo()[rows.field].filtered_domain(rows.valid)[:1][rows.value]

    @api.model
    def _spar_id_owners(self, source, texts):
        """Return the contacts that have one of these IDs in a source.

        :param str source: a column, or one of :meth:`_spar_id_sources`
        :param list texts: IDs, letter by letter
        :return: contacts by ID, as far as the user and the context show them
        :rtype: dict
        """
        rows = self._spar_id_rows(source)
        if not rows:
            return self.search_fetch([(source, "in", texts)], [source]).grouped(source)
        field = self._fields[rows.field]
        owner = field.inverse_name
        found = self.env[field.comodel_name].sudo()
        wanted = rows.valid & Domain(rows.value, "in", texts)
        found = found.search_fetch(wanted, [owner, rows.value])
        seen = self.search([("id", "in", found[owner].ids)])
        return {
            text: seen & self.browse(of_text[owner].ids)
            for text, of_text in found.grouped(rows.value).items()
        }

    @api.model
    def _spar_id_new(self, source, text):
        """Return the values with which a new contact gets this ID in a source.

        :param str source: a column, or one of :meth:`_spar_id_sources`
        :param str text: the ID in its normal form
        :rtype: dict
        """
        rows = self._spar_id_rows(source)
        if not rows:
            return {source: text}
        return {rows.field: [Command.create({**rows.new, rows.value: text})]}

    def _spar_changed(self):
        """Have everything looked at again: the registry calls it after a change.

        Needed after changes of what this adapter reads but a write of the contact does
        not show: of a row in another model, or of a field that only the registry knows.
        Changes of the ID that need approval by the policy wait for a second person.

        :raise AccessError: for a user who gives a registrant another ID and is no
            editor of payment addresses
        :raise ValidationError: when two contacts would share an ID
        """
        told = self - self._spar_id_refresh()
        if told:
            told._financial_address_changed("admin")

    # === FORMS === #

    @api.model
    def _spar_forms(self):
        """Return the contact forms that show the Payment page, and where.

        Other forms are left alone, also those derived from these.

        :return: by the xml-id of a form that inherits no other: the places of the page,
            of which a form with one notebook for persons and one for households has two
        :rtype: dict[str, list[Anchor]]
        """
        return {
            "base.view_partner_form": [
                Anchor("//page[@name='contact_addresses']", "before")
            ]
        }

    def _spar_person_form(self):
        """Return the form on which this registrant opens from lists of the suite.

        A registry that shows the Payment page on a form of its own returns ``None``.

        :return: an xml-id, or ``None`` to leave it to Odoo
        """
        self.ensure_one()
        if self._spar_is_registrant():
            return "g2p_spar_financial_address.person_view_form"
        return None

    @api.model
    def _spar_adapt_form(self, arch):
        """Hook: change one of these forms, which has the page by now.

        :param arch: the form as an etree node
        """
