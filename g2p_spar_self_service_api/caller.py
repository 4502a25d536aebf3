"""Who calls, and whether they may: what routes ask of every caller.

A token says who calls. A citizen's says also for whom; a client names the person in the
header ``Person-Id``, never in the URL, because URLs are written into logs on the way.
"""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Header, Security
from fastapi.security import HTTPBearer
from starlette.requests import Request

from . import call, rate_limits, signing
from .models.g2p_api_rights import SCOPES, make_spar_id
from .problems import Problem
from .tokens import BadToken, look

CLIENT, CITIZEN = "client", "citizen"
PERSON = "Person-Id"

_bearer = HTTPBearer(
    auto_error=False,
    description="An access token of a client, from `/v1/token`, or a citizen's token "
    "of an identity provider that the registry trusts.",
)


#: Only for the description: what proves the caller is read from the request itself.
Token = Annotated[object, Security(_bearer)]


@dataclass(frozen=True)
class Caller:
    """Who calls, proved.

    ``kind`` is ``client`` or ``citizen``; ``name`` is that of the client, or of the
    issuer of the citizen's token, for people; ``key`` stands for it in records and
    limits. ``partner`` is the registrant it acts for, with all rights on it, and
    ``spar_id`` their ID; both are None in operations without a registrant. ``person``
    stands in limits for the citizen, or for the person a client names.
    """

    kind: str
    record_id: int
    name: str
    scopes: frozenset
    rate: int
    person_rate: int
    spar_id: str | None = None
    person: str | None = None
    partner: object = None

    @property
    def key(self):
        """Which client or issuer this is, as a short text that never changes."""
        return f"{self.kind}:{self.record_id}"


class _CallerWith:
    """A dependency that gives the caller, if they may.

    :class:`~.dependencies.ApiRoute` admits before it reads a body: of strangers nothing
    is read.
    """

    def __init__(self, scope, person):
        self._scope = scope
        self._person = person

    async def __call__(self, request: Request, token: Token) -> Caller:
        return request.state.caller

    def admit(self, env, request):
        """Let the caller in, or refuse.

        :param Environment env: of the API's own user
        :param Request request: of the call
        :raise Problem: for whoever is not known, asks too often, may not, or acts for
            nobody the registry knows
        """
        one = call.current.get()
        caller, template, text = _authenticate(env, request)
        is_citizen = caller.kind == CITIZEN
        spar_id = text and make_spar_id(template, text, is_citizen)
        if self._person and text:
            caller = replace(caller, spar_id=spar_id or None)
        if self._person or is_citizen:
            caller = replace(caller, person=spar_id or text or None)
        one.caller = caller
        count(env, one, rate_limits.of_caller(caller))
        if self._scope not in caller.scopes:
            raise Problem("forbidden")
        if caller.kind == CITIZEN and PERSON in request.headers:
            raise Problem("person_given")
        if self._person:
            if not text:
                raise Problem("person_missing")
            one.caller = caller = replace(caller, partner=_partner(env, caller.spar_id))
        request.state.caller = caller


class _CallerForPerson(_CallerWith):
    """The same, with the header that names the person in the description."""

    async def __call__(
        self,
        request: Request,
        token: Token,
        person_id: Annotated[
            str | None,
            Header(
                alias=PERSON,
                description="The ID of the person a client acts for. It is never part "
                "of the URL, because URLs are logged. A citizen's own token says who "
                "they are, and comes without it.",
            ),
        ] = None,
    ) -> Caller:
        return request.state.caller


def caller_with(scope, person=False):
    """Return a dependency: ``caller: Annotated[Caller, caller_with("address:read")]``.

    :param str scope: what the operation needs, one of :data:`SCOPES`
    :param bool person: whether it is about a person; ``caller.partner`` then is the
        one the caller has proved a right to act for
    :raise ValueError: when there is no such scope
    """
    if scope not in SCOPES.values():
        raise ValueError(scope)
    kind = _CallerForPerson if person else _CallerWith
    return Depends(kind(scope, person))


def count(env, one, takings):
    """Count a call, once, even if Odoo runs the request again.

    :param ~.call.Call one: the call
    :param list takings: of :mod:`~.limits`
    :raise Problem: when there were too many
    """
    if one.counted:
        return
    one.counted = True
    if wait := env["g2p.fa.rate"].take_all(takings):
        raise Problem("too_many", headers={"Retry-After": str(wait)})


def unauthenticated(challenge, cause):
    """Return the refusal of somebody who has not proved who they are.

    :param str challenge: how they may
    :param BadToken cause: why not, for the registry's own records
    """
    headers = {"WWW-Authenticate": challenge}
    return Problem("unauthenticated", headers=headers, cause=str(cause))


def _authenticate(env, request):
    """Return the caller, how it names people, and the name of the person, if any.

    :raise Problem: when the token proves nothing
    """
    scheme, _blank, token = request.headers.get("authorization", "").partition(" ")
    challenge = 'Bearer realm="spar"'
    try:
        if scheme.lower() != "bearer" or not token:
            raise BadToken("none")
        challenge += ', error="invalid_token"'
        header, said = look(token)
        if said.get("iss") == signing.audience(env):
            caller, template = _client(env, signing.read(env, token, header))
            return caller, template, _named(request)
        row, text = env["g2p.api.issuer"].sudo()._prove(token, header, said)
    except BadToken as cause:
        raise unauthenticated(challenge, cause) from None
    return _citizen(row), row["id_template"], text


def _named(request):
    """Return the ID in the header, or an empty text."""
    try:
        return request.headers.get(PERSON, "").encode("latin-1").decode().strip()
    except UnicodeError:
        return ""


def _client(env, claims):
    client = env["g2p.api.client"]._known(claims["sub"])
    if not client["active"]:
        raise BadToken("disabled")
    scopes = client["scopes"].intersection(claims["scope"].split())
    rates = client["rate"], client["person_rate"]
    caller = Caller(CLIENT, client["id"], client["name"], scopes, *rates)
    return caller, client["id_template"]


def _citizen(row):
    scopes = frozenset(scope for name, scope in SCOPES.items() if row[name])
    rates = row["rate"], row["person_rate"]
    return Caller(CITIZEN, row["id"], row["name"], scopes, *rates)


def _partner(env, spar_id):
    """Return the one registrant with this ID.

    :raise Problem: the same whether there is nobody, or somebody who is not paid
    """
    partners = env["res.partner"].sudo()
    if spar_id:
        # Contacts have a hundred fields more, and this is part of every call.
        found = partners._spar_by_id({spar_id}, partners._spar_fields())
        partners = found[spar_id]
        partners = partners.filtered(lambda one: one._spar_is_paid())
    if len(partners) != 1:
        raise Problem("unknown_person")
    return partners
