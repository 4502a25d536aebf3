from datetime import datetime, timedelta

from odoo.addons.g2p_spar_financial_address.tests.common import FinancialAddressCase

from .. import xlsform
from ..central.rows import read_row

SCHEMA = [
    {
        "path": path,
        "raw": f"/{path}",
        "name": path.rsplit("/", 1)[-1],
        "type": "string",
        "binary": False,
        "repeat": False,
    }
    for path, _target, _how, _required in xlsform.READY_MAPPING
]


class ApplyCase(FinancialAddressCase):
    """A form with the ready mapping; submissions are staged as a pull does it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = cls.new_user("o_administrator", "administrator")
        cls.editor = cls.new_user("o_editor", "editor")
        cls.approver = cls.new_user("o_approver", "approver")
        cls.viewer = cls.new_user("o_viewer", "viewer")
        server = cls.env["g2p.odk.server"].create(
            {
                "name": "Central",
                "base_url": "https://odk.example",
                "email": "viewer@odk.example",
                "password_path": "/odk.example.odk-password",
            }
        )
        cls.form = cls.new_form(server, "addresses")
        cls.run_of_test = cls.env["g2p.odk.run"].create({"form_id": cls.form.id})
        cls.start = datetime(2026, 1, 1)

    @classmethod
    def new_form(cls, server, xml_form_id, schema=None, ready=True):
        form = cls.env["g2p.odk.form"].create(
            {
                "name": xml_form_id,
                "server_id": server.id,
                "project_id": 1,
                "xml_form_id": xml_form_id,
            }
        )
        form._take_questions(schema or SCHEMA)
        if ready:
            questions = {question.path: question for question in form.question_ids}
            cls.env["g2p.odk.mapping.line"].create(
                [
                    {
                        "form_id": form.id,
                        "question_id": questions[path].id,
                        "target": target,
                        "transform": how,
                        "required": required,
                    }
                    for path, target, how, required in xlsform.READY_MAPPING
                ]
            )
        return form

    @classmethod
    def answers(cls, registrant_id="SR-1", number="0754 200 001", **more):
        """Return the answers of a submission, by default of a wallet at M-Cash."""
        given = more.pop("given_name", "Asha")
        family = more.pop("family_name", "Juma")
        contact = more.pop("contact_phone", None)
        payment = {
            "fa_type": "mobile_wallet",
            "dfsp_code": "MC",
            "branch_code": None,
            "account_number": None,
            "payment_phone": number,
            "wallet_email": None,
            "payee": None,
            "payee_name": None,
            "payee_relation": None,
            "payee_id_number": None,
            "payee_until": None,
            "holder_name": None,
        }
        return {
            "registrant_id": registrant_id,
            "person": {
                "given_name": given,
                "family_name": family,
                "contact_phone": contact,
            },
            "payment": {**payment, **more},
        }

    @classmethod
    def stamp(cls, minute):
        moment = cls.start + timedelta(minutes=minute)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def stage(
        self,
        instance_id,
        answers,
        minute=0,
        edited=None,
        review=None,
        form=None,
        encrypted=False,
    ):
        """Stage what Central tells of one submission now; return it."""
        form = form or self.form
        raw = {
            "__id": instance_id,
            "__system": {
                "submissionDate": self.stamp(minute),
                "updatedAt": None if edited is None else self.stamp(edited),
                "reviewState": review,
                "status": "notDecrypted" if encrypted else None,
                "submitterId": "7",
                "submitterName": "Collector Kim",
                "deviceId": "device-1",
                "formVersion": "3",
                "edits": 0 if edited is None else 1,
            },
            "meta": {"instanceID": f"{instance_id}-v{edited or 0}"},
            **answers,
        }
        form._stage_now([read_row(raw)], self.run_of_test)
        return self.submission(instance_id, form)

    def submission(self, instance_id, form=None):
        return self.env["g2p.odk.submission"].search(
            [
                ("form_id", "=", (form or self.form).id),
                ("instance_id", "=", instance_id),
            ]
        )

    def apply(self):
        """Apply what is staged, as a run does; return nothing."""
        self.form._apply_staged()

    def submit(self, instance_id="uuid:1", answers=None, **options):
        """Stage a submission and apply what is staged; return it."""
        one = self.stage(instance_id, answers or self.answers(), **options)
        self.apply()
        return one

    def delete_at_central(self, *instance_ids):
        self.form._stage_gone(list(instance_ids), self.run_of_test)

    def addresses(self, partner=None):
        return self.env["g2p.financial.address"].search(
            [("partner_id", "=", (partner or self.registrant).id)], order="id"
        )

    def in_use(self, partner=None):
        return self.addresses(partner).filtered(lambda a: a.state == "effective")

    def assertSetAside(self, one, kind, words):
        self.assertEqual((one.state, one.error_kind), ("set_aside", kind))
        self.assertIn(words, one.error_text)
