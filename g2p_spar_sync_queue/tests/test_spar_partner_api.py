from odoo.tests import BaseCase, tagged

from ..spar.answers import Item, Outcome
from ..spar.codes import LINK, OPERATIONS, RESOLVE, UNLINK, UPDATE
from ..spar.partner_api import PartnerApi

WALLET = {
    "wallet_provider_name": "M-Cash",
    "wallet_provider_code": "MC",
    "mobile_number": "+255754200001",
}
BANK = {
    "bank_name": "First Bank",
    "bank_code": "FB",
    "branch_name": "",
    "branch_code": None,
    "account_number": "0123456789",
}
MAIL = {
    "wallet_provider_name": "M-Pay",
    "wallet_provider_code": "MP",
    "email_address": "asha@mpay.example",
}
ONE = Item("r-1", "7", "fa-one", 4, parts=WALLET)
TWO = Item("r-2", "8", "fa-two", 4, parts=WALLET)

#: What SPAR tells of a row, and what is made of it: the text and the strategy's number.
GROUPS = {**WALLET, "fa_type": "MOBILE_WALLET"}
NOTED = [{"strategy_id": 4}]
HELD = [
    ({**GROUPS, "strategy_id": 4}, NOTED, "MC +255754200001", 4),
    # The address itself tells its strategy before what is noted beside it does.
    ({**GROUPS, "strategy_id": 4}, [{"strategy_id": 9}], "MC +255754200001", 4),
    (GROUPS, NOTED, "MC +255754200001", 4),
    ({**GROUPS, "branch_name": None, "strategy_id": 4}, None, "MC +255754200001", 4),
    # Linked, but where to is unknown.
    (None, None, None, None),
    (None, NOTED, None, 4),
    ({}, NOTED, None, 4),
    ({}, [{}], None, None),
    ({"strategy_id": 4}, NOTED, None, 4),
    ({"strategy_id": None}, [], None, None),
    ({**GROUPS, "strategy_id": True}, None, None, None),
    ({**GROUPS, "strategy_id": 5}, NOTED, None, 5),
    ({"mobile_number": "+255\x00", "strategy_id": 4}, NOTED, None, 4),
    ({"mobile_number": "+255\ud800", "strategy_id": 4}, NOTED, None, 4),
    ({"mobile_number": 255754200001, "strategy_id": 4}, NOTED, None, 4),
    ({"mobile_number": ["+255"], "strategy_id": 4}, NOTED, None, 4),
    (["x"], NOTED, None, 4),
    (7, "text", None, None),
    # Not seen yet, and clear all the same.
    ("written", NOTED, "written", 4),
]

#: How a request is refused as a whole, and what that means.
SIGNATURE = "StatusReasonCodeEnum.rjct_jwt_invalid"
REFUSALS = [
    ("rjct.request.validation", SIGNATURE, Outcome.PARTNER),
    ("rjct.request.validation", "Signature is missing", Outcome.PARTNER),
    ("rjct.request.validation", None, Outcome.PARTNER),
    ("rjct.request.validation", " ", Outcome.PARTNER),
    ("rjct.request.validation", ["?"], Outcome.PARTNER),
    ("rjct.request.validation", "The list is empty", Outcome.BATCH_REFUSED),
    ("rjct.jwt.invalid", None, Outcome.PARTNER),
    ("rjct.signature.invalid", None, Outcome.PARTNER),
    ("rjct.permission.denied", None, Outcome.PARTNER),
    ("rjct.internal.error", "Internal server error", Outcome.TRANSIENT),
    ("rjct.action.not_supported", None, Outcome.BATCH_REFUSED),
    ("rjct.new.code", None, Outcome.BATCH_REFUSED),
    (None, None, Outcome.BATCH_REFUSED),
]


def write(number, parts):
    """Write as one strategy of ours would; the others are not known here."""
    if number == 4 and "mobile_number" in parts:
        return f"{parts['wallet_provider_code']} {parts['mobile_number']}"
    return None


