import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.toolkit.urls import is_secure
from odoo.addons.g2p_spar_financial_address.values import identifiers

from .. import fetching, jwks, rate_limits
from ..jwks import JwksError
from ..problems import Problem
from ..tokens import ALGORITHMS, BadToken, fits, verify
from .g2p_api_rights import SCOPES, make_spar_id

_logger = logging.getLogger(__name__)

#: Seconds for which keys are taken as they are, and those for which they go on when
#: their address does not answer.
FRESH = 3600

STALE = 24 * 3600

#: Above this, some programs round the whole numbers of JSON.
MAX_EXACT = 2**53

_COLUMNS = (
    "id",
    "name",
    "url",
    "audience",
    "algorithms",
    "jwks_source",
    "jwks_url",
    "jwks",
    "claim",
    "leeway",
    "required_scope",
    "required_acr",
    "rate",
    "person_rate",
    "id_template",
    *SCOPES,
)


class G2pApiIssuer(models.Model):
    """Whose tokens citizens show: the national identity provider, for example.

    A token says who somebody is, and that is all it is taken for: this record decides
    which of its claims is the ID, and what may be done with it.
    """

    _name = "g2p.api.issuer"
    _description = "Issuer of citizens' tokens"
    _inherit = ["g2p.api.rights", "g2p.fa.audited"]
    _order = "name, id"
    name = fields.Char(required=True, tracking=True)
    url = fields.Char(
        "Issuer",
        required=True,
        tracking=True,
        help="The claim “iss” of its tokens, letter by letter.",
    )
    audience = fields.Char(
        required=True,
        tracking=True,
        help="For whom its tokens have to be: their claim “aud”. Several with blanks "
        "between; one of them has to be there.",
    )
    algorithms = fields.Char(
        required=True,
        default="RS256",
        tracking=True,
        help="With which it signs, with blanks between, such as RS256 ES256. Secrets "
        "that both sides know (HS256) are not taken.",
    )
    jwks_source = fields.Selection(
        [("url", "An address"), ("pasted", "Pasted here")],
        string="Keys come from",
        required=True,
        default="url",
        tracking=True,
    )
    jwks_url = fields.Char(
        "Address of the keys",
        tracking=True,
        help="Of its JWKS, such as https://id.example.org/.well-known/jwks.json.",
    )
    jwks = fields.Text(
        "Keys",
        copy=False,
        help="The JWKS: public keys. From an address they are fetched when needed.",
    )
    jwks_date = fields.Datetime("Keys read on", readonly=True, copy=False)
    claim = fields.Char(
        "Claim with the ID",
        required=True,
        default="sub",
        tracking=True,
        help="Which claim of a token holds the person's ID, such as individual_id.",
    )
    leeway = fields.Integer(
        "Clocks may differ by (seconds)", default=30, required=True, tracking=True
    )
    required_scope = fields.Char(
        "Scope needed",
        tracking=True,
        help="A word the token's claim “scope” must hold. Empty: none.",
    )
    required_acr = fields.Char(
        "Strength of log-in needed",
        tracking=True,
        help="What the token's claim “acr” must be, with blanks between several. "
        "Empty: anything.",
    )
    _url_unique = models.Constraint("UNIQUE(url)", "There is already such an issuer.")
    _leeway_fits = models.Constraint(
        "CHECK(leeway BETWEEN 0 AND 300)", "Clocks may differ by at most 300 seconds."
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("algorithms")
    def _check_algorithms(self):
        for issuer in self:
            named = (issuer.algorithms or "").split()
            if not named or set(named) - ALGORITHMS:
                raise ValidationError(
                    self.env._(
                        "Choose from these algorithms: %s.",
                        ", ".join(sorted(ALGORITHMS)),
                    )
                )

    @api.constrains("jwks_source", "jwks_url")
    def _check_jwks_url(self):
        for issuer in self.filtered(lambda one: one.jwks_source == "url"):
            if not is_secure(issuer.jwks_url, query=True):
                raise ValidationError(
                    self.env._(
                        "The address of the keys begins with https:// and holds "
                        "neither a user nor a password."
                    )
                )

    @api.constrains("jwks_source", "jwks")
    def _check_jwks(self):
        for issuer in self.filtered(lambda one: one.jwks_source == "pasted"):
            if len(issuer.jwks or "") > jwks.MAX_BYTES:
                raise ValidationError(self._worded(JwksError(jwks.TOO_LARGE)))
            try:
                jwks.parse(issuer.jwks or "")
            except JwksError as problem:
                raise ValidationError(self._worded(problem)) from None

    # === CRUD METHODS === #

    def write(self, vals):
        if {"jwks_url", "jwks_source"} & vals.keys():
            # Keys from elsewhere prove nothing any more.
            vals = {"jwks": False, "jwks_date": False, **vals}
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._(
                "An issuer is not deleted, because the calls name it. Disable it."
            )
        )

    @api.model
    def _proof_fields(self):
        return super()._proof_fields() | {
            "url",
            "audience",
            "algorithms",
            "jwks_source",
            "jwks_url",
            "jwks",
            "claim",
            "required_scope",
            "required_acr",
        }

    # === ACTION METHODS === #

    def action_test(self):
        """Read the keys, and say how many can be used.

        :raise AccessError: when the user may not
        :raise UserError: with what is wrong and what to do about it
        """
        self.check_access("write")
        self.ensure_one()
        try:
            text = self.jwks or ""
            if self.jwks_source == "url":
                text = jwks.fetch(self.jwks_url)
            keys = jwks.parse(text)
        except JwksError as problem:
            raise UserError(self._worded(problem)) from None
        if self.jwks_source == "url":
            self._keep(self.jwks_url, text)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "The issuer's keys were read. Usable ones: %s.",
                    sum(len(pairs) for pairs in keys.values()),
                ),
            },
        }

    def _worded(self, problem):
        """Return what is wrong with the keys and what to do about it.

        :param ~..jwks.JwksError problem: what happened
        """
        texts = {
            jwks.UNREACHABLE: self.env._(
                "The address of the keys cannot be reached. Check it, and that this "
                "server may connect to it."
            ),
            jwks.UNTRUSTED: self.env._(
                "The certificate at the address of the keys is not trusted."
            ),
            jwks.REDIRECTED: self.env._(
                "This address leads on to another one. Give the one it leads to."
            ),
            jwks.STATUS: self.env._(
                "There are no keys at this address: the server there refuses. Check "
                "the address."
            ),
            jwks.TOO_LARGE: self.env._("These are too many keys: at most 64 kB."),
            jwks.TOO_SLOW: self.env._(
                "The server at the address of the keys does not answer in time."
            ),
            jwks.GARBLED: self.env._("This is no JWKS: it begins with {“keys”: […]}."),
            jwks.PRIVATE: self.env._(
                "There is a private key among these, which nobody but the issuer "
                "should have. Tell the issuer, and take only public keys."
            ),
            jwks.NO_KEY: self.env._(
                "None of these keys can be used. RSA needs 2,048 bits or more."
            ),
        }
        return texts[problem.code]

    # === TOKENS === #

    # Verifies the tokens of an issuer.

    @api.model
    def _row(self, url):
        """Return what counts of the issuer with this name, in one query.

        Not from memory: the keys change at any moment, and calls that another process
        serves need them at once.

        :param str url: the claim ``iss``
        :rtype: dict | None
        """
        if not isinstance(url, str) or "\0" in url:
            return None
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """SELECT %s,
                       extract(epoch FROM now() AT TIME ZONE 'UTC' - jwks_date) AS age
                     FROM g2p_api_issuer WHERE url = %s AND state = 'active'""",
                SQL(", ").join(map(SQL.identifier, _COLUMNS)),
                url,
            )
        )
        return self.env.cr.dictfetchone()

    @api.model
    def _prove(self, token, header, said):
        """Return the issuer of a citizen's token, and the ID in it, proved.

        :param str token: as it was sent
        :param dict header: of it
        :param dict said: its claims, not believed yet
        :return: the issuer as of :meth:`_row`, and the text of the claim with the ID
        :rtype: tuple
        :raise BadToken: when it proves nothing
        :raise Problem: when there are no keys to prove it with
        """
        row = self._row(said.get("iss"))
        if not row:
            raise BadToken("issuer")
        algorithm = header.get("alg")
        if algorithm not in row["algorithms"].split():
            raise BadToken("alg")
        claims = verify(
            token,
            self._key(row, header.get("kid"), algorithm),
            algorithm,
            issuer=row["url"],
            audience=row["audience"].split(),
            leeway=row["leeway"],
            required=(row["claim"],),
        )
        self._check_strength(row, claims)
        value = claims[row["claim"]]
        if isinstance(value, int) and not isinstance(value, bool):
            self._check_number(row, value)
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            raise BadToken("claim")
        return row, value

    @api.model
    def _check_number(self, row, number):
        """Refuse an ID that came as a number, where that may be two people's.

        A number has lost the zeros in front, and what is left may be the ID of another
        person. JSON libraries round large numbers.

        :raise BadToken: then
        """
        if abs(number) > MAX_EXACT:
            raise BadToken("claim")
        spar_id = make_spar_id(row["id_template"], str(number), is_login=True)
        everybody = self.env["res.partner"].sudo().with_context(active_test=False)
        alike = everybody._spar_id_buckets({spar_id} - {False})
        if any(
            identifiers.differ_in_zeros(spar_id, other.spar_id)
            for others in alike.values()
            for other in others
        ):
            raise BadToken("zeros")

    @api.model
    def _check_strength(self, row, claims):
        """Refuse a token that was given for less than is asked for here."""
        scope = claims.get("scope", "")
        scopes = scope.split() if isinstance(scope, str) else scope
        needed = row["required_scope"]
        if needed and not (isinstance(scopes, list) and needed in scopes):
            raise BadToken("scope")
        if row["required_acr"] and claims.get("acr") not in row["required_acr"].split():
            raise BadToken("acr")

    @api.model
    def _key(self, row, kid, algorithm):
        """Return the key a token is to be proved with.

        :param dict row: of the issuer
        :param str kid: the name the token gives, or None
        :raise BadToken: when the issuer has no such key
        :raise Problem: when it is not known what keys it has
        """
        keys = self._keys(row, kid)
        pairs = keys.get(kid, []) if kid else sum(keys.values(), [])
        fitting = [
            key
            for key, bound in pairs
            if bound in (None, algorithm) and fits(key, algorithm)
        ]
        # Without a name there is no choosing among several.
        if len(fitting) != 1:
            raise BadToken("kid")
        return fitting[0]

    @api.model
    def _keys(self, row, kid):
        """Return the issuer's keys, fetched anew when they are old or one is missing.

        :raise Problem: when there are none, or none young enough
        """
        keys, age = _held(row)
        lacking = not keys or age >= STALE or bool(kid and kid not in keys)
        if row["jwks_source"] == "url" and (lacking or age > FRESH):
            keys, age = _held(self._renewed(row, wait=lacking))
        if not keys or age >= STALE:
            raise Problem("issuer_unavailable", headers={"Retry-After": "60"})
        return keys

    @api.model
    def _renewed(self, row, wait):
        """Return the issuer with its keys fetched anew, by this call or another one.

        :param dict row: of the issuer
        :param bool wait: whether it is of no use with the keys it has
        :return: as of :meth:`_row`; the same keys when none were fetched
        :rtype: dict
        :raise BadToken: when the issuer was disabled meanwhile
        """
        with self.env.registry.cursor() as cr:
            if fetching.begin(cr, row["id"]):
                if text := self._fetch(row):
                    return {**row, "jwks": text, "age": 0}
            elif not (wait and fetching.wait(cr, row["id"])):
                return row
            # Another call may have fetched them since this one began.
            cr.rollback()
            row = self.with_env(self.env(cr=cr))._row(row["url"])
        if not row:
            raise BadToken("issuer")
        return row

    @api.model
    def _fetch(self, row):
        """Fetch the keys, once a minute at most; return None if that was in vain."""
        if self.env["g2p.fa.rate"].take_all(rate_limits.of_fetch(row["id"])):
            return None
        try:
            text = jwks.fetch(row["jwks_url"])
            jwks.parse(text)
        except JwksError as problem:
            _logger.warning(
                "The keys of the issuer %s cannot be read: %s",
                row["name"],
                problem.code,
            )
            return None
        self.browse(row["id"])._keep(row["jwks_url"], text)
        return text

    def _keep(self, url, text):
        """Keep the keys for everybody at once, whatever becomes of this call.

        :param str url: where they were fetched; if that is no longer the address of
            the issuer's keys, they are not
        :param str text: the JWKS as it was fetched
        """
        try:
            with self.env.registry.cursor() as cr:
                fetching.limit_waiting(cr, fetching.KEEPING)
                cr.execute(
                    """UPDATE g2p_api_issuer SET jwks = %s, jwks_date = %s
                        WHERE id = %s AND jwks_source = 'url' AND jwks_url = %s""",
                    [text, fields.Datetime.now(), self.id, url],
                    log_exceptions=False,
                )
        except psycopg2.OperationalError:
            # A user is changing the issuer; the next call fetches them again.
            _logger.info("The keys of an issuer were not kept: it is being changed.")
        self.invalidate_recordset(["jwks", "jwks_date"])


def _held(row):
    """Return the keys an issuer has here, and for how many seconds it has had them."""
    if row["jwks_source"] == "pasted":
        age = 0
    else:
        age = STALE if row["age"] is None else row["age"]
    try:
        return (jwks.parse(row["jwks"]) if row["jwks"] else {}), age
    except JwksError:
        # What was kept is only ever parsed text, but not for ever by this version.
        return {}, age
