"""The Payment page, put into the contact forms that the registrant adapter names."""

import copy
import logging

from odoo import api, models
from odoo.exceptions import UserError

from ..const import VIEWER

_logger = logging.getLogger(__name__)

#: The view that holds the page and the buttons on top of it.
PAGE_VIEW = "g2p_spar_financial_address.registrant_page"
BUTTONS = "//div[@name='button_box']"
#: The form of the suite's own, which has places for the parts of the page.
PERSON_VIEW = "g2p_spar_financial_address.person_view_form"
PAGE = "//page[@name='payment']"
#: What of those parts the form has itself.
TWICE = (
    "//group[@name='payment_registrant']/field[@name='spar_id']"
    " | //div[@name='payment_history']/h2"
)


class ResPartner(models.Model):
    """By model, and not by inheriting a form.

    Registries replace the sheet of the contact form, or have forms of their own. A view
    that inherits one form is not seen in theirs, or is thrown away, by its priority.
    """

    _inherit = "res.partner"

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "form" and (anchors := self._spar_anchors_of(view)):
            if missing := self._spar_missing(arch, anchors):
                _logger.error(self._spar_missing_text(view, missing))
            else:
                self._spar_add_page(arch, anchors)
                self._spar_adapt_form(arch)
        elif view_type == "form" and view == self.env.ref(PERSON_VIEW):
            self._spar_fill_person_form(arch)
        return arch, view

    @api.model
    def get_views(self, views, options=None):
        """Offer nothing of other apps on the person page, such as Send SMS."""
        if (self.env.ref(PERSON_VIEW).id, "form") in map(tuple, views):
            options = {**(options or {}), "toolbar": False}
        return super().get_views(views, options)

    def get_formview_id(self, access_uid=None):
        """Open people on the person page from everywhere, if the user may see it."""
        name = len(self) == 1 and self._spar_person_form()
        if name and self.env.user.has_group(VIEWER):
            return self.env.ref(name).id
        return super().get_formview_id(access_uid)

    @api.model
    def _spar_anchors_of(self, view):
        """Return where the page goes in this form; an empty list for nowhere.

        Actions of a registry may open a form by a view that extends it.
        """
        while view.inherit_id and view.mode == "extension":
            view = view.inherit_id
        name = view.get_external_id().get(view.id)
        return self._spar_forms().get(name, [])

    @api.model
    def _spar_missing(self, arch, anchors):
        """Return the XPaths that this form has no place for."""
        wanted = [BUTTONS, *(anchor.xpath for anchor in anchors)]
        return [xpath for xpath in wanted if not arch.xpath(xpath)]

    @api.model
    def _spar_missing_text(self, view, missing):
        return self.env._(
            "The Payment page is not shown on the form “%(form)s”, which has no "
            "%(places)s. The addon that connects this registry must name another "
            "place.",
            form=view.get_external_id().get(view.id) or view.name,
            places=", ".join(missing),
        )

    @api.model
    def _spar_add_page(self, arch, anchors):
        """Put the page and its buttons into a form.

        :param arch: the form as an etree node, which is changed
        :param list anchors: see :meth:`_spar_forms`
        """
        page = self._spar_page_for(arch)
        for anchor in anchors:
            node = arch.xpath(anchor.xpath)[0]
            added = copy.deepcopy(page)
            if anchor.position == "inside":
                node.append(added)
            else:
                parent = node.getparent()
                shift = anchor.position == "after"
                parent.insert(parent.index(node) + shift, added)

    @api.model
    def _spar_page_for(self, arch):
        """Return the page, whose buttons are put into this form."""
        ours = self.env.ref(PAGE_VIEW).sudo()._get_combined_arch()
        (arch.xpath(BUTTONS)[0]).extend(ours.xpath(BUTTONS)[0])
        (page,) = ours.xpath(PAGE)
        return page

    @api.model
    def _spar_fill_person_form(self, arch):
        """Put each part of the page in its place of the person page.

        :param arch: the form as an etree node, which is changed
        """
        for part in self._spar_page_for(arch):
            for place in arch.xpath(f"//*[@name='{part.get('name')}']"):
                place.getparent().replace(place, part)
        # This form says it elsewhere: who it is, and the name of the tab.
        for twice in arch.xpath(TWICE):
            twice.getparent().remove(twice)

    def _register_hook(self):
        """Refuse an installation after which a form would have no Payment page.

        It is known only now, when all addons have been loaded: any of them may replace
        the place. Later starts of the server log it.
        """
        super()._register_hook()
        if self.env.registry.updated_modules:
            self._spar_check_forms()

    @api.model
    def _spar_check_forms(self):
        """Check that each form the adapter names has the places it names.

        :raise UserError: naming the forms and the places
        """
        problems = []
        for name, anchors in self._spar_forms().items():
            view = self.env.ref(name, raise_if_not_found=False)
            if not view:
                problems.append(
                    self.env._(
                        "The Payment page has no form “%s” to be shown on.", name
                    )
                )
                continue
            arch = view.sudo()._get_combined_arch()
            if missing := self._spar_missing(arch, anchors):
                problems.append(self._spar_missing_text(view, missing))
        if problems:
            raise UserError("\n".join(problems))