DIALECT = PartnerApi(write)


def answer(operation, *entries, **header):
    header = {"response_status": "SUCCESS", "response_error_code": None, **header}
    payload = {"transaction_id": "t", f"{operation}_response": list(entries)}
    return {
        "response_header": header,
        "response_body": {"pagination_response": None, "response_payload": payload},
    }


def entry(reference_id, status="succ", code=None, **more):
    return {
        "reference_id": reference_id,
        "status": status,
        "status_reason_code": code,
        **more,
    }


@tagged("post_install", "-at_install")
class TestPartnerApi(BaseCase):
    def outcomes(self, operation, body, items=(ONE,)):
        results = DIALECT.read(operation, items, body).results
        self.assertEqual(set(results), {item.reference_id for item in items})
        return [results[item.reference_id].outcome for item in items]

    def resolved(self, **more):
        body = answer(RESOLVE, entry("r-1", **more))
        (result,) = DIALECT.read(RESOLVE, (ONE,), body).results.values()
        return result

    # === REQUESTS === #

    def test_the_envelope_is_that_of_the_partner_api(self):
        for operation in OPERATIONS:
            with self.subTest(operation):
                self.assertEqual(DIALECT.path(operation), f"/mapper/{operation}")
                body = DIALECT.build(operation, [ONE], "registry", "m-1", "now")
                self.assertEqual(
                    body["request_header"],
                    {
                        "request_id": "m-1",
                        "request_timestamp": "now",
                        "sender_app_mnemonic": "registry",
                        "sender_app_url": "",
                    },
                )
                payload = body["request_body"]["request_payload"]
                self.assertEqual(
                    set(payload), {"transaction_id", f"{operation}_request"}
                )

    def test_an_address_travels_in_its_parts_and_none_is_null(self):
        for parts, fa_type in (
            (WALLET, "MOBILE_WALLET"),
            (BANK, "BANK"),
            (MAIL, "EMAIL_WALLET"),
        ):
            for operation in (LINK, UPDATE):
                with self.subTest(fa_type, operation=operation):
                    item = Item("r-1", "7", "text", 4, parts=parts)
                    sent = self.sent(operation, item)
                    self.assertEqual(
                        sent["fa"],
                        {
                            "strategy_id": 4,
                            "fa_type": fa_type,
                            **{name: text or "" for name, text in parts.items()},
                        },
                    )
                    noted = [{"strategy_id": item.strategy_number}]
                    self.assertEqual(sent["additional_info"], noted)

    def test_name_and_phone_are_left_out_when_empty(self):
        self.assertFalse({"name", "phone_number"} & self.sent(LINK, ONE).keys())
        item = Item("r-1", "7", "t", 4, name="Asha", phone="+2557", parts=WALLET)
        sent = self.sent(UPDATE, item)
        self.assertEqual((sent["name"], sent["phone_number"]), ("Asha", "+2557"))

    def test_questions_and_removals_carry_no_address(self):
        for operation in (UNLINK, RESOLVE):
            self.assertNotIn("fa", self.sent(operation, ONE))
        self.assertEqual(self.sent(RESOLVE, ONE)["scope"], "details")

    def test_an_address_without_its_parts_is_not_sent(self):
        for parts in (None, {}, {"wallet_provider_name": "M-Cash"}):
            item = Item("r-1", "7", "secret", 4, parts=parts)
            with self.assertRaises(ValueError) as caught:
                self.sent(LINK, item)
            self.assertNotIn("secret", str(caught.exception))

    def test_a_spar_id_never_occurs_twice(self):
        with self.assertRaises(ValueError):
            DIALECT.build(RESOLVE, [ONE, Item("r-3", "7")], "s", "m", "now")

    def test_parts_are_not_in_representations(self):
        self.assertNotIn("754200001", repr(ONE))
        self.assertNotIn("754200001", repr(self.resolved(id="7", fa=HELD[0][0])))

    def sent(self, operation, item):
        body = DIALECT.build(operation, [item], "registry", "m-1", "now")
        (sent,) = body["request_body"]["request_payload"][f"{operation}_request"]
        return sent

    # === ANSWERS === #

    def test_refused_requests(self):
        for code, message, outcome in REFUSALS:
            header = {
                "response_status": "ERROR",
                "response_error_code": code,
                "response_error_message": message,
            }
            for operation in OPERATIONS:
                for body in (
                    answer(operation, **header),
                    {"response_header": header, "response_body": None},
                ):
                    with self.subTest(code, message=message, operation=operation):
                        self.assertEqual(
                            self.outcomes(operation, body, (ONE, TWO)), [outcome] * 2
                        )

    def test_one_reason_code_is_read_by_operation(self):
        refused = entry("r-1", "rjct", "rjct.reference_id.duplicate", id="7")
        for operation, outcome in (
            (LINK, Outcome.SWAP),
            (UPDATE, Outcome.SWAP),
            (UNLINK, Outcome.REFUSED),
        ):
            self.assertEqual(
                self.outcomes(operation, answer(operation, refused)), [outcome]
            )

    def test_unlinking_what_is_gone_is_done(self):
        gone = entry("r-1", "rjct", "rjct.id.invalid", id="")
        self.assertEqual(self.outcomes(UNLINK, answer(UNLINK, gone)), [Outcome.DONE])
        self.assertEqual(self.outcomes(LINK, answer(LINK, gone)), [Outcome.REFUSED])

    def test_items_are_matched_by_reference_alone(self):
        body = answer(
            LINK, entry("r-9"), entry("r-2"), entry("r-1", "rjct", "rjct.fa.invalid")
        )
        self.assertEqual(
            self.outcomes(LINK, body, (ONE, TWO)), [Outcome.REFUSED, Outcome.DONE]
        )
        body = answer(LINK, entry("r-2"))
        self.assertEqual(
            self.outcomes(LINK, body, (ONE, TWO)), [Outcome.AMBIGUOUS, Outcome.DONE]
        )

    def test_what_is_of_another_shape_is_ambiguous(self):
        header = {"response_status": "SUCCESS"}
        for body in (
            None,
            [],
            "text",
            {},
            answer(LINK),
            answer(LINK, entry("r-1"), entry("r-1")),
            answer(LINK, entry([]), None, 7),
            answer(UPDATE, entry("r-1")),
            {"response_header": header},
            {"response_header": header, "response_body": None},
            {"response_header": header, "response_body": {"response_payload": []}},
            {"response_header": "SUCCESS", "response_body": {}},
            # The other dialect's.
            {
                "header": {"status": "succ"},
                "message": {"link_response": [entry("r-1")]},
            },
        ):
            with self.subTest(body):
                self.assertEqual(self.outcomes(LINK, body), [Outcome.AMBIGUOUS])

    def test_resolve_tells_linked_from_not_linked(self):
        found = self.resolved(code="succ.id.active", id="7", fa=HELD[0][0])
        self.assertEqual((found.outcome, found.linked), (Outcome.DONE, True))
        self.assertEqual((found.fa, found.strategy_number), ("MC +255754200001", 4))
        missing = self.resolved(code="succ.fa.not_linked_to_id", id=None, fa=None)
        self.assertEqual((missing.outcome, missing.linked), (Outcome.DONE, False))
        other = self.resolved(code="succ.id.active", id="8", fa=HELD[0][0])
        self.assertEqual(other.outcome, Outcome.AMBIGUOUS)

    def test_whatever_spar_tells_of_a_row_it_is_linked(self):
        for fa, noted, text, number in HELD:
            with self.subTest(fa, noted=noted):
                result = self.resolved(id="7", fa=fa, additional_info=noted)
                self.assertEqual((result.outcome, result.linked), (Outcome.DONE, True))
                self.assertEqual((result.fa, result.strategy_number), (text, number))
