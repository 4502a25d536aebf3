"""A stand-in for the SPAR mapper 2.x, as :mod:`.stand_in` is one for 1.1.0.

Addresses come in their parts and are stored as the text its own strategies write;
resolve tells what they read from that text. One address it cannot write fails all of a
request.
"""

import re

from .stand_in import StandInMapper

_BANK = "account_number branch_name branch_code bank_name bank_code fa_type"
_WALLET = "wallet_provider_name wallet_provider_code fa_type"


class StandInPartnerApi(StandInMapper):
    """A mapper of the next generation; ``table`` holds its strategies by number."""

    dialect = "partner_api"

    def __init__(self):
        super().__init__()
        self.table = {
            2: _bundle(_BANK),
            3: _bundle(f"email_address {_WALLET}"),
            4: _bundle(f"mobile_number {_WALLET}"),
            # What a test renumbers a strategy to.
            44: _bundle(f"mobile_number {_WALLET}"),
        }

    def _payload(self, body):
        return body["request_body"]["request_payload"]

    def _work(self, operation, items):
        try:
            return super()._work(operation, items)
        except KeyError:
            # An unknown strategy, or one for another kind of address.
            return self.refusal("rjct.internal.error")

    def _link(self, item):
        entry = super()._link(item)
        return {**entry, "fa": self.rows[item["id"]]} if "fa" in entry else entry

    def _store(self, item):
        fa = item["fa"]
        template, _pattern = self.table[fa["strategy_id"]]
        self.rows[item["id"]] = template.format(**fa)
        info = item.get("additional_info") or [{}]
        info[0].setdefault("strategy_id", fa["strategy_id"])
        self.strategies[item["id"]] = info
        self.told = item.get("name"), item.get("phone_number")

    def _resolve(self, item):
        entry = super()._resolve(item)
        if entry["id"] is None:
            return entry
        info = entry["additional_info"] or []
        entry.update(status_reason_code="succ.id.active", fa=None)
        if info:
            number = info[0].get("strategy_id")
            _template, pattern = self.table.get(number, (None, None))
            found = pattern and re.match(pattern, entry["fa"] or self.rows[item["id"]])
            groups = found.groupdict() if found else {}
            entry["fa"] = {**groups, "strategy_id": number} if pattern else {}
        return entry

    def envelope(self, payload):
        return self._answer("SUCCESS", None, None, payload)

    def refusal(self, code, message="Internal server error"):
        return self._answer("ERROR", code, message, {"link_response": []})

    def signature_refusal(self):
        message = "StatusReasonCodeEnum.rjct_jwt_invalid"
        return self.refusal("rjct.request.validation", message)

    def _answer(self, status, code, message, payload):
        return {
            "response_header": {
                "response_status": status,
                "response_error_code": code,
                "response_error_message": message,
            },
            "response_body": {"response_payload": payload},
        }

    def entries(self, body):
        (entries,) = body["response_body"]["response_payload"].values()
        return entries


def _bundle(names):
    """Return what a strategy of these values writes, and the pattern it reads by."""
    template = ".".join(f"{name}:{{{name}}}" for name in names.split())
    pattern = re.escape(template)
    for name in names.split():
        pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>.*)")
    return template, f"^{pattern}$"
