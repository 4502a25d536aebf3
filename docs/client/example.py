"""Propose a payment address with the generated client, and wait until SPAR holds it.

    REGISTRY=https://registry.example/spar/self-service CLIENT_ID=… CLIENT_SECRET=… \\
    PERSON=1234 PROVIDER=MC MOBILE_NUMBER=+255754200001 python docs/client/example.py
"""

import os
import time
import uuid

from spar_self_service import AuthenticatedClient, Client
from spar_self_service.api.address import (
    propose_address,
    read_address,
    read_proposal,
)
from spar_self_service.api.token import get_token
from spar_self_service.models import BodyGetToken, MobileWallet, Problem

#: While a proposal is in one of these states, it is worth asking again.
MOVING = {"on_its_way", "retrying", "checking"}


class Refused(Exception):
    """The registry answered with a problem."""


def told(answer):
    """Return what was answered, unless it is a problem."""
    if isinstance(answer, Problem):
        raise Refused(f"{answer.title}: {answer.detail}")
    return answer


def main():
    """Do what a citizen asks their portal for."""
    registry, person = os.environ["REGISTRY"], os.environ["PERSON"]
    proof = BodyGetToken(
        grant_type="client_credentials",
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
    )
    token = told(get_token.sync(client=Client(registry), body=proof))
    client = AuthenticatedClient(registry, token.access_token)

    proposal = MobileWallet(
        type_="mobile_wallet",
        provider=os.environ["PROVIDER"],
        mobile_number=os.environ["MOBILE_NUMBER"],
    )
    accepted = told(
        propose_address.sync(
            client=client,
            person_id=person,
            # Kept until there is an answer; without one, the same is sent again.
            idempotency_key=str(uuid.uuid4()),
            body=proposal,
        )
    )
    print("Accepted:", accepted.state)

    while True:
        progress = told(
            read_proposal.sync(accepted.id, client=client, person_id=person)
        )
        print(progress.sentence)
        if progress.state not in MOVING:
            break
        time.sleep(1)

    address = told(read_address.sync(client=client, person_id=person))
    print("SPAR:", address.at_spar.text if address.at_spar else "not connected")


if __name__ == "__main__":
    main()
