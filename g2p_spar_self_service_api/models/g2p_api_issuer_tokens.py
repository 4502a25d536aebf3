"""What a citizen's token proves, and the keys it is proved with."""

import logging

import psycopg2

from odoo import api, fields, models

from .. import jwks, limits
from ..jwks import JwksProblem
from ..problems import Problem
from ..tokens import BadToken, fits, verify
from .g2p_api_rights import SCOPES

_logger = logging.getLogger(__name__)

#: Seconds for which keys are taken as they are, and those for which they go on when
#: their address does not answer.
FRESH = 3600
STALE = 24 * 3600
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
    """Verifies the tokens of an issuer."""

    _inherit = "g2p.api.issuer"

    @api.model
    def _row(self, url):
        """Return what counts of the issuer with this name, in one query.

        Not from memory: the keys change without anybody's doing, and whoever is served
        by another process needs them as soon as they are there.

        :param str url: the claim ``iss``
        :rtype: dict | None
        """
        if not isinstance(url, str) or "\0" in url:
            return None
        self.flush_model()
        self.env.cr.execute(
            f"""SELECT {", ".join(_COLUMNS)},
                       extract(epoch FROM now() AT TIME ZONE 'UTC' - jwks_date) AS age
                  FROM g2p_api_issuer WHERE url = %s AND state = 'active'""",
            [url],
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
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            raise BadToken("claim")
        return row, value

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
        keys = jwks.parse(row["jwks"]) if row["jwks"] else {}
        if row["jwks_source"] == "pasted":
            return keys
        age = row["age"] if row["age"] is not None else STALE
        if not keys or age > FRESH or (kid and kid not in keys):
            fetched = self._fetch(row)
            if fetched:
                return fetched
        if not keys or age >= STALE:
            raise Problem("issuer_unavailable", headers={"Retry-After": "60"})
        return keys

    @api.model
    def _fetch(self, row):
        """Fetch the keys, once a minute at most; return None if that was in vain."""
        if self.env["g2p.fa.rate"]._take_all(limits.of_fetch(row["id"])):
            return None
        try:
            text = jwks.fetch(row["jwks_url"])
            keys = jwks.parse(text)
        except JwksProblem as problem:
            _logger.warning(
                "The keys of the issuer %s cannot be read: %s",
                row["name"],
                problem.code,
            )
            return None
        self.browse(row["id"])._keep(text)
        return keys

    def _keep(self, text):
        """Keep the keys for everybody at once, whatever becomes of this call.

        :param str text: the JWKS as it was fetched
        """
        try:
            with self.env.registry.cursor() as cr:
                cr.execute(
                    """UPDATE g2p_api_issuer SET jwks = %s, jwks_date = %s
                        WHERE id = %s""",
                    [text, fields.Datetime.now(), self.id],
                    log_exceptions=False,
                )
        except psycopg2.OperationalError:
            # Somebody is changing the issuer; the next call fetches them again.
            _logger.info("The keys of an issuer were not kept: it is being changed.")
        self.invalidate_recordset(["jwks", "jwks_date"])
