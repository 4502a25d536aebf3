from odoo.tests import tagged
from odoo.tools import SQL

from .common import PartnerApiCase, SparCase
from .spar_stand_in import faults
from .spar_stand_in.in_process import SparStandIn

WALLET = {
    "mobile_number": "+255754200001",
    "wallet_provider_name": "M-Cash",
    "wallet_provider_code": "MC",
}
BANK = {
    "account_number": "0123456789",
    "branch_name": "North",
    "branch_code": "NB01",
    "bank_name": "First Bank",
    "bank_code": "FB",
}
#: What the strategy for the G2P Bridge keeps of a bank account.
BRIDGE = {"account_number": "0123456789", "branch_code": "NB01", "bank_code": "FB"}
EMPTY = {"mobile_number": "", "email_address": ""}
#: Parts SPAR 2.x tells, the strategy's number, and which of ours is the same text.
SAME = [
    (WALLET, 4, WALLET),
    ({**WALLET, "fa_type": "MOBILE_WALLET"}, 4, WALLET),
    # A row of the time before SPAR was upgraded.
    ({**WALLET, "fa_type": "mobile_wallet_provider"}, 4, WALLET),
    ({**BANK, "fa_type": "BANK"}, 2, BANK),
    ({**BANK, "fa_type": "bank"}, 2, BANK),
    ({**BANK, "branch_name": ""}, 2, {**BANK, "branch_name": ""}),
    (BRIDGE, 5, BRIDGE),
    ({**BRIDGE, **EMPTY, "fa_type": "BANK_ACCOUNT"}, 5, BRIDGE),
]
#: Parts that do not fit our strategy of that number.
OTHER = [
    (WALLET, 2),
    (WALLET, 77),
    (WALLET, 2**70),
    (WALLET, 0),
    (WALLET, -4),
    # An ID's.
    ({"sub": "8871"}, 1),
    ({**WALLET, "fa_type": "EMAIL_WALLET"}, 4),
    ({**WALLET, "fa_type": ""}, 4),
    ({"mobile_number": "+255754200001"}, 4),
    ({**WALLET, "bank_code": "FB"}, 4),
    ({**BRIDGE, "mobile_number": "+255"}, 5),
    ({**WALLET, "wallet_provider_name": "a\nb"}, 4),
    ({**WALLET, "wallet_provider_name": "a.fa_type:b"}, 4),
    ({**WALLET, "wallet_provider_name": "a" * 300}, 4),
    ({}, 4),
]


@tagged("post_install", "-at_install")
class TestPartsAndText(SparCase):
    """For both dialects an address is one text: the one our strategy writes."""

    def setUp(self):
        super().setUp()
        self.strategies = self.env["g2p.fa.strategy"]

    def test_parts_that_fit_become_our_text(self):
        for parts, number, ours in SAME:
            with self.subTest(parts, number=number):
                strategy = self.strategies._spar_numbered(number)
                text = strategy._construct(ours)
                writer = self.strategies._spar_writers()[number]
                self.assertEqual(writer.text_of(parts), text)

    def test_parts_that_do_not_fit_are_no_address(self):
        for parts, number in OTHER:
            with self.subTest(parts, number=number):
                writer = self.strategies._spar_writers().get(number)
                self.assertIsNone(writer and writer.text_of(parts))

    def test_a_row_of_the_other_version_is_readable(self):
        strategy = self.strategies._spar_numbered(4)
        text = strategy._construct(WALLET)
        newer = text.replace("mobile_wallet_provider", "MOBILE_WALLET")
        self.assertNotEqual(text, newer)
        for row in (text, newer):
            self.assertIn("M-Cash", self.strategies._spar_masked(row, 4))
            self.assertTrue(self.strategies._spar_address_values(row, 4))
        wrong = text.replace("mobile_wallet_provider", "BANK")
        self.assertFalse(self.strategies._spar_address_values(wrong, 4))

    def test_every_part_is_a_text(self):
        for address in (self.enter_address(), self.enter_bank_account("12345678")):
            parts = address._spar_parts()
            self.assertEqual({type(text) for text in parts.values()}, {str})
            self.assertNotIn("fa_type", parts)

    def test_the_batch_is_written_as_the_single_address(self):
        for address in (
            self.enter_address(),
            self.enter_bank_account("12345678"),
            self.enter_address(
                False,
                fa_type="email_wallet",
                dfsp_id=self.mail_operator.id,
                email_address="asha@mpay.example",
            ),
        ):
            chosen = SQL("a.id = %s", address.id)
            _partner, written = address._spar_texts_for("g2p_connect", chosen)[
                address.id
            ]
            self.assertEqual((written.text, written.number), address._spar_value())
            self.assertEqual(written.parts, address._spar_parts())

    def test_only_for_spar_2_more_is_asked_of_an_address(self):
        account = self.enter_bank_account("12345678")
        bank = self.approved(account.dfsp_id)
        bank.strategy_id = self.strategies._spar_numbered(5)
        # The strategy does not use it, but it travels in the parts.
        self.env.cr.execute(
            "UPDATE g2p_dfsp_branch SET name = E'a\\nb' WHERE id = %s",
            [account.branch_id.id],
        )
        account.branch_id.invalidate_recordset()
        chosen = SQL("a.id = %s", account.id)
        for dialect, fit in (("g2p_connect", True), ("partner_api", False)):
            found = account._spar_texts_for(dialect, chosen)
            _partner, written = found[account.id]
            self.assertEqual(bool(written), fit, dialect)


