"""The partner's signature: a detached compact JWS over the request body.

The HTTP header ``Signature`` carries ``<protected header>..<signature>``; SPAR puts its
canonical form of the body in the empty middle before it verifies. RS256 with the header
``{"alg":"RS256","kid":<certificate thumbprint>}`` works with every SPAR version: older
ones ignore ``kid``, the newest require the thumbprint. The header contains nothing
else. With a key or certificate in it, SPAR's key service would verify against that one
instead of the registered one.
"""

from .keys import CANNOT_SIGN, KeyProblem


class Signer:
    """Signs request bodies with one partner's private key.

    :param pair: a :class:`~.keys.KeyPair`
    :param bool send_kid: whether to name the key in the header
    :param str kid: how SPAR knows the key, if not by its certificate's thumbprint
    """

    def __init__(self, pair, send_kid=True, kid=None):
        self._pair = pair
        self.kid = kid or pair.kid
        # Without this, PyJWT adds "typ":"JWT"; this is not a JWT.
        self._headers = {"typ": None, **({"kid": self.kid} if send_kid else {})}

    def detached(self, body):
        """Return the value of the ``Signature`` header for these bytes.

        :param bytes body: the HTTP body, exactly as it will be sent
        :rtype: str
        :raise KeyProblem: when the key cannot sign
        """
        try:
            token = self._pair.encode(body, self._headers)
        except Exception:
            # Without the cause: its text may quote the key.
            raise KeyProblem(CANNOT_SIGN) from None
        header, _payload, signature = token.split(".")
        return f"{header}..{signature}"

    def __repr__(self):
        return f"<Signer kid={self.kid}>"
