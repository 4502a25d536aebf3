"""What the suite's own client makes of the answers in the table."""

from tools.stack import http_client, import_spar

from .case import NOT_LINKED, wallet_parts, wallet_text

spar = import_spar()
#: Of the parts of a wallet, in its text.
ORDER = ("mobile_number", "wallet_provider_name", "wallet_provider_code", "fa_type")


def make_client(server, files, sender=None, form=None):
    """Return a client for a server.

    :param Server server: the server.
    :param PartnerKey files: the key to sign with.
    :param str sender: the partner's name, by default the server's partner.
    :param str form: canonical form, by default the server's.
    """
    speaker = server.speaker
    if server.dialect == "A":
        dialect = spar.g2p_connect.G2pConnect()
    else:
        dialect = spar.partner_api.PartnerApi(write)
    pair = spar.keys.load_pair(
        files.private_key.read_bytes(), files.certificate.read_bytes()
    )
    return spar.client.SparClient(
        http_client(speaker.url),
        spar.jws.Signer(pair),
        sender or speaker.sender,
        form or speaker.column.form,
        dialect=dialect,
    )


def write(number, parts):
    """Return the text of an address in parts, as the registry's strategy writes it."""
    text = ".".join(f"{name}:{parts[name]}" for name in ORDER if name in parts)
    return text if number == 4 and len(parts) == len(ORDER) else None


def items_for(case, dialect):
    """Return the items of a case as the client takes them."""
    return [
        wallet_item(f"r{place}", ask, dialect) for place, ask in enumerate(case.asks)
    ]


def wallet_item(reference, ask, dialect):
    """Return an item about a wallet."""
    fields = {"name": ask.extra["name"]} if "name" in ask.extra else {}
    if ask.fa is not None:
        parts = {**wallet_parts(ask.fa), **ask.fa_extra}
        fields["strategy_number"] = parts.pop("strategy_id")
        fields["fa"] = wallet_text(ask.fa, dialect)
        fields["parts"] = parts
    return spar.answers.Item(reference, ask.id, **fields)


def check(case, server, client):
    """Let the client ask what a row says, and compare what it makes of the answer."""
    server.prepare(case.given)
    items = items_for(case, server.dialect)
    results = client.send(case.operation, items).results
    assert [results[i.reference_id].outcome.value for i in items] == case.outcomes
    if case.operation == "resolve":
        held = server.texts(case.given)
        for item in items:
            result = results[item.reference_id]
            if result.outcome == spar.answers.Outcome.DONE:
                known = item.spar_id in held
                assert result.linked is known
                assert result.fa == held.get(item.spar_id)
                assert result.strategy_number == (4 if known else None)
                assert known or result.code == NOT_LINKED
    after = case.given if case.after is None else case.after
    assert server.rows() == server.texts(after)
