"""Where things are, from environment variables."""

import os
from dataclasses import dataclass
from pathlib import Path

WAYS = ("citizen", "secret", "assertion")


@dataclass(frozen=True)
class Settings:
    """What an operator decides.

    :param str registry: address of the registry's API, without the version.
    :param str issuer: address and name of the country's login service.
    :param str audience: for whom its tokens have to be.
    :param str person_claim: the claim that holds a citizen's ID in the registry.
    :param str way: how the registry is called, one of :data:`WAYS`.
    :param str client_id: name of this backend at the registry; for ``secret`` and
        ``assertion``.
    :param str client_secret: for ``secret``.
    :param pathlib.Path private_key: file with the RSA key in PEM form; for
        ``assertion``.
    :param str registry_name: what the registry calls itself, for whom signatures are
        made; for ``assertion``.
    """

    registry: str
    issuer: str
    audience: str
    person_claim: str
    way: str
    client_id: str
    client_secret: str
    private_key: Path
    registry_name: str


def from_environment():
    """Return the settings.

    :raises ValueError: when there is no such way to call the registry.
    """
    way = os.environ.get("PORTAL_WAY", "citizen")
    if way not in WAYS:
        raise ValueError(f"PORTAL_WAY is one of {', '.join(WAYS)}.")
    return Settings(
        registry=os.environ["PORTAL_REGISTRY"],
        issuer=os.environ["PORTAL_ISSUER"],
        audience=os.environ["PORTAL_AUDIENCE"],
        person_claim=os.environ.get("PORTAL_PERSON_CLAIM", "spar_id"),
        way=way,
        client_id=os.environ.get("PORTAL_CLIENT_ID", ""),
        client_secret=os.environ.get("PORTAL_CLIENT_SECRET", ""),
        private_key=Path(os.environ.get("PORTAL_PRIVATE_KEY", "")),
        registry_name=os.environ.get("PORTAL_REGISTRY_NAME", ""),
    )
