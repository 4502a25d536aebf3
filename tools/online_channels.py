"""Two channels into a registry as their people use them: over HTTP, from outside.

A field agent changes an address on the portal, and the backend of a self-service portal
proposes one through the API.
"""

import re
import uuid

from .problems import Problem

API = "/spar/self-service/v1"
#: What the demo's self-service backend may do.
RIGHTS = {"may_read": True, "may_propose": True}
SECONDS = 60


def change_as_agent(odoo, spar_id, operator, number):
    """Have the demo's field agent change where a registrant is paid.

    :param OdooServer odoo: it runs, with the demo's people.
    :param str spar_id: of somebody the agent looks after, with a wallet.
    :param str operator: name of the wallet's provider.
    :param str number: of the wallet.
    :raises Problem: when the portal does not take it.
    """
    session = odoo.rpc("agent", "agent").session
    people = _page(session, f"{odoo.url}/my/people", {"q": spar_id})
    (person,) = set(re.findall(r"/my/people/\d+", people))
    url = f"{odoo.url}{person}/payment"
    form = _page(session, url, {"type": "mobile_wallet"})
    (provider,) = re.findall(rf'<option[^>]*value="(\d+)"[^>]*>\s*{operator}\s*<', form)
    answer = session.post(
        url,
        data={
            **dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)),
            "dfsp_id": provider,
            "mobile_number": number,
            "reason": "They have a new phone",
        },
        allow_redirects=False,
        timeout=SECONDS,
    )
    if answer.status_code != 303:
        raise Problem(f"The portal answered {answer.status_code} to a field agent.")


def propose_as_backend(odoo, spar_id, operator, number):
    """Have a self-service backend propose where a person wants to be paid.

    :param OdooServer odoo: it runs.
    :param str spar_id: of the person.
    :param str operator: code of the wallet's provider.
    :param str number: of the wallet.
    :raises Problem: when the API does not take it.
    """
    admin = odoo.rpc()
    client = admin.call("g2p.api.client", "create", {"name": "Demo portal", **RIGHTS})
    shown = admin.call("g2p.api.client", "action_new_secret", [client])["context"]
    # Without the cookies of whoever is logged in: the API knows tokens only.
    session = type(admin.session)()
    session.trust_env = False
    token = session.post(
        f"{odoo.url}{API}/token",
        data={
            "grant_type": "client_credentials",
            "client_id": shown["default_client_id"],
            "client_secret": shown["default_client_secret"],
        },
        timeout=SECONDS,
    ).json()["access_token"]
    answer = session.post(
        f"{odoo.url}{API}/address/proposals",
        json={
            "type": "mobile_wallet",
            "provider": operator,
            "mobile_number": number,
            "reason": "Asked for by the person",
        },
        headers={
            "Authorization": f"Bearer {token}",
            "Person-Id": spar_id,
            "Idempotency-Key": str(uuid.uuid4()),
        },
        timeout=SECONDS,
    )
    if answer.status_code != 201:
        raise Problem(f"The API answered {answer.status_code} to a proposal.")


def _page(session, url, chosen):
    answer = session.get(url, params=chosen, timeout=SECONDS)
    if answer.status_code != 200:
        raise Problem(f"The portal answered {answer.status_code} to a field agent.")
    return answer.text
