"""The Payment page, put into the contact forms that the registrant adapter names."""

import copy
import logging

from odoo import api, models
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)

#: The view that holds the page and the buttons on top of it.
PAGE_VIEW = "g2p_spar_financial_address.registrant_page"
BUTTONS = "//div[@name='button_box']"


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
        return arch, view

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
        ours = self.env.ref(PAGE_VIEW).sudo()._get_combined_arch()
        (arch.xpath(BUTTONS)[0]).extend(ours.xpath(BUTTONS)[0])
        (page,) = ours.xpath("//page")
        for anchor in anchors:
            node = arch.xpath(anchor.xpath)[0]
            added = copy.deepcopy(page)
            if anchor.position == "inside":
                node.append(added)
            else:
                parent = node.getparent()
                shift = anchor.position == "after"
                parent.insert(parent.index(node) + shift, added)

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
