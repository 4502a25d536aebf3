from odoo.tests import BaseCase, tagged

from ..spar.answers import Item, Outcome
from ..spar.codes import LINK, RESOLVE, UNLINK, UPDATE
from ..spar.g2p_connect import G2pConnect

DIALECT = G2pConnect()
ONE = Item("r-1", "7", "fa-one", 4)
TWO = Item("r-2", "8", "fa-two", 4)


def answer(operation, *entries, **header):
    header = {"status": "succ", "status_reason_code": None, **header}
    return {"header": header, "message": {f"{operation}_response": list(entries)}}


def entry(reference_id, status="succ", code=None, **more):
    return {
        "reference_id": reference_id,
        "status": status,
        "status_reason_code": code,
        **more,
    }


@tagged("post_install", "-at_install")
class TestG2pConnect(BaseCase):
    def outcomes(self, operation, body, items=(ONE,)):
        results = DIALECT.read(operation, items, body).results
        self.assertEqual(set(results), {item.reference_id for item in items})
        return [results[item.reference_id].outcome for item in items]

    def test_one_reason_code_is_read_by_operation(self):
        refused = entry("r-1", "rjct", "rjct.reference_id.duplicate")
        for operation in (LINK, UPDATE):
            self.assertEqual(
                self.outcomes(operation, answer(operation, refused)), [Outcome.SWAP]
            )
        self.assertEqual(
            self.outcomes(UNLINK, answer(UNLINK, refused)), [Outcome.REFUSED]
        )

    def test_unlinking_what_is_gone_is_done(self):
        gone = entry("r-1", "rjct", "rjct.id.invalid", id="")
        self.assertEqual(self.outcomes(UNLINK, answer(UNLINK, gone)), [Outcome.DONE])
        self.assertEqual(self.outcomes(LINK, answer(LINK, gone)), [Outcome.REFUSED])

    def test_items_are_matched_by_reference_alone(self):
        body = answer(
            LINK, entry("r-2"), entry("r-1", "rjct", "rjct.fa.invalid"), entry("r-9")
        )
        self.assertEqual(
            self.outcomes(LINK, body, (ONE, TWO)), [Outcome.REFUSED, Outcome.DONE]
        )

    def test_a_missing_item_is_ambiguous(self):
        self.assertEqual(
            self.outcomes(LINK, answer(LINK, entry("r-2")), (ONE, TWO)),
            [Outcome.AMBIGUOUS, Outcome.DONE],
        )

    def test_a_rejected_request_has_no_list(self):
        for code, outcome in [
            ("rjct.jwt.invalid", Outcome.PARTNER),
            ("rjct.internal.error", Outcome.TRANSIENT),
            ("rjct.action.not_supported", Outcome.BATCH_REFUSED),
            (None, Outcome.BATCH_REFUSED),
        ]:
            header = {"status": "rjct", "status_reason_code": code}
            with self.subTest(code):
                self.assertEqual(
                    self.outcomes(LINK, {"header": header, "message": {}}, (ONE, TWO)),
                    [outcome, outcome],
                )

    def test_garbage_is_ambiguous(self):
        for body in (
            None,
            [],
            "text",
            5,
            {},
            {"header": None, "message": None},
            {"header": {"status": "succ"}},
            answer(LINK) | {"message": {"link_response": "no list"}},
            answer(LINK, None, 7, "x"),
            answer(UPDATE, entry("r-1")),
            answer(LINK, entry([]), entry({}), entry(1)),
            answer(LINK, entry("r-1"), entry("r-1", "rjct", "rjct.id.invalid")),
        ):
            with self.subTest(body):
                self.assertEqual(self.outcomes(LINK, body), [Outcome.AMBIGUOUS])

    def test_unknown_codes_are_refusals_and_free_text_is_dropped(self):
        body = answer(LINK, entry("r-1", "rjct", "rjct.new.code"))
        self.assertEqual(self.outcomes(LINK, body), [Outcome.REFUSED])
        body = answer(LINK, entry("r-1", "rjct", "account 0123456789 is closed"))
        (result,) = DIALECT.read(LINK, (ONE,), body).results.values()
        self.assertEqual(result.code, "unknown")

    def test_only_a_plain_rejection_says_that_nothing_was_done(self):
        for status in ("pdng", "rcvd", None, 7):
            for operation in (LINK, UPDATE, UNLINK, RESOLVE):
                with self.subTest(status, operation=operation):
                    body = answer(operation, entry("r-1", status))
                    self.assertEqual(
                        self.outcomes(operation, body), [Outcome.AMBIGUOUS]
                    )

    def test_resolve_tells_linked_from_not_linked(self):
        body = answer(
            RESOLVE,
            entry("r-2", code="succ.fa.not_linked_to_id", id=None),
            entry("r-1", id="7", fa="held", additional_info=[{"strategy_id": 4}]),
        )
        results = DIALECT.read(RESOLVE, (ONE, TWO), body).results
        self.assertEqual((results["r-1"].linked, results["r-1"].fa), (True, "held"))
        self.assertEqual(results["r-1"].strategy_number, 4)
        self.assertEqual((results["r-2"].linked, results["r-2"].fa), (False, None))

    def test_what_cannot_be_an_address_of_ours_is_unknown(self):
        for held in ("a\x00b", "a\ud800", ["x"], 5, None):
            body = answer(RESOLVE, entry("r-1", id="7", fa=held))
            (result,) = DIALECT.read(RESOLVE, (ONE,), body).results.values()
            self.assertEqual((result.linked, result.fa), (True, None))

    def test_an_answer_about_another_id_is_not_used(self):
        body = answer(RESOLVE, entry("r-1", id="8", fa="held"))
        self.assertEqual(self.outcomes(RESOLVE, body), [Outcome.AMBIGUOUS])

    def test_requests_carry_the_strategy_and_no_contact_data(self):
        body = DIALECT.build(UPDATE, [ONE], "social-registry", "m-1", "now")
        (item,) = body["message"]["update_request"]
        self.assertEqual(item["additional_info"], [{"strategy_id": 4}])
        self.assertEqual(body["header"]["total_count"], 1)
        self.assertNotIn("name", item)
        self.assertNotIn("phone_number", item)

    def test_unlink_names_no_address(self):
        body = DIALECT.build(UNLINK, [ONE], "social-registry", "m-1", "now")
        self.assertNotIn("fa", body["message"]["unlink_request"][0])

    def test_a_spar_id_never_occurs_twice(self):
        with self.assertRaises(ValueError):
            DIALECT.build(LINK, [ONE, Item("r-3", "7")], "s", "m", "now")

    def test_addresses_are_not_in_representations(self):
        self.assertNotIn("fa-one", repr(ONE))
        body = answer(RESOLVE, entry("r-1", id="7", fa="secret"))
        self.assertNotIn("secret", repr(DIALECT.read(RESOLVE, (ONE,), body)))
