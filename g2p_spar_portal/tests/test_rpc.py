from odoo.tests import JsonRpcException, tagged
from odoo.tools import mute_logger

from .common import PortalCase

ADDRESS, PARTNER = "g2p.financial.address", "res.partner"


@tagged("post_install", "-at_install")
class TestRpc(PortalCase):
    """Portal users reach every model by RPC, too: there they may do less still."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.new_registrant("Other Person", "O-1", user_id=cls.agent_b.id)
        cls.address = cls.enter_on_portal()

    def setUp(self):
        super().setUp()
        self.sign_in()

    def call(self, model, method, *args, **kwargs):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs},
        )

    def assertDenied(self, model, method, *args, **kwargs):
        with (
            self.subTest(f"{model}.{method}", args=args, kwargs=kwargs),
            mute_logger("odoo.http", "odoo.models"),
            self.assertRaisesRegex(
                JsonRpcException, "AccessError|MissingError|UserError"
            ),
        ):
            self.call(model, method, *args, **kwargs)

    # === PAYMENT DATA === #

    def test_nothing_of_payments_is_read(self):
        ids = self.address.ids
        for names in (["account_number"], ["mobile_number"], ["masked"], ["state"]):
            self.assertDenied(ADDRESS, "read", ids, names)
            self.assertDenied(ADDRESS, "search_read", [], names)
            self.assertDenied(ADDRESS, "export_data", ids, names)
            self.assertDenied(ADDRESS, "formatted_read_group", [], names, ["__count"])
        self.assertDenied(ADDRESS, "search", [])
        self.assertDenied(ADDRESS, "search_count", [("mobile_number", "like", "7")])
        self.assertDenied(ADDRESS, "name_search", "")
        self.assertDenied(ADDRESS, "reveal", ids)
        for model in (
            "g2p.spar.mapping",
            "g2p.spar.change",
            "g2p.spar.connection",
            "g2p.spar.reading",
            "g2p.spar.key",
            "g2p.fa.policy",
            "g2p.fa.settings",
            "g2p.fa.sharing",
            "g2p.fa.reveal",
            "g2p.dfsp",
            "g2p.portal.sent",
        ):
            self.assertDenied(model, "search_read", [], ["id"])

    def test_nothing_of_payments_is_read_by_way_of_the_registrant(self):
        ids = self.registrant.ids
        for name in (
            "financial_address_ids",
            "financial_address_id",
            "spar_id",
            "spar_state",
            "spar_mapping_ids",
            "agent_ids",
        ):
            self.assertDenied(PARTNER, "read", ids, [name])
            self.assertDenied(PARTNER, "search", [(name, "!=", False)])
        path = "financial_address_ids.mobile_number"
        self.assertDenied(PARTNER, "search", [(path, "like", "754")])
        self.assertDenied(PARTNER, "export_data", ids, ["financial_address_ids/masked"])
        self.assertDenied(PARTNER, "refresh_spar_status", ids)

    def test_nothing_of_payments_is_written(self):
        ids = self.address.ids
        vals = {
            "partner_id": self.registrant.id,
            "dfsp_id": self.operator.id,
            "mobile_number": "0754 200 009",
        }
        self.assertDenied(ADDRESS, "create", [vals])
        self.assertDenied(ADDRESS, "write", ids, {"state": "ended"})
        self.assertDenied(ADDRESS, "write", ids, {"mobile_number": "0754 200 009"})
        self.assertDenied(ADDRESS, "unlink", ids)
        self.assertDenied(ADDRESS, "action_end", ids, "x")
        self.assertDenied(ADDRESS, "action_approve", ids)
        rows = ["mobile_number"], [["0754200009"]]
        self.assertDenied(ADDRESS, "load", *rows)
        self.assertDenied(ADDRESS, "load", *rows, context={"import_file": True})
        self.assertDenied(ADDRESS, "message_post", ids, body="x")
        self.assertDenied(PARTNER, "action_end_financial_address", self.registrant.ids)
        self.assertEqual(self.address.state, "effective")
        self.assertEqual(self.addresses, self.address)

    # === PEOPLE === #

    def test_own_people_are_read_and_nobody_elses(self):
        read = self.call(
            PARTNER, "search_read", [("is_registrant", "=", True)], ["name"]
        )
        self.assertEqual([row["name"] for row in read], ["Asha Juma"])
        other = self.other.ids
        self.assertDenied(PARTNER, "read", other, ["name"])
        self.assertDenied(PARTNER, "web_read", other, specification={"name": {}})
        self.assertDenied(PARTNER, "export_data", other, ["name"])
        self.assertEqual(self.call(PARTNER, "search", [("id", "in", other)]), [])
        self.assertEqual(self.call(PARTNER, "name_search", "Other Person"), [])
        domain = [("name", "=", "Other Person")]
        groups = self.call(PARTNER, "formatted_read_group", domain, ["name"])
        self.assertEqual(groups, [])

    def test_nothing_of_people_is_written(self):
        for partner in (self.registrant, self.other):
            for vals in (
                {"user_id": self.agent.id},
                {"agent_ids": [(4, self.agent.id)]},
                {"phone": "+255754000000"},
                {"is_registrant": False},
                {"spar_id": "O-1"},
                {"active": False},
            ):
                self.assertDenied(PARTNER, "write", partner.ids, vals)
            self.assertDenied(PARTNER, "unlink", partner.ids)
            self.assertDenied(PARTNER, "copy", partner.ids)
            self.assertDenied(PARTNER, "message_post", partner.ids, body="x")
        mine = {"name": "New", "is_registrant": True, "user_id": self.agent.id}
        self.assertDenied(PARTNER, "create", [mine])
        self.assertEqual(self.other.user_id, self.agent_b)

    def test_private_methods_are_no_way_round(self):
        for method in ("_spar_is_paid", "_spar_agent_domain"):
            self.assertDenied(PARTNER, method, self.registrant.ids)
        self.assertDenied("g2p.portal.sent", "_is_first", "token", {})
        self.assertDenied("g2p.fa.rate", "take", "key", 1, 1)
        entry = {"partner_id": self.registrant.id}
        self.assertDenied("g2p.financial.address", "submit", [entry], "portal")
        self.assertDenied("g2p.financial.address", "end", [], "Gone", "portal")
