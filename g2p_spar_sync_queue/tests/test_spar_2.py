"""What holds for SPAR 1.x holds for SPAR 2.x: the same tests, the other dialect."""

from odoo.tests import tagged

from . import test_breaker, test_engine, test_leaving, test_reconciliation
from .common import PartnerApiCase


@tagged("post_install", "-at_install")
class TestEngineOn2(PartnerApiCase, test_engine.TestEngine):
    pass


@tagged("post_install", "-at_install")
class TestReconciliationOn2(PartnerApiCase, test_reconciliation.TestReconciliation):
    pass


@tagged("post_install", "-at_install")
class TestBreakerOn2(PartnerApiCase, test_breaker.TestBreaker):
    pass


@tagged("post_install", "-at_install")
class TestLeavingOn2(PartnerApiCase, test_leaving.TestLeaving):
    pass
