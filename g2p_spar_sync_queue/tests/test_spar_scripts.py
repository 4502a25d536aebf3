import json

from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests.common import FinancialAddressCase

from ..spar.answers import Item
from ..spar.canonical import ASCII, FORMS, canonical_bytes
from ..spar.codes import LINK, RESOLVE
from ..spar.g2p_connect import G2pConnect
from ..spar.partner_api import PartnerApi

#: Names as people and providers have them, and two ways to write one of them.
NAMES = [
    "Zoë Ångström-Đoković",
    "አበበ ቢቂላ",
    "محمد بن سلمان",
    "李小明",
    "🌻 सूर्यमुखी",
    "José",
    "Jose\u0301",
    "\u200fمصرف\u200f",
    "𝔘𝔫𝔦",
    "a\u2028b",
    "\x7f",
]


@tagged("post_install", "-at_install")
class TestScripts(FinancialAddressCase):
    """Every script comes back as it was sent, in both dialects and both forms."""

    def setUp(self):
        super().setUp()
        self.strategies = self.env["g2p.fa.strategy"]
        self.dialects = (G2pConnect(), PartnerApi(self.text_of))

    def test_what_is_signed_is_what_the_server_writes_again(self):
        for dialect in self.dialects:
            for form in FORMS:
                for name in NAMES:
                    with self.subTest(name, dialect=dialect.name, form=form):
                        parts = {"mobile_number": "1", "wallet_provider_name": name}
                        item = Item("r", name, f"fa {name}", 4, name, parts=parts)
                        request = dialect.build(LINK, [item], "registry", "m", "now")
                        sent = canonical_bytes(request, form)
                        read = json.loads(sent)
                        self.assertEqual(read, request)
                        again = json.dumps(
                            read,
                            separators=(",", ":"),
                            sort_keys=True,
                            ensure_ascii=form == ASCII,
                        )
                        self.assertEqual(sent, again.encode())

    def test_what_spar_holds_is_read_back_unchanged(self):
        for name in NAMES[:-1]:
            parts = {
                "mobile_number": "+255754200001",
                "wallet_provider_name": name,
                "wallet_provider_code": "MC",
            }
            strategy = self.env.ref("g2p_spar_financial_address.strategy_mobile_wallet")
            text = strategy._construct(parts)
            held = (text, {**parts, "fa_type": "MOBILE_WALLET", "strategy_id": 4})
            for dialect, fa in zip(self.dialects, held, strict=True):
                for ascii_only in (True, False):
                    with self.subTest(name, dialect=dialect.name, escaped=ascii_only):
                        result = self.resolve(dialect, name, fa, ascii_only)
                        self.assertTrue(result.linked)
                        self.assertEqual(result.fa, text)

    def text_of(self, number, parts):
        return self.strategies._spar_writers()[number].text_of(parts)

    def resolve(self, dialect, spar_id, fa, ascii_only):
        """Read an answer as the server would send it."""
        entry = {
            "reference_id": "r",
            "status": "succ",
            "id": spar_id,
            "fa": fa,
            "additional_info": [{"strategy_id": 4}],
        }
        payload = {"resolve_response": [entry]}
        body = {
            "header": {"status": "succ"},
            "message": payload,
            "response_header": {"response_status": "SUCCESS"},
            "response_body": {"response_payload": payload},
        }
        body = json.loads(json.dumps(body, ensure_ascii=ascii_only).encode())
        return dialect.read(RESOLVE, [Item("r", spar_id)], body).results["r"]
