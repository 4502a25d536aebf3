"""By what right the registry is called: three ways, one to choose."""

import time
import uuid

import jwt

#: Names of RFC 6749 and RFC 7523.
CLIENT_CREDENTIALS = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: Seconds before its end from which a token is not used any more.
MARGIN = 30


class CitizensToken:
    """Passes the citizen's own token on; the registry verifies it and knows who it is.

    Nothing to register, and no secret: whoever breaks into this backend can act only
    for those who are logged in just then.
    """

    async def headers(self, citizen):
        """Return the headers of a call about this citizen."""
        return {"Authorization": f"Bearer {citizen.token}"}


class ClientSecret:
    """A client the registry trusts, which names the person each call is about.

    Such a client can act for everybody, so it verifies citizens' tokens itself.

    :param httpx.AsyncClient http: to the registry.
    :param str client_id: its name at the registry.
    :param str secret: of the client.
    """

    def __init__(self, http, client_id, secret):
        self.http = http
        self.client_id = client_id
        self._secret = secret
        self._token, self._good_until = None, 0.0

    async def headers(self, citizen):
        """Return the headers of a call about this citizen."""
        if time.monotonic() > self._good_until:
            await self._renew()
        return {
            "Authorization": f"Bearer {self._token}",
            "Person-Id": citizen.person_id,
        }

    async def _renew(self):
        form = {"grant_type": CLIENT_CREDENTIALS, **self._proof()}
        answer = await self.http.post("v1/token", data=form)
        answer.raise_for_status()
        told = answer.json()
        self._token = told["access_token"]
        self._good_until = time.monotonic() + told["expires_in"] - MARGIN

    def _proof(self):
        return {"client_id": self.client_id, "client_secret": self._secret}


class SignedAssertion(ClientSecret):
    """The same, but it proves itself by a signature instead of a secret.

    The registry knows only the public key, so nothing can be stolen from there.

    :param httpx.AsyncClient http: to the registry.
    :param str client_id: its name at the registry.
    :param bytes key: private RSA key in PEM form.
    :param str registry_name: what the registry calls itself.
    """

    def __init__(self, http, client_id, key, registry_name):
        super().__init__(http, client_id, None)
        self._key = key
        self.registry_name = registry_name

    def _proof(self):
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.registry_name,
            "iat": now,
            "exp": now + 60,
            # The registry takes each assertion once.
            "jti": str(uuid.uuid4()),
        }
        return {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": jwt.encode(claims, self._key, "RS256"),
        }


def chosen(settings, http):
    """Return the way of the settings.

    :param Settings settings: what the operator decided.
    :param httpx.AsyncClient http: to the registry.
    """
    if settings.way == "citizen":
        return CitizensToken()
    if settings.way == "secret":
        return ClientSecret(http, settings.client_id, settings.client_secret)
    return SignedAssertion(
        http,
        settings.client_id,
        settings.private_key.read_bytes(),
        settings.registry_name,
    )
