from lxml import etree

from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..engine import outbox
from .common import SparCase
from .waiting_jobs import queue_of, table_of, trapped_jobs, waiting_jobs

#: How many make a job, by the queue. Two of them begin and end what can be undone.
STATEMENTS = {None: 5, "queue_job": 4, "job_worker": 12}


@tagged("post_install", "-at_install")
class TestCapture(SparCase):
    def test_each_address_in_use_appends_a_change_and_wakes_the_engine(self):
        with trapped_jobs() as jobs:
            address = self.enter_address()
        change = self.mapping.change_ids
        self.assertEqual(change.address_id, address)
        self.assertEqual((change.state, change.channel), ("queued", "admin"))
        self.assertEqual(self.registrant.spar_state, "on_its_way")
        (job,) = jobs
        self.assertEqual((job.method, job.ids), ("job_sync", self.mapping.ids))
        self.assertFalse(self.mapper.log, "sent in the user's transaction")

    def test_jobs_carry_ids_and_no_payment_data(self):
        self.enter_address()
        self.assertTrue(waiting_jobs(self.env, "job_sync"))
        self.env.cr.execute(f"SELECT * FROM {table_of(self.env)}")
        self.assertNotIn("754200001", str(self.env.cr.fetchall()))

    def test_the_list_of_trouble_shows_what_waits_while_sending_is_paused(self):
        self.enter_address()
        self.run_engine()
        search = self.env.ref("g2p_spar_sync_queue.g2p_spar_mapping_view_search")
        node = etree.fromstring(search.arch).find(".//filter[@name='trouble']")
        domain = safe_eval(node.get("domain"))
        self.assertNotIn(self.mapping, self.mapping.search(domain))
        self.connection.action_pause()
        self.enter_address("0754 200 002")
        self.assertEqual(self.registrant.spar_state, "paused")
        self.assertIn(self.mapping, self.mapping.search(domain))

    def test_by_is_who_entered_it(self):
        clerk = self.new_user("by_clerk", "editor")
        self.enter_address(user=clerk)
        change = self.mapping.change_ids
        self.assertEqual(change.entered_by, clerk.name)
        # Taken up by the system, as after a start: the change was made by no person.
        outbox.capture(self.registrant, None)
        self.assertEqual(self.mapping.change_ids[0].create_uid, self.env.user)
        self.assertEqual(self.mapping.change_ids[0].entered_by, clerk.name)
        ending = self.new_user("by_other", "editor")
        self.registrant.with_user(ending).action_end_financial_address()
        outbox.capture(self.registrant, "admin")
        self.assertEqual(
            self.mapping.change_ids.mapped("entered_by"),
            [ending.name, ending.name, clerk.name, clerk.name],
        )

    def test_ending_appends_a_change_without_address(self):
        self.enter_address()
        self.registrant.action_end_financial_address()
        self.assertFalse(self.mapping.change_ids[0].address_id)

    def test_incomplete_addresses_append_nothing(self):
        self.enter_address("+255754200001", dfsp_id=False)
        self.assertFalse(self.mapping)
        self.assertEqual(self.registrant.spar_state, "incomplete")

    def test_unrelated_edits_append_nothing(self):
        self.enter_address()
        self.registrant.write({"comment": "x", "phone": "1", "spar_id": "SR-1"})
        self.assertEqual(len(self.mapping.change_ids), 1)

    def test_without_a_started_connection_nothing_is_captured(self):
        self.connection.state = "draft"
        self.enter_address()
        self.assertFalse(self.mapping)
        self.assertEqual(self.registrant.spar_state, "paused")

    def test_each_started_connection_has_a_mapping(self):
        self.connection.copy().state = "paused"
        self.enter_address()
        self.assertEqual(len(self.mapping), 2)

    def test_starting_takes_up_the_registrants_there_are(self):
        self.connection.state = "draft"
        self.make_registrants(3)
        self.connection.action_start()
        self.connection.job_enlist()
        self.connection.job_enlist()
        mappings = self.connection.mapping_ids
        self.assertEqual(len(mappings), 3)
        self.assertEqual(len(mappings.change_ids), 3)
        self.assertEqual(set(mappings.change_ids.mapped("channel")), {"admin"})

    def test_who_was_left_out_is_taken_up_by_the_hour(self):
        self.connection.state = "draft"
        self.enter_address()
        self.connection.state = "running"
        self.assertFalse(self.mapping)
        self.env["g2p.spar.connection"]._cron_enlist()
        self.assertEqual(self.registrant.spar_state, "on_its_way")

    def test_who_was_captured_with_another_address_is_taken_up_again(self):
        """As two transactions could do that did not see each other."""
        amended, ended, right, given_up = self.make_registrants(4)
        for number, partner in enumerate((amended, ended, given_up)):
            self.enter_address(f"0754 200 07{number}", partner_id=partner.id)
        ended.action_end_financial_address()
        given_up.spar_mapping_ids._intervene("cancel", "Not now")
        wrong = (amended | ended).spar_mapping_ids.change_ids.filtered(
            lambda change: change.address_id == change.partner_id.financial_address_id
        )
        self.assertEqual(len(wrong), 2)
        self.env.cr.execute(
            "DELETE FROM g2p_spar_change WHERE id = ANY(%s)", [wrong.ids]
        )
        self.env.invalidate_all()
        before = self.env["g2p.spar.change"].search([])
        self.connection.job_enlist()
        found = self.env["g2p.spar.change"].search([]) - before
        self.assertEqual(found.partner_id, amended | ended)
        for change in found:
            self.assertEqual(change.address_id, change.partner_id.financial_address_id)
        self.connection.job_enlist()
        self.assertEqual(self.env["g2p.spar.change"].search([]), before | found)

    def test_an_id_without_an_address_leaves_nothing_to_send(self):
        self.registrant.spar_id = "SR-2"
        self.assertFalse(self.mapping.change_ids)
        self.assertEqual(self.registrant.spar_state, "no_address")
        self.enter_address()
        self.run_engine()
        self.assertInSync()

    def test_renaming_a_provider_sends_its_addresses_again(self):
        self.enter_address()
        self.run_engine()
        self.approved(self.operator).name = "M-Cash International"
        self.assertEqual(self.registrant.spar_state, "on_its_way")
        self.run_engine()
        self.assertInSync()
        self.assertIn("International", self.mapper.rows["SR-1"])

    def test_a_batch_wakes_the_engine_in_chunks(self):
        self.connection.batch_size = 2
        partners = self.make_registrants(5)
        with trapped_jobs() as jobs:
            outbox.capture(partners, "import")
        self.assertEqual(len(jobs), 3)

    def test_a_save_costs_few_statements_however_many_registrants(self):
        others = self.make_registrants(20)
        self.env.flush_all()
        for partners in (self.registrant, others[:1], others):
            before = self.env.cr.sql_log_count
            outbox.capture(partners, "import")
            # What is appended, and what makes its one job.
            made = STATEMENTS[queue_of(self.env)]
            self.assertLessEqual(self.env.cr.sql_log_count - before, 1 + made)

    def test_what_was_read_before_is_read_again(self):
        self.enter_address()
        self.run_engine()
        mapping, address = self.mapping, self.registrant.financial_address_id
        known = mapping.change_ids
        self.assertEqual(mapping.display_state, "in_sync")
        self.assertEqual(self.registrant.spar_state, "in_sync")
        outbox.capture(self.registrant, None)
        change = mapping.change_ids - known
        self.assertEqual(len(change), 1)
        self.assertEqual(change.connection_id, self.connection)
        self.assertEqual(change.create_uid, self.env.user)
        self.assertEqual((change.address_id, change.channel), (address, "admin"))
        self.assertEqual(mapping.display_state, "on_its_way")
        self.assertEqual(self.registrant.spar_state, "on_its_way")

    def test_many_registrants_and_connections_are_captured_at_once(self):
        self.connection.copy().state = "paused"
        self.connection.copy()  # not started
        partners = self.make_registrants(3) | self.registrant
        partners.spar_mapping_ids.change_ids.state = "sent"
        partners[1].action_end_financial_address()
        outbox.capture(partners, "import")
        changes = partners.spar_mapping_ids.change_ids.filtered(
            lambda change: change.channel == "import"
        )
        self.assertEqual(len(partners.spar_mapping_ids), 8)
        # The one without an address or a mapping has nothing to be sent.
        self.assertEqual(changes.partner_id, partners - self.registrant)
        self.assertEqual(len(changes), 6)
        for change in changes:
            self.assertEqual(change.connection_id, change.mapping_id.connection_id)
            self.assertEqual(change.address_id, change.partner_id.financial_address_id)

    def test_an_import_is_named_as_the_channel(self):
        result = (
            self.env["g2p.financial.address"]
            .with_context(import_file=True)
            .load(
                ["partner_id/.id", "dfsp_id/.id", "fa_type", "mobile_number"],
                [
                    [
                        str(self.registrant.id),
                        str(self.operator.id),
                        "Mobile wallet",
                        "0754200001",
                    ]
                ],
            )
        )
        self.assertFalse(result["messages"])
        self.assertEqual(self.mapping.change_ids.channel, "import")
