"""The generated client in ``docs`` fits the OpenAPI document in ``docs``."""

from tools import api_client


def test_it_was_made_from_the_kept_document():
    made_from = api_client.MADE_FROM.read_text().strip()
    assert made_from == api_client.document_hash(), "Run `make client`."
