from odoo.tests import tagged

from .common import PortalCase, text_of


@tagged("post_install", "-at_install")
class TestPeople(PortalCase):
    """The list of an agent's own people, and the page of one of them."""

    def names(self, path="/my/people"):
        page = self.get(path)
        return [
            text_of(one) for one in page.xpath("//*[@class='o_g2p_list']//a/span[1]")
        ]

    # === WHO IS IN THE LIST === #

    def test_the_list_has_the_agents_own_people_and_nobody_else(self):
        self.new_registrant("Of Another", "X-1", user_id=self.agent_b.id)
        self.new_registrant("Of Nobody", "X-2")
        self.new_registrant("Archived", "X-3", user_id=self.agent.id, active=False)
        self.env["res.partner"].create(
            {"name": "No registrant", "user_id": self.agent.id}
        )
        self.sign_in()
        self.assertEqual(self.names(), ["Asha Juma"])
        self.sign_in(self.agent_b)
        self.assertEqual(self.names(), ["Of Another"])

    def test_who_is_assigned_besides_is_in_the_list_of_both(self):
        self.assign(self.registrant, self.agent_b)
        for agent in (self.agent, self.agent_b):
            with self.subTest(agent.login):
                self.sign_in(agent)
                self.assertEqual(self.names(), ["Asha Juma"])

    def test_an_agent_of_nobody_is_told_so(self):
        self.sign_in(self.agent_b)
        self.assertIn("do not look after anybody yet", text_of(self.get("/my/people")))

    # === SEARCHING === #

    def test_people_are_found_by_name_and_spar_id_but_not_by_phone(self):
        self.new_people(3)
        self.sign_in()
        found = {
            "asha": ["Asha Juma"],
            "SR-1": ["Asha Juma"],
            "p-002": ["Person 002"],
            "754": [],
            "nobody": [],
        }
        for query, names in found.items():
            with self.subTest(query):
                self.assertEqual(self.names(f"/my/people?q={query}"), names)

    def test_odd_searches_do_no_harm(self):
        self.sign_in()
        odd = ("q=" + "x" * 5000, "q=%27%3B--")
        for query in odd:
            with self.subTest(query[:20]):
                self.assertEqual(self.names(f"/my/people?{query}"), [])
        odd = ("q=%25", "q=%00", "page=-1", "page=x", "page=99999999999")
        for query in (*odd, "state=nonsense", "other=1"):
            with self.subTest(query):
                self.assertEqual(self.names(f"/my/people?{query}"), ["Asha Juma"])

    def test_a_search_finds_nobody_of_another_agent(self):
        self.sign_in(self.agent_b)
        for query in ("q=Asha", "q=SR-1", "state=no_address", "q=&state="):
            with self.subTest(query):
                self.assertEqual(self.names(f"/my/people?{query}"), [])

    def test_the_list_is_filtered_by_state(self):
        on_its_way, done, pending, nothing = self.new_people(4)
        self.enter_address("0754 200 101", partner_id=done.id)
        self.run_engine(mappings=done.spar_mapping_ids)
        self.enter_address("0754 200 102", partner_id=on_its_way.id)
        self.set_policy(approve_admin=True)
        self.enter_address("0754 200 109", partner_id=pending.id)
        self.sign_in()
        expected = {
            "on_its_way": [on_its_way.name],
            "in_sync": [done.name],
            "to_approve": [pending.name],
            "no_address": [self.registrant.name, nothing.name],
            "held": [],
        }
        for state, names in expected.items():
            with self.subTest(state):
                self.assertEqual(self.names(f"/my/people?state={state}"), names)

    def test_those_whose_address_is_to_be_confirmed_are_found(self):
        marked, right, ended = self.new_people(3)
        for number, person in enumerate((marked, right, ended)):
            self.enter_address(f"0754 200 10{number}", partner_id=person.id)
        for person in (marked, ended):
            person.financial_address_id.mark_to_confirm("The payment was returned")
        ended.action_end_financial_address("Moved away")
        self.sign_in()
        path = "/my/people?state=to_confirm"
        self.assertEqual(self.names(path), [marked.name])
        page = self.get(path)
        (chosen,) = page.xpath("//select[@id='state']/option[@selected]")
        self.assertEqual(text_of(chosen), "To confirm")
        rows = self.get("/my/people").xpath("//*[@class='o_g2p_list']//a")
        told = [text_of(row) for row in rows if "To confirm" in text_of(row)]
        self.assertEqual(len(told), 1)
        self.assertIn(marked.name, told[0])
        self.assertNotIn("returned", told[0])
        self.sign_in(self.agent_b)
        self.assertEqual(self.names(path), [])

    # === PAGING === #

    def test_the_list_has_twenty_people_on_a_page(self):
        self.new_people(44)
        self.sign_in()
        seen = []
        for number, size in ((1, 20), (2, 20), (3, 5)):
            names = self.names(f"/my/people?page={number}")
            self.assertEqual(len(names), size)
            seen += names
        self.assertEqual(len({*seen}), 45)
        self.assertEqual(self.names("/my/people?page=9"), seen[40:])
        page = self.get("/my/people?q=person&state=no_address&page=2")
        self.assertEqual(
            {link.get("rel"): link.get("href") for link in page.xpath("//a[@rel]")},
            {
                "prev": "/my/people?page=1&q=person&state=no_address",
                "next": "/my/people?page=3&q=person&state=no_address",
            },
        )

    def test_more_people_take_no_more_queries(self):
        for path in ("/my/people", "/my/people?state=on_its_way"):
            counts = []
            for size in (3, 15):
                people = self.new_people(size, spar_id=False)
                for number, partner in enumerate(people):
                    self.enter_address(
                        f"0754 2{size:02} {number:03}", partner_id=partner.id
                    )
                self.sign_in()
                self.get(path)

                before = self.cr.sql_log_count
                self.get(path)
                counts.append(self.cr.sql_log_count - before)
            with self.subTest(path):
                self.assertGreater(counts[0], 5)
                self.assertEqual(*counts)

    # === ONE PERSON === #

    def test_a_person_is_shown_with_what_is_requested_and_what_spar_holds(self):
        self.enter_address()
        self.run_engine()
        self.sign_in()
        text = text_of(self.get(self.person_path))
        for words in ("Asha Juma", "SR-1", "+255 754 100 001", "In sync", "M-Cash"):
            self.assertIn(words, text)
        self.assertEqual(text.count("+2557••••001"), 3)
        self.assertNotIn("754200001", self.response.text.replace(" ", ""))

    def test_spar_is_asked_when_the_agent_wants_to_know(self):
        self.enter_address()
        self.run_engine()
        asked = len(self.mapper.log)
        self.sign_in()
        text = text_of(self.get(self.person_path))
        self.assertEqual(len(self.mapper.log), asked)
        self.assertIn("last known", text)
        text = text_of(self.get(f"{self.person_path}?ask=1"))
        self.assertEqual(len(self.mapper.log), asked + 1)
        self.assertIn("asked just now", text)

    def test_the_history_names_nobody_in_the_office(self):
        self.set_policy(approve_admin=True)
        editor = self.new_user("edo", "editor")
        self.enter_address(user=editor)
        self.sign_in()
        text = text_of(self.get(self.person_path))
        self.assertIn("Waiting for a second person", text)
        self.assertNotIn(editor.name, text)
        self.assertIn("Admin form", text)

    def test_an_agent_is_told_why_an_address_was_refused(self):
        self.set_policy(approve_portal=True)
        address = self.enter_on_portal()
        approver = self.new_user("ada", "approver")
        address.with_user(approver).action_refuse("The holder is not known there")
        self.sign_in()
        text = text_of(self.get(self.person_path))
        self.assertIn("The holder is not known there", text)
