import base64
from contextlib import suppress

from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import HttpCase, tagged

from ..models.g2p_fa_reveal import ALARM, QUESTIONS
from .common import FinancialAddressCase

PROOF = base64.b64encode(b"a photo of a bank card")


def shown(env, user, way=None):
    domain = Domain("user_id", "=", user.id)
    if way:
        domain &= Domain("way", "=", way)
    return env["g2p.fa.reveal"].search(domain)


@tagged("post_install", "-at_install")
class TestWhatOneTyped(FinancialAddressCase):
    """Only what a user typed is shown to them without a trace."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("w_editor", "editor")

    def test_what_a_channel_entered_in_a_users_name_was_not_typed(self):
        Address = self.env["g2p.financial.address"].with_user(self.editor)
        for n, channel in enumerate(("admin", "import", "odk", "api", "portal")):
            person = self.new_registrant(channel)
            entry = {
                "partner_id": person.id,
                "fa_type": "mobile_wallet",
                "dfsp_id": self.operator.id,
                "mobile_number": f"0754 200 30{n}",
            }
            address = Address.submit([entry], channel)
            self.assertEqual(address.entered_by_id, self.editor)
            for way, act in {
                "read": lambda a=address: a.read(["mobile_number"]),
                "reveal": lambda a=address: a.reveal(),
            }.items():
                with self.subTest(channel, way=way):
                    act()
                    rows = shown(self.env, self.editor, way)
                    self.assertIn(address, rows.address_id)

    def test_a_loaded_file_was_not_typed(self):
        Address = self.env["g2p.financial.address"].with_user(self.editor)
        result = Address.with_context(import_file=True).load(
            ["spar_id", "dfsp_id/.id", "mobile_number"],
            [["SR-1", str(self.operator.id), "0754 200 310"]],
        )
        Address.browse(result["ids"]).reveal()
        self.assertEqual(len(shown(self.env, self.editor)), 1)

    def test_what_was_typed_is_theirs_also_after_it_was_corrected(self):
        mine = self.enter_address("+255754200311", user=self.editor, dfsp_id=False)
        mine.mobile_number = "+255754200312"
        mine.reveal()
        self.assertFalse(shown(self.env, self.editor))

    def test_a_draft_that_a_channel_brought_becomes_typed_with_its_number_only(self):
        Address = self.env["g2p.financial.address"].with_user(self.editor)
        entry = {
            "partner_id": self.registrant.id,
            "fa_type": "mobile_wallet",
            "dfsp_id": False,
            "mobile_number": "+255754200313",
        }
        draft = Address.submit([entry], "import")
        draft.write({"mobile_number": "+255754200313", "holder_name": "Asha"})
        draft.reveal()
        self.assertEqual(len(shown(self.env, self.editor)), 1)
        draft.mobile_number = "+255754200314"
        draft.reveal()
        self.assertEqual(len(shown(self.env, self.editor)), 1)

    def test_nobody_says_that_they_typed_it(self):
        address = self.enter_address()
        with self.assertRaises(AccessError):
            address.with_user(self.editor).write({"typed": True})


@tagged("post_install", "-at_install")
class TestProofs(FinancialAddressCase, HttpCase):
    """A photo of a bank card shows the number: who opens it is written down."""

    field = "proof"
    entry = {"proof": PROOF, "proof_name": "card.png"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: cls.new_user(f"w_{role}_of_proofs", role, "base.group_allow_export")
            for role in ("editor", "approver")
        }
        cls.users["system"] = cls.new_user(
            "w_system", "editor", "base.group_system", "base.group_allow_export"
        )
        cls.address = cls.enter_address(**cls.entry)
        cls.attachment = (
            cls.env["ir.attachment"]
            .sudo()
            .search(
                [("res_model", "=", cls.address._name), ("res_field", "=", cls.field)]
            )
        )

    def test_each_way_of_opening_one_leaves_a_row(self):
        for role, user in self.users.items():
            address = self.address.with_user(user)
            Address = address.browse()
            for way, act in {
                "read": lambda a=address: a.read([self.field]),
                "all": lambda a=address: a.read(),
                "web_read": lambda a=address: a.web_read({self.field: {}}),
                "search_read": lambda a=Address: a.search_read([], [self.field]),
                "export": lambda a=address: a.export_data([self.field]),
                "of the contact": lambda a=address: a.partner_id.web_read(
                    {"financial_address_ids": {"fields": {self.field: {}}}}
                ),
            }.items():
                with self.subTest(role, way=way):
                    self.env.invalidate_all()
                    before = len(shown(self.env, user, "proof"))
                    self.assertIn(PROOF.decode(), str(act()))
                    rows = shown(self.env, user, "proof")
                    self.assertEqual(len(rows), before + 1)
                    self.assertEqual(rows.address_id, self.address)

    def test_other_ways_do_not_lead_to_it(self):
        proofs = [
            ("res_model", "=", self.address._name),
            ("res_field", "=", self.field),
        ]
        for role, user in self.users.items():
            attachment = self.attachment.with_user(user)
            address = self.address.with_user(user)
            for way, act in {
                "datas": lambda a=attachment: a.read(["datas"]),
                "raw": lambda a=attachment: a.read(["raw"]),
                "search_read": lambda a=attachment: a.search_read(proofs, ["datas"]),
                "by id": lambda a=attachment: a.search_read(
                    [("id", "=", a.id)], ["datas"]
                ),
                "unasked": lambda a=attachment: a.with_context(
                    skip_res_field_check=True
                ).search_read(proofs[:1], ["datas"]),
                "copy": lambda a=attachment: a.copy().read(["datas"]),
                "token": lambda a=attachment: a.generate_access_token(),
                "moved": lambda a=attachment: a.write({"res_field": False}),
                "export": lambda a=attachment: a.export_data(["datas"]),
                "mapped": lambda a=address: a.mapped(self.field),
            }.items():
                with self.subTest(role, way=way), self.env.cr.savepoint():
                    self.env.invalidate_all()
                    try:
                        answer = str(act())
                    except AccessError:
                        continue
                    self.assertIn(answer, ("[]", "{'datas': []}"))
        self.assertFalse(self.env["g2p.fa.reveal"].search([("way", "=", "proof")]))

    def test_a_form_that_shows_the_size_opens_nothing(self):
        user = self.users["editor"]
        address = self.address.with_user(user).with_context(bin_size=True)
        self.assertIn("bytes", str(address.web_read({self.field: {}})).lower())
        self.assertFalse(shown(self.env, user))

    def test_no_other_context_hides_that_it_is_opened(self):
        user = self.users["editor"]
        for context in (
            {f"bin_size_{self.field}": True},
            {"bin_size": False, f"bin_size_{self.field}": True},
            {"bin_size": ""},
        ):
            with self.subTest(**context):
                self.env.invalidate_all()
                address = self.address.with_user(user).with_context(**context)
                before = len(shown(self.env, user, "proof"))
                if PROOF.decode() in str(address.web_read({self.field: {}})):
                    self.assertGreater(len(shown(self.env, user, "proof")), before)

    def test_a_forms_onchange_gives_nothing_away(self):
        for role in ("editor", "approver"):
            for values in ({}, {"holder_name": "x"}, {self.field: False}):
                address = self.address.with_user(self.users[role])
                with self.subTest(role, values=values):
                    try:
                        answer = str(address.onchange(values, [], {self.field: {}}))
                    except AccessError as error:
                        answer = str(error)
                    self.assertNotIn(PROOF.decode(), answer)

    def test_the_form_of_a_contact_with_a_proof_changes_and_gives_nothing_away(self):
        user = self.new_user("w_contacts", "editor", "base.group_partner_manager")
        partner = self.registrant.with_user(user)
        nested = {"financial_address_ids": {"fields": {self.field: {}, "masked": {}}}}
        for values in ({}, {"comment": "x"}):
            answer = partner.onchange(values, list(values), {"comment": {}, **nested})
            self.assertNotIn(PROOF.decode(), str(answer))

    def test_downloading_leaves_a_row(self):
        for role in ("editor", "approver"):
            user = self.users[role]
            self.authenticate(user.login, user.login)
            place = f"{self.address._name}/{self.address.id}/{self.field}"
            for url in (f"/web/content/{place}", f"/web/content/{place}/card.png"):
                with self.subTest(role, url=url):
                    before = len(shown(self.env, user, "proof"))
                    answer = self.url_open(url)
                    self.assertEqual(answer.status_code, 200)
                    self.assertEqual(answer.content, base64.b64decode(PROOF))
                    self.env.invalidate_all()
                    rows = shown(self.env, user, "proof")
                    self.assertEqual(len(rows), before + 1)
            self.url_open(f"/web/image/{place}")
            self.env.invalidate_all()
            self.assertGreater(len(shown(self.env, user, "proof")), before + 1)

    def test_its_attachment_is_not_downloaded_by_itself(self):
        for user in self.users.values():
            self.authenticate(user.login, user.login)
            for url in (
                f"/web/content/{self.attachment.id}",
                f"/web/content/ir.attachment/{self.attachment.id}/raw",
                f"/web/image/{self.attachment.id}",
            ):
                with self.subTest(user.login, url=url):
                    answer = self.url_open(url)
                    self.assertNotIn(base64.b64decode(PROOF), answer.content)

    def test_a_viewer_downloads_nothing(self):
        viewer = self.new_user("w_viewer", "viewer")
        self.authenticate(viewer.login, viewer.login)
        place = f"{self.address._name}/{self.address.id}/{self.field}"
        self.assertEqual(self.url_open(f"/web/content/{place}").status_code, 404)
        self.assertFalse(shown(self.env, viewer))

    def test_an_editor_changes_a_proof_of_a_draft(self):
        draft = self.enter_address(
            "+255754200320",
            user=self.users["editor"],
            dfsp_id=False,
            proof=PROOF,
        )
        draft.proof = base64.b64encode(b"another")
        draft.proof = False
        self.assertFalse(draft.sudo().proof)

    def test_attachments_of_others_are_as_ever(self):
        user = self.users["editor"]
        mine = (
            self.env["ir.attachment"]
            .with_user(user)
            .create({"name": "mine", "raw": b"x"})
        )
        self.assertEqual(mine.read(["raw"])[0]["raw"], b"x")
        self.assertIn(mine, mine.search([("id", "=", mine.id)]))
        self.assertIn(mine, mine.search([("name", "=", "mine")]))


@tagged("post_install", "-at_install")
class TestMandates(TestProofs):
    field = "mandate"
    entry = {"mandate": PROOF, "mandate_name": "card.png", "payee_name": "Neema"}


@tagged("post_install", "-at_install")
class TestSearchForNumbers(FinancialAddressCase):
    """A masked number is not found out by trying."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("w_asks", "editor")
        cls.administrator = cls.new_user("w_watches", "administrator")
        cls.address = cls.enter_address()

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
        self.Address = self.env["g2p.financial.address"].with_user(self.editor)

    def ask(self, number, operator="ilike"):
        return self.Address.search([("number", operator, number)])

    def alarms(self):
        self.env["g2p.financial.address"]._cron_watch_bursts()
        return self.env["mail.activity"].search(
            [("activity_type_id", "=", self.env.ref(ALARM).id)]
        )

    def test_one_number_is_asked_for_at_a_time(self):
        several = ["0754 200 001", "0754 200 002"]
        for domain in (
            [("number", "in", several)],
            ["|", *(("number", "=", one) for one in several)],
            ["|", *(("number", "in", [one]) for one in several)],
        ):
            with self.subTest(domain), self.assertRefused("one whole number"):
                self.Address.search(domain)
        self.assertEqual(self.ask(["0754 200 001"], "in"), self.address)

    def test_each_answer_is_written_down(self):
        self.ask("0754 200 001")
        rows = shown(self.env, self.editor, "search")
        self.assertEqual(rows.address_id, self.address)
        self.assertEqual(rows.masked, self.address.masked)
        self.ask("0754 200 999")
        missed = shown(self.env, self.editor, "search") - rows
        self.assertEqual(len(missed), 1)
        self.assertFalse(missed.address_id)
        self.assertNotIn("999", str(missed.read()))

    def test_the_contact_leads_to_the_same_question(self):
        Partner = self.env["res.partner"].with_user(self.editor)
        found = Partner.search([("financial_address_ids.number", "=", "0754200001")])
        self.assertEqual(found, self.registrant)
        rows = shown(self.env, self.editor, "search")
        self.assertEqual(rows.address_id, self.address)

    def test_the_row_stays_when_the_question_fails(self):
        # With what a related record may not show, a hit would be an error and no row.
        # Not assertRaises: it would roll the test back, which the row is part of.
        answer = None
        with suppress(Exception):
            answer = self.Address.web_search_read(
                [("number", "=", "0754 200 001")],
                {"partner_id": {"fields": {"no_such_field": {}}}},
            )
        self.assertIsNone(answer)
        rows = shown(self.env, self.editor, "search")
        self.assertEqual(rows.address_id, self.address)

    def test_only_so_many_questions_an_hour(self):
        limit, _seconds = QUESTIONS
        for n in range(limit):
            self.ask(f"0754 200 {n:03}")
        for number in ("0754 200 001", "0754 200 999"):
            with self.assertRefused("many numbers"):
                self.ask(number)
        other = self.new_user("w_asks_too", "editor")
        found = self.Address.with_user(other).search([("number", "=", "0754200001")])
        self.assertEqual(found, self.address)

    def test_many_questions_are_looked_at(self):
        for n in range(30):
            self.ask(f"0754 200 {n:03}")
        self.assertFalse(self.alarms())
        self.ask("0754 200 031")
        alarm = self.alarms()
        self.assertEqual(len(alarm), 1)
        self.assertNotEqual(alarm.user_id, self.editor)
        self.assertTrue(
            alarm.user_id.has_group("g2p_spar_financial_address.group_administrator")
        )
        self.assertEqual(self.alarms(), alarm, "asked once")
        theirs = alarm.with_user(self.editor)
        for act in (
            lambda: theirs.unlink(),
            lambda: theirs.action_feedback(),
            lambda: self.editor.partner_id.with_user(self.editor).write(
                {"activity_ids": [(5, 0, 0)]}
            ),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                act()

    def test_a_refusal_inside_is_such_an_answer(self):
        self.set_policy(shared="refuse")
        other = self.new_registrant("Other")
        with suppress(UserError):
            self.enter_address(partner_id=other.id, user=self.editor)
            self.fail("It was not refused.")
        rows = shown(self.env, self.editor, "search")
        self.assertEqual(rows.address_id, self.address)

    def test_a_refusal_inside_is_heard_only_so_often(self):
        self.set_policy(shared="refuse")
        other = self.new_registrant("Other")
        limit, _seconds = QUESTIONS
        for n in range(limit):
            self.ask(f"0754 201 {n:03}")
        before = shown(self.env, self.editor, "search")
        # Not assertRaises: it would roll the test back, which the row is part of.
        with suppress(UserError):
            self.enter_address(partner_id=other.id, user=self.editor)
            self.fail("It was not refused.")
        with self.assertRefused("many numbers"):
            self.enter_address(partner_id=other.id, user=self.editor)
        # That there were too many tells as much as the refusal.
        more = shown(self.env, self.editor, "search") - before
        self.assertEqual(more.address_id, self.address)

    def test_rows_refused_in_a_file_are_written_down(self):
        self.set_policy(shared="refuse")
        self.new_registrant("Other", "SR-77")
        result = self.Address.with_context(import_file=True).load(
            ["spar_id", "dfsp_id/.id", "mobile_number"],
            [["SR-77", str(self.operator.id), "0754 200 001"]],
        )
        self.assertTrue(result["messages"])
        rows = shown(self.env, self.editor, "search")
        self.assertEqual(rows.address_id, self.address)


@tagged("post_install", "-at_install")
class TestRefusedOutside(FinancialAddressCase):
    """Who enters from outside does not hear whose number it is: a person decides."""

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")

    def test_what_others_use_waits(self):
        self.set_policy(shared="refuse")
        self.enter_address()
        Address = self.env["g2p.financial.address"]
        for channel in ("api", "portal", "odk"):
            person = self.new_registrant(channel)
            entry = {
                "partner_id": person.id,
                "fa_type": "mobile_wallet",
                "dfsp_id": self.operator.id,
                "mobile_number": "0754 200 001",
            }
            with self.subTest(channel):
                address = Address.submit([entry], channel)
                self.assertEqual(address.state, "to_approve")
                self.assertEqual(address.approval_cause, "shared")

    def test_inside_the_reason_is_seen(self):
        self.set_policy(shared="refuse")
        self.enter_address()
        person = self.new_registrant("inside")
        with self.assertRefused("Another registrant"):
            self.enter_address(partner_id=person.id)

    def test_only_so_many_of_one_agent_or_person_an_hour(self):
        self.set_policy(shared="refuse")
        Address = self.env["g2p.financial.address"]
        limit, _seconds = QUESTIONS

        def enter(channel, n):
            entry = {
                "partner_id": self.registrant.id,
                "fa_type": "mobile_wallet",
                "dfsp_id": self.operator.id,
                "mobile_number": f"0754 2{n:05}",
                "reason": "Again",
            }
            return Address.submit([entry], channel)

        for channel in ("api", "portal"):
            for n in range(limit):
                enter(channel, n)
            with self.subTest(channel), self.assertRefused("Try again"):
                enter(channel, limit)


@tagged("post_install", "-at_install")
class TestTheWatchedDoNotReachTheWatch(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("w_watched", "editor")
        cls.approver = cls.new_user("w_approver", "approver")
        cls.administrator = cls.new_user("w_administrator", "administrator")
        cls.set_policy(approve_admin=True)

    def todo(self):
        person = self.new_registrant("Next")
        address = self.enter_address(user=self.editor, partner_id=person.id)
        todo = address.sudo().activity_ids
        self.assertEqual(len(todo), 1)
        return address, todo

    def ways(self, address, todo, user):
        address, todo = address.with_user(user), todo.with_user(user)
        kind = ["g2p_spar_financial_address.activity_approve"]
        return {
            "unlink": lambda: todo.unlink(),
            "cancel": lambda: todo.action_cancel(),
            "done": lambda: todo.action_done(),
            "feedback": lambda: todo.action_feedback(feedback="ok"),
            "next": lambda: todo.action_feedback_schedule_next(feedback="ok"),
            "archive": lambda: todo.action_archive(),
            "reassign": lambda: todo.write({"user_id": user.id}),
            "later": lambda: todo.write({"date_deadline": "2099-01-01"}),
            "tomorrow": lambda: todo.action_reschedule_tomorrow(),
            "type": lambda: todo.write(
                {"activity_type_id": self.env.ref("mail.mail_activity_data_todo").id}
            ),
            "elsewhere": lambda: todo.write({"res_id": address.id + 1}),
            "by hand": lambda: todo.write({"automated": False}),
            "of the address": lambda: address.write({"activity_ids": [(5, 0, 0)]}),
            "deleted there": lambda: address.write({"activity_ids": [(2, todo.id, 0)]}),
            "changed there": lambda: address.write(
                {"activity_ids": [(1, todo.id, {"user_id": user.id})]}
            ),
            "mixin unlink": lambda: address.activity_unlink(kind),
            "mixin done": lambda: address.activity_feedback(kind),
            "mixin reassign": lambda: address.activity_reschedule(
                kind, new_user_id=user.id
            ),
        }

    def test_an_author_does_not_touch_the_approvers_todo(self):
        address, todo = self.todo()
        for way, act in self.ways(address, todo, self.editor).items():
            with self.subTest(way):
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    act()
                self.env.invalidate_all()
                self.assertEqual(todo.exists().user_id, self.approver)
                self.assertTrue(todo.active)

    def test_whose_it_is_and_administrators_may(self):
        for user in (self.approver, self.administrator):
            for way in ("feedback", "unlink", "reassign", "tomorrow"):
                address, todo = self.todo()
                with self.subTest(user.login, way=way):
                    self.ways(address, todo, user)[way]()

    def test_what_a_user_planned_is_theirs(self):
        address = self.enter_address(user=self.editor)
        own = address.with_user(self.editor).activity_schedule(
            "mail.mail_activity_data_todo", user_id=self.editor.id
        )
        planned = own.create(
            {
                "res_model_id": own.res_model_id.id,
                "res_id": address.id,
                "activity_type_id": own.activity_type_id.id,
                "user_id": self.approver.id,
            }
        )
        own.action_feedback()
        planned.unlink()


@tagged("post_install", "-at_install")
class TestTheOtherHalf(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("w_first", "editor")
        cls.both = cls.new_user("w_both", "editor", "approver")
        cls.other = cls.new_registrant("Baraka Juma", "SR-2")

    def test_who_entered_one_half_does_not_approve_the_other(self):
        for policy in (
            {"shared": "approve"},
            {"shared": "warn", "approve_admin": True},
        ):
            with self.subTest(**policy), self.env.cr.savepoint() as savepoint:
                mine = self.enter_address(user=self.both)
                self.set_policy(**policy)
                third = self.new_user("w_third", "approver")
                theirs = self.enter_address(user=self.editor, partner_id=self.other.id)
                self.assertEqual(theirs.state, "to_approve")
                self.assertEqual(theirs.activity_ids.user_id, third)
                self.assertFalse(theirs.with_user(self.both).may_decide)
                with self.assertRefused("second person"):
                    theirs.with_user(self.both).action_approve()
                self.assertEqual(mine.sharing_id.state, "review")
                theirs.with_user(third).action_approve()
                self.assertEqual(mine.sharing_id.state, "accepted")
                self.env.flush_all()
                savepoint.rollback()
                self.env.invalidate_all()

    def test_once_another_accepted_it_they_may(self):
        self.enter_address(user=self.both)
        third = self.new_user("w_third", "approver")
        theirs = self.enter_address(user=self.editor, partner_id=self.other.id)
        theirs.sharing_id.with_user(third).action_accept("One household")
        self.set_policy(approve_admin=True)
        again = self.enter_address(
            "0754 200 001", user=self.editor, partner_id=self.other.id, holder_name="B"
        )
        again.with_user(self.both).action_approve()
        self.assertEqual(again.state, "effective")

    def test_it_may_be_refused_by_them(self):
        self.enter_address(user=self.both)
        self.set_policy(shared="approve")
        theirs = self.enter_address(user=self.editor, partner_id=self.other.id)
        theirs.with_user(self.both).action_refuse("Not one household")
        self.assertEqual(theirs.state, "refused")
