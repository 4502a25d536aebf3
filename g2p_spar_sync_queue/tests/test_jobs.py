"""Jobs in the background outlive the people who caused them."""

import json
from datetime import timedelta

from odoo import SUPERUSER_ID, fields
from odoo.tests import new_test_user, tagged

from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import (
    APPROVED,
    marked,
)

from ..engine import breaker
from ..engine.wake_up import (
    enlist_again,
    wake_up,
    wake_up_mappings,
    wake_up_when_due,
)
from .common import SparCase
from .waiting_jobs import run_job

EDITOR = "g2p_spar_financial_address.group_editor"
OPERATOR = "g2p_spar_sync_queue.group_operator"


@tagged("post_install", "-at_install")
class TestJobs(SparCase):
    def test_every_job_belongs_to_the_system_user(self):
        clerk = new_test_user(self.env, "j_clerk", f"{EDITOR},{OPERATOR}")
        seen = {}

        def enqueue(_jobs, records, method, args, **properties):
            seen[method] = records.env
            # Every queue can store what JSON can hold, and nothing else.
            self.assertEqual(json.loads(json.dumps(args)), list(args))

        def as_clerk(records):
            company = clerk.company_id.id
            return records.with_user(clerk).with_context(
                lang="en_US", allowed_company_ids=[company], tz="Africa/Nairobi"
            )

        self.patch(self.registry["g2p.spar.job"], "enqueue", enqueue)
        connection = as_clerk(self.connection).sudo()
        self.enter_address()
        wake_up_mappings(as_clerk(self.mapping).sudo())
        wake_up(connection)
        self.mapping.write(
            {
                "state": "retrying",
                "next_attempt_at": fields.Datetime.now() + timedelta(hours=1),
            }
        )
        wake_up_when_due(connection)
        enlist_again(connection, fields.Datetime.now(), 60)
        breaker.open_breaker(connection)
        breaker.reset(connection)
        connection.action_pause()
        connection.action_resume()
        marked(self.operator, APPROVED).name = "Renamed"
        run = self.env["g2p.spar.reconciliation"]._start(connection)
        line = self.env["g2p.spar.reconciliation.line"].create(
            {
                "reconciliation_id": run.id,
                "mapping_id": self.mapping.id,
                "kind": "spar_newer",
                "spar_id": "SR-1",
            }
        )
        as_clerk(line).action_take()
        self.assertEqual(
            set(seen),
            {
                "job_sync",
                "job_work_off",
                "job_enlist",
                "job_rewritten",
                "job_run",
                "job_take",
            },
        )
        for method, env in seen.items():
            with self.subTest(method):
                self.assertEqual((env.uid, env.su), (SUPERUSER_ID, True))
                self.assertFalse(env.context["company_id"])
                kept = {"lang", "company_id", "allowed_company_ids"}
                self.assertLessEqual(set(env.context), kept)


@tagged("post_install", "-at_install")
class TestTakingOver(SparCase):
    """Rights are checked when a job runs, not only when it is asked for."""

    def setUp(self):
        super().setUp()
        self.clerk = new_test_user(self.env, "j_clerk", f"{EDITOR},{OPERATOR}")
        self.enter_address()
        self.run_engine()
        code = self.operator.strategy_id.fa_type_code
        self.mapper.rows["SR-1"] = (
            "mobile_number:+255754999999.wallet_provider_name:M-Cash"
            f".wallet_provider_code:MC.fa_type:{code}"
        )
        number = self.operator.strategy_id.strategy_number
        self.mapper.infos["SR-1"] = [{"strategy_id": number}]
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        run.job_run()
        self.line = run.line_ids
        self.line.with_user(self.clerk).action_take()

    def take(self):
        run_job(self.env, "job_take")

    def test_the_address_is_entered_by_who_asked(self):
        self.take()
        self.assertEqual(self.line.state, "taken", self.line.reason)
        address = self.registrant.financial_address_id
        self.assertEqual(address.entered_by_id, self.clerk)
        self.assertEqual(address.mobile_number, "+255754999999")

    def test_nothing_is_entered_once_the_right_is_gone(self):
        address = self.registrant.financial_address_id
        editor, operator = self.env.ref(EDITOR), self.env.ref(OPERATOR)
        for name, lose in {
            "editor": lambda: self.clerk.write({"group_ids": [(3, editor.id)]}),
            "operator": lambda: self.clerk.write(
                {"group_ids": [(4, editor.id), (3, operator.id)]}
            ),
            "archived": lambda: self.clerk.write(
                {"group_ids": [(4, operator.id)], "active": False}
            ),
            # As older versions allowed.
            "deleted": lambda: self.line.write({"decided_by_id": False}),
        }.items():
            with self.subTest(name):
                self.line.state = "taking"
                lose()
                self.take()
                self.assertEqual(self.line.state, "open")
                self.assertIn("may not", self.line.reason)
                self.assertEqual(self.registrant.financial_address_id, address)
