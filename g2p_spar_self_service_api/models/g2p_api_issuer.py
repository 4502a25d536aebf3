from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.g2p_spar_financial_address.urls import is_secure

from .. import jwks
from ..jwks import JwksProblem
from ..tokens import ALGORITHMS


class G2pApiIssuer(models.Model):
    """Whose tokens citizens show: the national identity provider, for example.

    A token says who somebody is, and that is all it is taken for: this record decides
    which of its claims is the ID, and what may be done with it.
    """

    _name = "g2p.api.issuer"
    _description = "Issuer of citizens' tokens"
    _inherit = ["g2p.api.rights", "mail.thread"]
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
                raise ValidationError(self._worded(JwksProblem(jwks.TOO_LARGE)))
            try:
                jwks.parse(issuer.jwks or "")
            except JwksProblem as problem:
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
        except JwksProblem as problem:
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

        :param ~..jwks.JwksProblem problem: what happened
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