@tagged("post_install", "-at_install")
class TestAddressesAtSpar2(PartnerApiCase):
    """What only SPAR 2.x can do to an address, or an address to it."""

    def test_what_would_fail_a_whole_batch_is_held_before_it(self):
        partners = self.make_registrants(4)
        addresses = partners.financial_address_id
        bank = self.env.ref("g2p_spar_financial_address.strategy_bank_account")
        other = self.operator.copy({"name": "Other", "code": "OT"})
        broken = self.operator.copy({"name": "Broken", "code": "BR"})
        self.env.flush_all()
        # By SQL, since the forms allow none of it.
        for query, values in (
            ("UPDATE g2p_dfsp SET strategy_id = %s WHERE id = %s", (bank.id, other.id)),
            ("UPDATE g2p_dfsp SET name = E'a\\nb' WHERE id = %s", (broken.id,)),
            (
                "UPDATE g2p_financial_address SET dfsp_id = %s WHERE id = %s",
                (other.id, addresses[0].id),
            ),
            (
                "UPDATE g2p_financial_address SET dfsp_id = %s WHERE id = %s",
                (broken.id, addresses[1].id),
            ),
        ):
            self.env.cr.execute(query, values)
        self.env.invalidate_all()
        mappings = partners.spar_mapping_ids
        self.run_engine(mappings=mappings)
        states = {m.partner_id: (m.state, m.reason_code) for m in mappings}
        for partner in partners[:2]:
            self.assertEqual(states[partner], ("held", "address.unwritable"))
        for partner in partners[2:]:
            self.assertEqual(states[partner], ("in_sync", False))
        sent = {spar_id for _operation, ids in self.mapper.log for spar_id in ids}
        self.assertEqual(sent, set(partners[2:].mapped("spar_id")))
        self.assertEqual(self.mapper.operations, ["link"])

    def test_an_unreadable_row_is_updated_once(self):
        self.enter_address()
        self.mapper.rows["SR-1"] = "whatever"
        for noted in (None, [], [{}], [{"strategy_id": 4}], [{"strategy_id": 77}]):
            with self.subTest(noted):
                self.mapper.rows["SR-1"] = "whatever"
                self.mapper.infos["SR-1"] = noted
                self.mapping._intervene("resend", "Test")
                self.mapper.forget()
                self.run_engine(faults.cut_before)
                self.time_passes()
                self.run_engine()
                self.run_engine()
                self.assertEqual(
                    self.mapper.operations[1:], ["resolve", "update"], noted
                )
                self.assertInSync()

    def test_what_cannot_be_read_is_found_by_a_comparison(self):
        self.enter_address()
        self.run_engine()
        self.mapper.infos["SR-1"] = None
        self.mapper.forget()
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        run.job_run()
        (line,) = run.line_ids
        self.assertEqual(
            (line.kind, line.masked), ("unreadable", "Cannot be read here")
        )
        line.action_resend()
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["resolve", "update"])
        self.assertInSync()
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        run.job_run()
        self.assertFalse(run.line_ids)


@tagged("post_install", "-at_install")
class TestUpgradeOfSpar(SparCase):
    """SPAR 1.x is upgraded to SPAR 2.x while changes are pending."""

    def upgrade(self):
        """Have another mapper with the same rows, and set the connection to it."""
        older = self.mapper
        older.stop()
        self.mapper = SparStandIn("2.1")
        self.addCleanup(self.mapper.stop)
        self.mapper.rows.update(older.rows)
        self.mapper.infos.update(older.infos)
        self.set_up(base_url=self.mapper.url, dialect=self.mapper.dialect)

    def test_nothing_is_lost_reordered_or_sent_again(self):
        partners = self.make_registrants(6)
        mappings = partners.spar_mapping_ids.sorted("id")
        self.run_engine(mappings=mappings)
        digests = mappings.sudo().mapped("held_digest")
        # One in doubt, one queued twice, one ended, two not linked yet.
        self.enter_address("0754 200 093", partner_id=partners[2].id)
        self.run_engine(faults.cut_after, mappings=mappings[2])
        self.enter_address("0754 200 091", partner_id=partners[0].id)
        self.enter_address("0754 200 092", partner_id=partners[0].id)
        partners[1].action_end_financial_address()
        for spar_id in ("B-6", "B-7"):
            partners += self.new_registrant("New", spar_id)
            self.enter_address("0754 200 094", partner_id=partners[-1].id)
        mappings = partners.spar_mapping_ids.sorted("id")
        self.upgrade()
        self.run_engine(mappings=mappings)
        self.time_passes(mappings[2])
        self.run_engine(mappings=mappings)
        self.assertEqual(mappings[1].state, "ended")
        self.assertEqual(set((mappings - mappings[1]).mapped("state")), {"in_sync"})
        sent = [
            (operation, spar_id)
            for operation, ids in self.mapper.log
            for spar_id in ids
        ]
        ids = partners.mapped("spar_id")
        self.assertEqual(
            sorted(sent),
            sorted(
                [
                    ("update", ids[0]),
                    ("unlink", ids[1]),
                    ("resolve", ids[2]),
                    ("link", ids[6]),
                    ("link", ids[7]),
                ]
            ),
        )
        self.assertEqual(mappings[3:6].sudo().mapped("held_digest"), digests[3:6])
        self.assertIn("754200092", self.mapper.rows[ids[0]])
        self.assertNotIn(ids[1], self.mapper.rows)
        # Rows of both ages are what is wanted, so nothing differs.
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        run.job_run()
        self.assertEqual((run.checked, run.line_ids.ids), (8, []))
