"""Attacks on proofs and on the trail, by ways that lead through Odoo's mail addons."""

import base64
from contextlib import suppress

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tools.discuss import Store

from .common import FinancialAddressCase

BYTES = b"\x89PNG a photo of a bank card"
PROOF = base64.b64encode(BYTES)
QUIET_LOGGERS = ("odoo.http", "odoo.addons.base.models.ir_rule", "odoo.sql_db")


@tagged("post_install", "-at_install")
class TestAttackProofs(FinancialAddressCase, HttpCase):
    """No role gets the bytes of a proof without a row in *Numbers shown*."""

    field = "proof"
    entry = {"proof": PROOF, "proof_name": "card.png"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            "none": cls.new_user("x_none", "base.group_user"),
            "contacts": cls.new_user("x_contacts", "base.group_partner_manager"),
            "portal": cls.new_user("x_portal", "base.group_portal"),
            "viewer": cls.new_user("x_viewer", "viewer", "base.group_partner_manager"),
            "editor": cls.new_user("x_editor", "editor", "base.group_partner_manager"),
            "approver": cls.new_user("x_approver", "approver"),
            "administrator": cls.new_user("x_administrator", "administrator"),
        }
        cls.address = cls.enter_address(**cls.entry)
        cls.attachment = (
            cls.env["ir.attachment"]
            .sudo()
            .search(
                [("res_model", "=", cls.address._name), ("res_field", "=", cls.field)]
            )
        )

    def opened(self, user):
        return self.env["g2p.fa.reveal"].search_count(
            [("user_id", "=", user.id), ("way", "=", "proof")]
        )

    def posts(self, user):
        """Yield ways to hang the proof on a message, by name."""
        address = self.address.with_user(user)
        link = [Command.link(self.attachment.id)]
        Message = address.env["mail.message"]
        mine = user.partner_id.with_user(user)
        composer = {
            "model": address._name,
            "res_ids": str(address.ids),
            "body": "x",
            "subject": "x",
            "attachment_ids": link,
        }
        Composer = address.env["mail.compose.message"]
        yield (
            "post",
            lambda: address.message_post(body="x", attachment_ids=self.attachment.ids),
        )
        yield (
            "post at the registrant",
            lambda: address.partner_id.message_post(
                body="x", attachment_ids=self.attachment.ids
            ),
        )
        yield (
            "post at oneself",
            lambda: mine.message_post(body="x", attachment_ids=self.attachment.ids),
        )
        yield (
            "notify",
            lambda: address.message_notify(
                body="x",
                partner_ids=user.partner_id.ids,
                attachment_ids=self.attachment.ids,
            ),
        )
        yield (
            "create",
            lambda: Message.create(
                {
                    "model": address._name,
                    "res_id": address.id,
                    "body": "x",
                    "attachment_ids": link,
                }
            ),
        )
        yield (
            "create with set",
            lambda: Message.create(
                {
                    "model": address._name,
                    "res_id": address.id,
                    "attachment_ids": [Command.set(self.attachment.ids)],
                }
            ),
        )
        yield (
            "create of no record",
            lambda: Message.create({"body": "x", "attachment_ids": link}),
        )
        yield (
            "write",
            lambda: address.message_post(body="x").write({"attachment_ids": link}),
        )
        yield (
            "composer",
            lambda: Composer.create(
                {**composer, "composition_mode": "comment"}
            )._action_send_mail(),
        )
        yield (
            "mass mail",
            lambda: Composer.create(
                {**composer, "composition_mode": "mass_mail"}
            )._action_send_mail(),
        )
        yield (
            "mass mail to oneself",
            lambda: Composer.create(
                {
                    **composer,
                    "model": "res.partner",
                    "res_ids": str(mine.ids),
                    "composition_mode": "mass_mail",
                }
            )._action_send_mail(),
        )
        yield (
            "scheduled",
            lambda: (
                address.env["mail.scheduled.message"]
                .create(
                    {
                        "model": address._name,
                        "res_id": address.id,
                        "body": "x",
                        "author_id": user.partner_id.id,
                        "scheduled_date": "2099-01-01 00:00:00",
                        "attachment_ids": link,
                    }
                )
                .post_message()
            ),
        )
        yield (
            "template",
            lambda: (
                address.env["mail.template"]
                .create(
                    {
                        "name": "x",
                        "model_id": address.env["ir.model"]._get_id("res.partner"),
                        "email_to": "a@example.org",
                        "attachment_ids": link,
                    }
                )
                .send_mail(mine.id)
            ),
        )
        yield (
            "activity done",
            lambda: address.activity_schedule(
                "mail.mail_activity_data_todo", user_id=user.id
            ).action_feedback(feedback="x", attachment_ids=self.attachment.ids),
        )

    @mute_logger(*QUIET_LOGGERS)
    def test_no_message_carries_a_proof(self):
        for role, user in self.users.items():
            for way, act in self.posts(user):
                with (
                    self.subTest(role, way=way),
                    self.env.cr.savepoint() as savepoint,
                ):
                    with (
                        suppress(AccessError, UserError, ValueError, AttributeError),
                        self.env.cr.savepoint(),
                    ):
                        act()
                        self.env.flush_all()
                    self.env.invalidate_all()
                    carried = self.env["mail.message"].search(
                        [("attachment_ids", "in", self.attachment.ids)]
                    )
                    self.assertFalse(carried)
                    mails = self.env["mail.mail"].search([])
                    self.assertNotIn(self.attachment, mails.attachment_ids)
                    savepoint.rollback()
                    self.env.invalidate_all()

    @mute_logger(*QUIET_LOGGERS)
    def test_a_token_opens_no_proof(self):
        # Stores of other records hand tokens out; this is the worst case of them.
        self.attachment.generate_access_token()
        tokens = {
            "access_token": self.attachment.access_token,
            "raw": self.attachment._get_raw_access_token(),
            "thumbnail": self.attachment._get_thumbnail_token(),
        }
        store = Store(self.attachment, self.attachment._get_store_ownership_fields())
        self.assertNotIn(PROOF.decode(), str(store.get_result()))
        self.env.flush_all()
        urls = (
            f"/web/content/{self.attachment.id}",
            f"/web/content/ir.attachment/{self.attachment.id}/raw",
            f"/web/content/ir.attachment/{self.attachment.id}/datas",
            f"/web/image/{self.attachment.id}",
            f"/web/image/ir.attachment/{self.attachment.id}/raw/10x10",
            f"/web/image/ir.attachment/{self.attachment.id}/thumbnail",
            f"/mail/attachment/pdf_first_page/{self.attachment.id}",
        )
        for role in ("viewer", "editor", None):
            if role:
                self.authenticate(self.users[role].login, self.users[role].login)
            else:
                self.authenticate(None, None)
            for name, token in tokens.items():
                for url in urls:
                    with self.subTest(role, token=name, url=url):
                        answer = self.url_open(f"{url}?access_token={token}")
                        self.assertNotIn(BYTES, answer.content)

    @mute_logger(*QUIET_LOGGERS)
    def test_a_proof_in_use_is_not_replaced_or_doubled(self):
        for role, user in self.users.items():
            Attachment = self.env["ir.attachment"].with_user(user)
            forged = {
                "name": "proof",
                "res_model": self.address._name,
                "res_id": self.address.id,
                "raw": b"forged",
            }
            mine, proof = Attachment, self.attachment.with_user(user)
            with suppress(AccessError):
                mine = Attachment.create({"name": "mine", "raw": b"forged"})
            ways = {
                "create": lambda a=Attachment, v=forged: a.create(
                    {**v, "res_field": self.field}
                ),
                "create by default": lambda a=Attachment, v=forged: a.with_context(
                    default_res_field=self.field
                ).create(v),
                "move": lambda m=mine, v=forged: m.write(
                    {**v, "res_field": self.field}
                ),
                "mark": lambda a=Attachment, v=forged: a.create(v).write(
                    {"res_field": self.field}
                ),
                "move field only": lambda m=mine, v=forged: (
                    m.write({"res_field": self.field}),
                    m.write({"res_model": v["res_model"], "res_id": v["res_id"]}),
                ),
                "unlink": lambda p=proof: p.unlink(),
                "write": lambda p=proof: p.write({"raw": b"forged"}),
            }
            for way, act in ways.items():
                with (
                    self.subTest(role, way=way),
                    self.env.cr.savepoint() as savepoint,
                ):
                    with (
                        suppress(AccessError, UserError),
                        self.env.cr.savepoint(),
                    ):
                        act()
                        self.env.flush_all()
                    self.env.invalidate_all()
                    found = (
                        self.env["ir.attachment"]
                        .sudo()
                        .search(
                            [
                                ("res_model", "=", self.address._name),
                                ("res_field", "=", self.field),
                            ]
                        )
                    )
                    self.assertEqual(found, self.attachment)
                    self.assertEqual(self.address.sudo()[self.field], PROOF)
                    savepoint.rollback()
                    self.env.invalidate_all()

    def test_the_text_of_a_proof_is_not_indexed(self):
        letter = base64.b64encode(b"A letter with 0754 200 001")
        person = self.new_registrant("Letter")
        address = self.enter_address(
            "+255754200002",
            partner_id=person.id,
            dfsp_id=False,
            proof=letter,
            proof_name="letter.txt",
        )
        proof = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", address._name),
                    ("res_field", "=", "proof"),
                    ("res_id", "=", address.id),
                ]
            )
        )
        self.assertFalse(proof.index_content)
        address.proof = base64.b64encode(b"Another with 0754 200 003")
        self.assertFalse(proof.exists().index_content)
        self.env.cr.execute(
            "UPDATE ir_attachment SET index_content = 'before' WHERE id = %s", proof.ids
        )
        self.upgrade(
            "g2p_spar_financial_address", "19.0.1.2.0", topic="index-of-proofs"
        )
        self.assertFalse(proof.index_content)

    @mute_logger(*QUIET_LOGGERS)
    def test_forms_of_other_models_show_no_proof_or_number_unlogged(self):
        other = self.new_registrant("Other")
        self.enter_address(partner_id=other.id)
        self.env.flush_all()
        sharing = self.env["g2p.fa.sharing"].search([])
        nested = {"fields": {self.field: {}, "mobile_number": {}, "number": {}}}
        number = self.address.sudo().mobile_number
        link = [Command.link(self.address.id)]
        for role, user in self.users.items():
            env = self.env(user=user)
            ways = {
                "sharing onchange": lambda e=env: (
                    e["g2p.fa.sharing"]
                    .browse(sharing.id)
                    .onchange({}, [], {"address_ids": nested})
                ),
                "sharing web_read": lambda e=env: (
                    e["g2p.fa.sharing"]
                    .browse(sharing.id)
                    .web_read({"address_ids": nested})
                ),
                "decision onchange": lambda e=env: e["g2p.fa.decision"].onchange(
                    {"address_ids": link}, ["address_ids"], {"address_ids": nested}
                ),
                "decision by default": lambda e=env: (
                    e["g2p.fa.decision"]
                    .with_context(default_address_ids=self.address.ids)
                    .onchange({}, [], {"address_ids": nested})
                ),
                "contact onchange": lambda e=env: e["res.partner"].onchange(
                    {"financial_address_ids": link},
                    ["financial_address_ids"],
                    {"financial_address_ids": nested},
                ),
                "contact in use": lambda e=env: (
                    e["res.partner"]
                    .browse(self.registrant.id)
                    .onchange(
                        {"name": "x"},
                        ["name"],
                        {"financial_address_id": nested, "pending_address_id": nested},
                    )
                ),
                "address onchange": lambda e=env: e["g2p.financial.address"].onchange(
                    {"previous_id": self.address.id},
                    ["previous_id"],
                    {"previous_id": nested},
                ),
                "web_save": lambda e=env: (
                    e["res.partner"]
                    .browse(self.registrant.id)
                    .web_save({}, {"financial_address_ids": nested})
                ),
                "web_search_read": lambda e=env: e["res.partner"].web_search_read(
                    [], {"financial_address_ids": nested}
                ),
                "read_group": lambda e=env: e[
                    "g2p.financial.address"
                ].formatted_read_group([], ["previous_id.mobile_number"]),
                "array": lambda e=env: e["g2p.financial.address"].formatted_read_group(
                    [], ["fa_type"], ["mobile_number:array_agg"]
                ),
                "array of all": lambda e=env: e[
                    "g2p.financial.address"
                ].formatted_read_group([], [], ["mobile_number:max"]),
                "web_read_group": lambda e=env: e[
                    "g2p.financial.address"
                ].web_read_group(
                    [],
                    ["fa_type"],
                    [],
                    auto_unfold=True,
                    unfold_read_specification={"mobile_number": {}, self.field: {}},
                ),
                "progress bar": lambda e=env: e[
                    "g2p.financial.address"
                ].read_progress_bar(
                    [], "fa_type", {"field": "mobile_number", "colors": {number: "x"}}
                ),
                "panel": lambda e=env: e[
                    "g2p.financial.address"
                ].search_panel_select_range("mobile_number"),
                "name": lambda e=env: e["g2p.financial.address"].name_search(number),
                "bypass": lambda e=env: e["res.partner"].search_read(
                    [
                        (
                            "financial_address_ids",
                            "any!",
                            [("mobile_number", "=", number)],
                        )
                    ],
                    ["id"],
                ),
                "order": lambda e=env: e["g2p.financial.address"].search_read(
                    [], ["id"], order="previous_id.mobile_number"
                ),
                "export of the contact": lambda e=env: (
                    e["res.partner"]
                    .browse(self.registrant.id)
                    .export_data(
                        [
                            "financial_address_ids/mobile_number",
                            f"financial_address_id/{self.field}",
                        ]
                    )
                ),
                "default": lambda e=env: e["ir.default"].set(
                    "g2p.financial.address", "mobile_number", "x"
                ),
            }
            for way, act in ways.items():
                with (
                    self.subTest(role, way=way),
                    self.env.cr.savepoint() as savepoint,
                ):
                    self.env.invalidate_all()
                    before = self.env["g2p.fa.reveal"].search_count(
                        [("user_id", "=", user.id)]
                    )
                    try:
                        answer = str(act())
                    except Exception as error:
                        answer = str(error)
                    after = self.env["g2p.fa.reveal"].search_count(
                        [("user_id", "=", user.id)]
                    )
                    shows = number in answer.replace("\\", "") and way not in (
                        "name",
                        "bypass",
                        "progress bar",
                    )
                    shows |= PROOF.decode() in answer
                    if shows:
                        self.assertIn(role, ("editor", "approver", "administrator"))
                        self.assertGreater(after, before, "shown without a row")
                    if way == "bypass":
                        self.assertNotIn("'id'", answer)
                    savepoint.rollback()
                    self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestAttackMandates(TestAttackProofs):
    field = "mandate"
    entry = {"mandate": PROOF, "mandate_name": "card.png", "payee_name": "Neema"}
