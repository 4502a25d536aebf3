"""The G2P Connect dialect of the SPAR mapper 1.x (synchronous calls).

``header.status`` is ``succ`` even when all items were refused; ``rjct`` means the whole
request was, and then the list is absent. SPAR stores the address as the text it
receives and does not interpret it.
"""

from .dialect import (
    Dialect,
    clean_code,
    clean_text,
    recorded_strategy,
    request_refused,
)

NAME = "g2p_connect"


class G2pConnect(Dialect):
    """SPAR 1.x; see :class:`~.dialect.Dialect`."""

    name = NAME

    def path(self, operation):
        return f"/sync/{operation}"

    def _envelope(self, operation, entries, sender_id, message_id, timestamp):
        return {
            "header": {
                "version": "1.0.0",
                "message_id": message_id,
                "message_ts": timestamp,
                "action": operation,
                "sender_id": sender_id,
                "sender_uri": "",
                "receiver_id": "spar",
                "total_count": len(entries),
                "is_msg_encrypted": False,
                "meta": {},
            },
            "message": {
                "transaction_id": message_id,
                f"{operation}_request": entries,
            },
        }

    def _address(self, item):
        # Also in every update: without it SPAR keeps the former strategy.
        return {
            "fa": item.fa,
            "additional_info": [{"strategy_id": item.strategy_number}],
        }

    def _unwrap(self, body):
        return body.get("header"), body.get("message")

    def _refusal(self, header):
        if header.get("status") != "rjct":
            return None
        return request_refused(clean_code(header.get("status_reason_code")))

    def _address_at_spar(self, entry):
        return clean_text(entry.get("fa")), recorded_strategy(entry)
