"""Checks that every page for field agents makes first."""

import functools

from werkzeug.exceptions import MethodNotAllowed

from odoo import http
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.g2p_spar_financial_address.toolkit import request_bodies

from ..const import FIELD_AGENT, LIMITS, MAX_FORM, PATHS
from .frame import show

for _prefix in PATHS:
    request_bodies.guard(_prefix, MAX_FORM, policy=request_bodies.PAGE)

#: Key in the environment of a request, with the limit: it was counted already.
_COUNTED = "g2p_spar_portal.counted."


class Refused(Exception):
    """A page or a form is refused; another page shows the reason.

    :param int status: the HTTP status
    :param str heading: what happened, in a few words
    :param str text: what the agent may do now
    :param dict headers: of the answer
    :param dict again: the posted values, so that they can be sent again from there
    """

    def __init__(self, status, heading, text, headers=None, again=None):
        super().__init__(heading)
        self.status = status
        self.heading = heading
        self.text = text
        self.headers = headers or {}
        self.again = again or {}

    def response(self):
        """Return the page with the reason."""
        values = {
            "heading": self.heading,
            "text": self.text,
            "no_nav": self.status == 403,
            "again": self.again,
            "path": request.httprequest.path,
        }
        response = show("refused", values, self.status)
        response.headers.update(self.headers)
        return response


def agent_route(paths, kind="read", *, methods, **options):
    """Declare a page for field agents only; use this and not ``http.route``.

    Before the method runs, the decorator checks that the user is a field agent and
    within the limits; the method itself checks by ``_own`` that the registrant is the
    agent's own. A :class:`Refused` is answered with its page, and the transaction is
    rolled back. These are no pages of a website: the language is the agent's own,
    also if another person used the phone before.

    :param paths: one path or a list
    :param str kind: "read" or "write", by which the limit is chosen
    :param list methods: accepted methods of HTTP
    :param options: more of ``http.route``
    """

    def decorate(method):
        @http.route(
            paths,
            type="http",
            auth="user",
            max_content_length=MAX_FORM,
            spar_body_taken=True,
            methods=methods,
            **options,
        )
        @functools.wraps(method)
        def checked(self, *args, **kwargs):
            # Odoo passes OPTIONS on to every page, and requires no CSRF token for it.
            if request.httprequest.method == "OPTIONS":
                raise MethodNotAllowed(methods)
            try:
                self._check_agent()
                self._limit(kind)
                response = method(self, *args, **kwargs)
            except Refused as refused:
                request.env.cr.rollback()
                response = refused.response()
            # A phone in the field is used by several people: no page may stay in its
            # cache.
            response.headers["Cache-Control"] = "no-store"
            return response

        return checked

    return decorate


class AgentPortal(http.Controller):
    """The checks that the pages for field agents share."""

    def _check_agent(self):
        """Refuse users who are not field agents.

        :raise Refused: with status 403 for all other users
        """
        if not request.env.user.has_group(FIELD_AGENT):
            raise Refused(
                403,
                request.env._("This page is for field agents"),
                request.env._(
                    "Your account is not one of a field agent. Ask the registry's "
                    "office if it should be."
                ),
            )

    def _own(self, partner_id):
        """Return one of the agent's own registrants, with sudo.

        Searched with the agent's own rights, and checked here again, so that neither a
        record rule that is too wide nor a forgotten check gives access to others.

        :param int partner_id: which one
        :rtype: res.partner
        :raise Refused: with status 404 for every other ID, so that agents cannot find
            out which IDs exist
        """
        Partner = request.env["res.partner"]
        domain = Partner._spar_agent_domain(request.env.user)
        # A number too large for the column is no registrant's ID either.
        if partner_id < 2**31:
            partner = Partner.search(domain & Domain("id", "=", partner_id), limit=1)
            if partner and partner._spar_is_agent(request.env.user):
                return partner.sudo()
        raise Refused(
            404,
            request.env._("Not among your people"),
            request.env._(
                "This person is not among the people assigned to you. Go back to the "
                "list and choose again."
            ),
        )

    def _limit(self, kind):
        """Limit how often an agent may call.

        :param str kind: one of ``LIMITS``
        :raise Refused: with status 429, and how long to wait
        """
        # Odoo repeats a request after a serialization error; it counts once.
        notes = request.httprequest.environ
        if notes.get(_COUNTED + kind):
            return
        notes[_COUNTED + kind] = True
        count, seconds = LIMITS[kind]
        key = f"portal.{kind}:{request.env.uid}"
        wait = request.env["g2p.fa.rate"].take(key, count, seconds)
        if wait:
            raise Refused(
                429,
                request.env._("One moment, please"),
                request.env._(
                    "That was very often in a short time. Wait %(seconds)s seconds, "
                    "then try again. Nothing is lost, and nothing was saved yet.",
                    seconds=wait,
                ),
                {"Retry-After": str(wait)},
                request.httprequest.form.to_dict(),
            )

    def _posted(self, allowed):
        """Return what was posted, by field, if it has these fields only.

        :param allowed: the names a form may have, besides its tokens
        :return: the texts by field, without the CSRF token
        :rtype: dict[str, str]
        :raise Refused: with status 400 for other fields, for files, for a repeated
            field, and for a form without its token
        """
        http_request = request.httprequest
        posted = http_request.form.to_dict(flat=False)
        names = posted.keys() - {"csrf_token"}
        odd = (
            not names <= {*allowed, "form_token"}
            or any(len(texts) != 1 for texts in posted.values())
            or http_request.files
            or http_request.args
            or not 8 <= len(posted.get("form_token", [""])[0]) <= 64
        )
        if odd:
            raise self._unreadable()
        return {name: posted[name][0] for name in names}

    def _unreadable(self):
        """Return the refusal of a request that no form of these pages sends."""
        return Refused(
            400,
            request.env._("This form cannot be read"),
            request.env._(
                "The form was not sent completely, and nothing was saved. Open the "
                "form again and fill it in once more."
            ),
        )

    def _new_token(self):
        """Return the token of a form about to be shown, for ``form_token``."""
        return request.env["g2p.portal.sent"]._new_token()

    def _was_sent(self, posted):
        """Return whether this form was processed already.

        :param dict posted: what :meth:`_posted` returned
        """
        return request.env["g2p.portal.sent"].sudo()._was_sent(*self._form(posted))

    def _is_first(self, posted):
        """Record that this form was sent; return whether it is the first time.

        Call it in the same transaction, and savepoint, as the form's changes.

        :param dict posted: what :meth:`_posted` returned
        """
        return request.env["g2p.portal.sent"].sudo()._is_first(*self._form(posted))

    def _form(self, posted):
        content = {**posted, "path": request.httprequest.path}
        return content.pop("form_token"), content
