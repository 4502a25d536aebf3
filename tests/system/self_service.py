"""What the tests of the self-service API have in common: callers from outside."""

import sys
import time
import uuid

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tools.processes import Process, Service, child_environment

PREFIX = "/spar/self-service/v1"
AUDIENCE = "spar-self-service"
#: The claim of a citizen's token that holds their SPAR ID.
CLAIM = "spar_id"
#: Seconds between two tries.
PAUSES = [0.2, 0.5, 1, 2, 4, 8, 8, 8]
#: What callers of the tests may do: everything, as often as they like.
RIGHTS = {
    "may_read": True,
    "may_propose": True,
    "may_end": True,
    "may_read_directory": True,
    "rate": 1_000_000,
    "person_rate": 1_000_000,
    "id_template": "{id}",
}


def register_issuer(registry, issuer):
    """Have a registry trust an issuer's tokens; return its id.

    :param StandInIssuer issuer: it runs.
    """
    made = registry.create(
        "g2p.api.issuer",
        {
            "name": "National login",
            "url": issuer.url,
            "audience": AUDIENCE,
            "jwks_url": issuer.jwks_url,
            "claim": CLAIM,
            **RIGHTS,
        },
    )
    registry.rpc.call("g2p.api.issuer", "action_test", [made])
    return made


def register_client(registry, name):
    """Make a client of a registry; return its ``client_id`` and ``client_secret``."""
    client = registry.create("g2p.api.client", {"name": name, **RIGHTS})
    shown = registry.rpc.call("g2p.api.client", "action_new_secret", [client])
    return {
        field: shown["context"][f"default_{field}"]
        for field in ("client_id", "client_secret")
    }


def register_key(registry, name, file):
    """Make a client of a registry that signs; return what its portal has to know.

    :param pathlib.Path file: where its private key is written.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public = key.public_key().public_bytes(
        pem, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    values = {"name": name, "public_key": public.decode(), **RIGHTS}
    client = registry.create("g2p.api.client", values)
    (told,) = registry.rpc.call(
        "g2p.api.client", "read", [client], ["client_id", "audience"]
    )
    return {
        "client_id": told["client_id"],
        "registry_name": told["audience"],
        "private_key": file,
    }


def access_token(registry, client):
    """Return a token of a client.

    :param dict client: its ``client_id`` and ``client_secret``.
    """
    form = {"grant_type": "client_credentials", **client}
    caller = Caller(registry.stack.odoo.url + PREFIX)
    answer = caller.session.post(f"{caller.url}/token", data=form, timeout=120)
    answer.raise_for_status()
    return answer.json()["access_token"]


class Portal(Service):
    """Runs the sample self-service backend.

    :param int port: port on 127.0.0.1.
    :param str name: name of process and log.
    :param values: its settings, without ``PORTAL_``, in small letters.
    """

    def __init__(self, port, name, **values):
        self.url = f"http://127.0.0.1:{port}"
        argv = [sys.executable, "-m", "uvicorn", "--factory"]
        argv += ["tests.sample_self_service.app:make_app", "--port", port]
        variables = {f"PORTAL_{key.upper()}": value for key, value in values.items()}
        # Variables for a proxy must not lead local calls astray.
        variables["NO_PROXY"] = variables["no_proxy"] = "127.0.0.1"
        self.process = Process(name, argv, child_environment(**variables))

    def start(self):
        """Start it and wait until it answers.

        :return: this object.
        """
        self.process.start().wait_http(f"{self.url}/ping", 30)
        return self

    def browser(self, token):
        """Return what calls it as the browser of somebody who has logged in."""
        return Caller(self.url, token)


class Caller:
    """Calls with one token, over a connection of its own.

    :param str url: beginning of all addresses.
    :param str token: sent with every call, if there is one.
    :param headers: further headers of every call; ``_`` stands for ``-``.
    """

    def __init__(self, url, token=None, **headers):
        self.url = url
        self.token = token
        self.session = requests.Session()
        self.session.trust_env = False
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.session.headers.update(named)

    def get(self, path, **options):
        """Return the answer to a GET."""
        return self.session.get(self.url + path, timeout=120, **options)

    def post(self, path, content, **headers):
        """Return the answer to a POST of JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.post(
            self.url + path, json=content, headers=named, timeout=120
        )

    def propose(self, path, number, key=None):
        """Propose a wallet at M-Cash, again with the same key if there is no answer."""
        key = key or new_key()
        for pause in PAUSES:
            try:
                return self.post(path, wallet(number), Idempotency_Key=key)
            except requests.ConnectionError:
                # More callers than the server lets wait.
                time.sleep(pause)
        raise AssertionError("no answer")


def wallet(number):
    """Return the proposal of a wallet at M-Cash."""
    return {"type": "mobile_wallet", "provider": "MC", "mobile_number": number}


def new_key():
    """Return an unused idempotency key."""
    return str(uuid.uuid4())
