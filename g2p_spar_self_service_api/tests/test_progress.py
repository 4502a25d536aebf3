from .routes_case import ACCOUNT, PROPOSALS, RoutesCase


class TestProgress(RoutesCase):
    """What became of what somebody proposed."""

    def progress(self, answer, **values):
        response = self.get(f"{PROPOSALS}/{answer['id']}", **values)
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()

    def assertState(self, answer, state, sentence, reason=None):
        told = self.progress(answer)
        self.assertEqual(
            (told["state"], told["reason"]), (state, reason), told["sentence"]
        )
        self.assertIn(sentence, told["sentence"])
        return told

    @property
    def approver(self):
        group = self.env.ref("g2p_spar_financial_address.group_approver")
        return self.env["res.users"].create(
            {"name": "Second", "login": "second", "group_ids": [(4, group.id)]}
        )

    def start_connection(self):
        self.env["g2p.spar.connection"].search([]).state = "draft"
        connection = self.env["g2p.spar.connection"].create(
            {"name": "SPAR", "base_url": "http://127.0.0.1:1"}
        )
        connection.state = "running"
        return connection

    def test_one_that_is_in_use_is_told_like_everywhere(self):
        self.start_connection()
        answer, proposal = self.proposed(ACCOUNT)
        told = self.assertState(answer, "on_its_way", "Being sent to SPAR.")
        self.assertEqual(
            {name: told[name] for name in ("type", "provider", "branch", "number")},
            {
                "type": "bank_account",
                "provider": {"code": "FB", "name": "First Bank"},
                "branch": {"code": "NB01", "name": "North"},
                "number": "••••789",
            },
        )
        self.assertEqual(told["proposed_at"], answer["proposed_at"])
        mapping = self.asha.spar_mapping_ids.sudo()
        self.assertEqual(mapping.change_ids.channel, "api")
        mapping.change_ids.state = "sent"
        for state in ("in_sync", "held", "waiting_id", "checking"):
            mapping.state = state
            self.env.flush_all()
            self.assertState(answer, state, "")
        self.assertTrue(proposal)

    def test_moments_are_in_the_callers_zone_or_say_theirs(self):
        self.start_connection()
        answer, _proposal = self.proposed()
        mapping = self.asha.spar_mapping_ids.sudo()
        mapping.change_ids.state = "sent"
        mapping.write({"state": "in_sync", "seen_at": "2026-01-02 21:30:05"})
        self.env.flush_all()
        user = self.env.ref("g2p_spar_self_service_api.user_api")
        self.assertFalse(user.tz)
        for zone, said in (
            ({}, "2026-01-02T21:30:05+00:00"),
            ({"Time_Zone": "nowhere"}, "2026-01-02T21:30:05+00:00"),
            ({"Time_Zone": "Africa/Dar_es_Salaam"}, "01/03/2026 12:30:05 AM"),
        ):
            with self.subTest(zone):
                told = self.progress(answer, **zone)
                self.assertIn(said, told["sentence"])
                self.assertRegex(told["proposed_at"], r"T[0-9:]{8}\+00:00$")
        user.tz = "Asia/Kolkata"
        told = self.progress(answer)
        self.assertIn("01/03/2026 03:00:05 AM", told["sentence"])

    def test_without_a_connection_it_waits_here(self):
        self.env["g2p.spar.connection"].search([]).state = "draft"
        answer, _proposal = self.proposed()
        self.assertState(answer, "paused", "No connection to SPAR")

    def test_one_that_waits_and_is_approved(self):
        self.start_connection()
        self.set_policy(approve_api=True)
        answer, proposal = self.proposed()
        told = self.assertState(answer, "to_approve", "Waiting for a second person")
        self.assertNotIn("Self-service API", told["sentence"])
        proposal.address_id.with_user(self.approver).action_approve()
        self.env.flush_all()
        self.assertState(answer, "on_its_way", "Being sent")

    def test_one_that_is_refused(self):
        self.set_policy(approve_api=True)
        answer, proposal = self.proposed()
        proposal.address_id.with_user(self.approver).action_refuse("Not theirs")
        self.env.flush_all()
        self.assertState(answer, "refused", "A second person refused it", "Not theirs")

    def test_those_a_newer_one_takes_the_place_of(self):
        used, _proposal = self.proposed()
        self.set_policy(approve_api=True)
        waited, _proposal = self.proposed(mobile_number="+255754200002")
        newer, proposal = self.proposed(mobile_number="+255754200003")
        self.assertState(waited, "replaced", "Replaced by a newer address.")
        self.assertState(newer, "to_approve", "")
        self.assertEqual(self.progress(used)["number"], "+2557••••001")
        proposal.address_id.with_user(self.approver).action_approve()
        self.env.flush_all()
        self.assertState(used, "replaced", "Replaced by a newer address.")
        self.assertNotIn(self.progress(newer)["state"], ("replaced", "ended"))

    def test_those_that_ended_with_the_payments(self):
        used, _proposal = self.proposed()
        self.set_policy(approve_api=True)
        waited, _proposal = self.proposed(mobile_number="+255754200002")
        self.end({"reason": "Moved away"})
        self.assertState(used, "ended", "No longer paid here.", "Moved away")
        told = self.progress(waited)
        self.assertEqual(told["state"], "ended")
        self.set_policy(approve_api=False)
        newer, _proposal = self.proposed(mobile_number="+255754200003")
        # What comes later is not what ended them.
        self.env.cr.execute(
            "UPDATE g2p_financial_address SET create_date = create_date"
            " + interval '1 minute' WHERE state = 'effective' AND partner_id = %s",
            [self.asha.id],
        )
        self.env.invalidate_all()
        self.assertState(used, "ended", "No longer paid here.", "Moved away")
        self.assertEqual(self.progress(waited)["state"], "ended")
        self.assertNotEqual(self.progress(newer)["state"], "ended")

    def test_a_proposal_is_told_to_nobody_else(self):
        answer, _proposal = self.proposed()
        path = f"{PROPOSALS}/{answer['id']}"
        self.assertProblem(self.get(path, person="SR-2"), 404, "not-found")
        self.assertProblem(self.get(path, person="SR-9"), 404, "unknown-person")
        self.assertProblem(self.get(path, person=None), 400, "person-missing")
        self.assertProblem(self.ask(path, person="SR-1"), 401, "unauthenticated")
        for other in ("1", "x" * 64, answer["id"].swapcase()):
            self.assertProblem(self.get(f"{PROPOSALS}/{other}"), 404, "not-found")
        self.assertProblem(self.get(f"{PROPOSALS}/%00"), 404, "not-found")
        for other in ("x" * 65, "%27--", "%C3%A9"):
            self.assertProblem(self.get(f"{PROPOSALS}/{other}"), 422, "invalid")
        writer = self.token_of(self.new_client("Writer", may_read=False))
        for one in (path, PROPOSALS):
            refused = self.ask(one, token=writer, person="SR-1")
            self.assertProblem(refused, 403, "forbidden")

    def test_another_caller_for_the_same_person_sees_it(self):
        answer, _proposal = self.proposed()
        other = self.token_of(self.new_client("Another"))
        found = self.ask(f"{PROPOSALS}/{answer['id']}", token=other, person="SR-1")
        self.assertEqual(found.status_code, 200)

    # === THE LIST === #

    def test_the_list_is_in_order_and_paged_and_the_persons_own(self):
        self.proposed(person="SR-2")
        made = [
            self.proposed(mobile_number=f"+25575420001{n}")[0]["id"] for n in range(5)
        ]
        path, found = f"{PROPOSALS}?page_size=2", []
        sizes = []
        while path:
            told = self.get(path.removeprefix("/spar/self-service")).json()
            sizes.append(len(told["items"]))
            found += [item["id"] for item in told["items"]]
            path = told["next"]
        self.assertEqual(sizes, [2, 2, 1])
        self.assertEqual(found, made[::-1])
        whole = self.get(PROPOSALS).json()
        self.assertEqual([item["id"] for item in whole["items"]], found)
        self.assertIsNone(whole["next"])
        self.assertEqual(
            [item["state"] for item in whole["items"][1:]], ["replaced"] * 4
        )
        beyond = self.get(f"{PROPOSALS}?page=9").json()
        self.assertEqual(beyond, {"items": [], "next": None})

    def test_nobody_has_proposed_anything(self):
        self.assertEqual(self.get(PROPOSALS).json(), {"items": [], "next": None})

    def test_pages_have_limits(self):
        for query in ("page=0", "page=10001", "page_size=0", "page_size=101", "page=x"):
            self.assertProblem(self.get(f"{PROPOSALS}?{query}"), 422, "invalid")

    def test_a_long_list_takes_no_more_statements_than_a_short_one(self):
        def statements():
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertEqual(self.get(PROPOSALS).status_code, 200)
            return self.cr.sql_log_count - before

        for n in range(2):
            self.proposed(mobile_number=f"+25575420001{n}")
        few = statements()
        for n in range(8):
            self.proposed(mobile_number=f"+25575420002{n}")
        self.assertLessEqual(statements(), few)
