"""Attacks by the newest ways to payment data: person page, search, returned entries.

As each role, by reading, searching, grouping, forms, defaults, methods and writing.
"""

import logging
from functools import partial

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.service.model import get_public_method
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import FinancialAddressCase

_logger = logging.getLogger(__name__)

#: Fields of a person that only viewers read.
OF_PERSON = (
    "spar_find",
    "pending_comparison",
    "pending_address_id",
    "returned_address_id",
    "returned_note",
    "financial_address_id",
    "financial_address_state",
    "incomplete_address_id",
    "merged_address_ids",
    "payee_note",
    "to_confirm_note",
    "spar_unpaid",
    "waiting_changes",
)
NUMBERS = ("754200001", "754200002", "754200003", "754266666")
PAYEE_ID = "ID-4711"
#: What each role must not read.
SECRETS = {
    "viewer": (*NUMBERS, PAYEE_ID),
    "approver": NUMBERS,
    "operator": (*NUMBERS, PAYEE_ID),
    "stranger": (*NUMBERS, PAYEE_ID, "SR-1", "Neema", "••••", "Not theirs"),
    "contacts": (*NUMBERS, PAYEE_ID, "SR-1", "Neema", "••••", "Not theirs"),
    "no role": (*NUMBERS, PAYEE_ID, "SR-1", "Neema", "••••", "Not theirs"),
    "portal": (*NUMBERS, PAYEE_ID, "SR-1", "Neema", "••••", "Not theirs"),
    "public": (*NUMBERS, PAYEE_ID, "SR-1", "Neema", "••••", "Not theirs"),
}
REFUSED = (
    *(UserError, ValueError, KeyError, TypeError, AttributeError),
    *(AssertionError, NotImplementedError),
)


@tagged("post_install", "-at_install")
class TestAttackFourthWays(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        manager, export = "base.group_partner_manager", "base.group_allow_export"
        operator = "g2p_spar_sync_queue.group_operator"
        home = cls.env["res.company"].create({"name": "Home"})
        far = cls.env["res.company"].create({"name": "Far"})
        cls.users = {
            "viewer": cls.new_user("x_viewer", "viewer", manager, export),
            "approver": cls.new_user("x_approver", "approver", manager, export),
            "editor": cls.new_user("x_editor", "editor", manager, export),
            "administrator": cls.new_user("x_admin", "administrator", manager, export),
            "contacts": cls.new_user("x_contacts", "base.group_user", manager, export),
            "no role": cls.new_user("x_nobody", "base.group_user", export),
            "stranger": cls.new_user("x_stranger", "editor", "approver", manager),
            "portal": new_test_user(cls.env, "x_portal", "base.group_portal"),
            "public": new_test_user(cls.env, "x_public", "base.group_public"),
        }
        if cls.env.ref(operator, raise_if_not_found=False):
            cls.users["operator"] = cls.new_user("x_operator", operator, export)
        for name, user in cls.users.items():
            company = far if name == "stranger" else home
            user.write(
                {"company_ids": [Command.set(company.ids)], "company_id": company.id}
            )
        cls.registrant.company_id = home
        # The second has an address that was refused; of both, one was in use.
        cls.second = cls.new_registrant("Second", "SR-12", company_id=home.id)
        cls.first = cls.enter_address("0754 200 001")
        cls.set_policy(approve_admin=True)
        payee = {
            "payee": "other",
            "payee_name": "Neema Mushi",
            "payee_relation": "guardian",
            "payee_id_number": PAYEE_ID,
        }
        cls.waiting = cls.enter_address("0754 200 002", **payee)
        cls.refused = cls.enter_address(
            "0754 200 003", partner_id=cls.second.id, **payee
        )
        cls.refused.with_user(cls.users["approver"]).action_refuse("Not theirs")
        cls.people = cls.registrant | cls.second
        cls.addresses = cls.first | cls.waiting | cls.refused
        cls.env.flush_all()

    def attempt(self, act):
        """Return what a call says, undone; None if it is refused."""
        try:
            with self.env.cr.savepoint() as savepoint:
                said = act()
                self.env.flush_all()
                savepoint.rollback()
        except REFUSED:
            return None
        finally:
            self.env.invalidate_all(flush=False)
        return said

    # === READING === #

    def reading(self, user):
        """Yield ways to read what the person page has, by name."""
        people = self.people.with_user(user)
        addresses = self.addresses.with_user(user)
        Partner, Address = people.browse(), addresses.browse()
        nested = {
            name: {"fields": {"display_name": {}, "comparison": {}, "changes": {}}}
            for name in OF_PERSON
            if Partner._fields[name].relational
        }
        for name in OF_PERSON:
            spec = {name: nested.get(name, {})}
            yield f"read {name}", lambda n=name: people.read([n])
            yield f"page {name}", lambda s=spec: people.web_read(s)
            yield (
                f"list {name}",
                lambda s=spec: Partner.web_search_read(
                    [("id", "in", self.people.ids)], s
                ),
            )
            yield f"export {name}", lambda n=name: people.export_data([n])
            yield (
                f"group {name}",
                lambda n=name: Partner.formatted_read_group([], [n], ["__count"]),
            )
            yield (
                f"form {name}",
                lambda s=spec: people[:1].onchange({"name": "X"}, ["name"], s),
            )
            yield f"new form {name}", lambda s=spec: Partner.onchange({}, [], s)
        for field in ("comparison", "changes", "payee_id_number", "has_proof"):
            for link in ("pending_address_id", "returned_address_id"):
                path = f"{link}/{field}"
                yield f"export {path}", lambda p=path: people.export_data([p])
            yield f"read {field}", lambda f=field: addresses.read([f])
            yield (
                f"form {field}",
                lambda f=field: addresses[1].onchange(
                    {"fa_type": "bank_account"}, ["fa_type"], {f: {}, "fa_type": {}}
                ),
            )
            # A form in which only the registrant, or the earlier address, is named.
            for values in (
                {"partner_id": self.registrant.id},
                {"previous_id": self.waiting.id},
            ):
                yield (
                    f"draft {field} {[*values]}",
                    lambda f=field, v=values: Address.onchange(
                        v, [*v], {f: {}, "partner_id": {}, "previous_id": {}}
                    ),
                )
                defaults = {f"default_{name}": value for name, value in values.items()}
                yield (
                    f"default {field} {[*values]}",
                    lambda f=field, d=defaults: Address.with_context(**d).onchange(
                        {}, [], {f: {}, "partner_id": {}, "previous_id": {}}
                    ),
                )
        for name in (
            "action_enter_again",
            "action_open_pending",
            "action_amend_financial_address",
            "get_formview_action",
        ):
            yield name, lambda n=name: [getattr(one, n)() for one in people]
        yield "again", lambda: addresses[2].action_enter_again()
        yield (
            "typed",
            lambda: Address.check_typed(
                {
                    "partner_id": self.registrant.id,
                    "fa_type": "mobile_wallet",
                    "dfsp_id": self.operator.id,
                    "mobile_number": "0754 266 667",
                    "reason": "Asked",
                }
            ),
        )
        for text in ("SR-1", "sr-1", "5R-1", "Asha", "0754 100 001", "100001"):
            yield (
                f"find {text}",
                lambda t=text: Partner.search_read(
                    [("spar_find", "ilike", t)], ["display_name", "ref"]
                ),
            )

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.models", "odoo.orm.models")
    def test_attack_fourth_nothing_is_read_by_the_newest_ways(self):
        tried = {}
        for role, user in self.users.items():
            for way, act in self.reading(user):
                tried[role] = tried.get(role, 0) + 1
                said = str(self.attempt(act))
                for secret in SECRETS.get(role, ()):
                    with self.subTest(role=role, way=way):
                        self.assertNotIn(secret, said)
        _logger.info("attempts to read: %s", tried)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.models", "odoo.orm.models")
    def test_attack_fourth_searches_tell_nothing(self):
        """The answer to a right guess is that to a wrong one."""
        tried = 0
        guesses = {
            "mobile_number": ("+255754200001", "+255754200009"),
            "payee_id_number": (PAYEE_ID, "ID-4712"),
            "fingerprint": (self.first.sudo().fingerprint, "0" * 40),
            "comparison": (PAYEE_ID, "ID-4712"),
            "changes": (PAYEE_ID, "ID-4712"),
            "spar_find": ("+255754200001", "+255754200009"),
        }
        roots = {
            "g2p.financial.address": ("", "previous_id.", "partner_id."),
            "res.partner": (
                "",
                "financial_address_ids.",
                "pending_address_id.",
                "returned_address_id.",
            ),
            "res.users": ("partner_id.", "partner_id.financial_address_ids."),
            "mail.activity": ("user_id.partner_id.",),
            "mail.followers": ("partner_id.",),
        }
        for role, user in self.users.items():
            if role in ("editor", "administrator"):
                continue
            for model, prefixes in roots.items():
                for prefix in prefixes:
                    for name, pair in guesses.items():
                        if role == "approver" and name == "payee_id_number":
                            continue
                        for operator in ("=", "ilike", "in", ">", "not ilike"):
                            tried += 1
                            answers = [
                                self.found(user, model, prefix + name, operator, guess)
                                for guess in pair
                            ]
                            with self.subTest(f"{role} {model} {prefix}{name}"):
                                self.assertEqual(*answers)
        _logger.info("pairs of searches: %s", tried)

    def found(self, user, model, path, operator, guess):
        records = self.env[model].with_user(user)
        domain = [(path, operator, [guess] if operator == "in" else guess)]
        return self.attempt(lambda: records.search(domain).ids)

    # === WHAT AN EDITOR SEES IS RECORDED === #

    def test_attack_fourth_no_number_is_shown_without_a_row(self):
        editor = self.users["editor"]
        people = self.people.with_user(editor)
        addresses = self.addresses.with_user(editor)
        number = {"mobile_number": {}}
        links = ("pending_address_id", "returned_address_id", "financial_address_id")
        ways = {
            "form": lambda: addresses[1].onchange(
                {"fa_type": "email_wallet"}, ["fa_type"], {**number, "fa_type": {}}
            ),
            "first form": lambda: addresses[1].onchange({}, [], {**number}),
            "form of what was before": lambda: addresses[1].onchange(
                {}, [], {**number, "previous_id": {"fields": number}}
            ),
            "form of a person": lambda: people[:1].onchange(
                {"name": "X"},
                ["name"],
                {"financial_address_ids": {"fields": number}, "name": {}},
            ),
            "draft that names one": lambda: addresses.browse().onchange(
                {"previous_id": self.first.id},
                ["previous_id"],
                {"previous_id": {"fields": number}, **number},
            ),
            "sharing": lambda: people.web_read(
                {
                    "financial_address_ids": {
                        "fields": {"previous_id": {"fields": number}}
                    }
                }
            ),
            "groups": lambda: addresses.web_read_group(
                [],
                ["state"],
                ["__count"],
                auto_unfold=True,
                unfold_read_specification=number,
            ),
            "save": lambda: people[:1].web_save(
                {"city": "Moshi"}, {"financial_address_ids": {"fields": number}}
            ),
            "reveal": lambda: [one.reveal() for one in addresses],
            "size": lambda: addresses.with_context(bin_size=True).read(
                ["mobile_number"]
            ),
        }
        for link in links:
            ways[f"page {link}"] = lambda n=link: people.web_read(
                {n: {"fields": number}}
            )
            ways[f"export {link}"] = lambda n=link: people.export_data(
                [f"{n}/mobile_number"]
            )
        Reveal, shown = self.env["g2p.fa.reveal"], 0
        rows = {}

        def counted(way):
            before = Reveal.search_count([])
            said = ways[way]()
            rows[way] = Reveal.search_count([]) - before
            return said

        for way in ways:
            said = str(self.attempt(partial(counted, way)))
            found = [one for one in NUMBERS if one in said]
            if found:
                shown += 1
                with self.subTest(way):
                    self.assertGreaterEqual(rows[way], len(found))
        self.assertGreater(shown, 3)

    # === WRITING === #

    def state(self):
        """Return what decides who is paid, as the database has it."""
        self.env.cr.execute(
            """SELECT id, is_registrant, spar_id, spar_id_likeness, spar_id_shared,
                      spar_id_kept, payment_removal_date, company_id, active
                 FROM res_partner WHERE id = ANY(%s) ORDER BY id""",
            [self.people.ids],
        )
        rows = self.env.cr.fetchall()
        self.env.cr.execute(
            """SELECT id, partner_id, state, mobile_number, fingerprint, masked, typed,
                      entered_by_id, approved_by_id, previous_id, decision_note,
                      payee_name, sharing_id
                 FROM g2p_financial_address WHERE partner_id = ANY(%s) ORDER BY id""",
            [self.people.ids],
        )
        return rows, self.env.cr.fetchall()

    def writing(self, user):
        people = self.people.with_user(user)
        addresses = self.addresses.with_user(user)
        Address = addresses.browse()
        forged = {
            "payment_removal_date": "2026-01-01 00:00:00",
            "spar_id_likeness": "sr-66",
            "spar_id_shared": "SR-1",
            "spar_id_kept": "SR-1",
            "returned_address_id": self.first.id,
            "pending_address_id": self.first.id,
            "financial_address_id": self.refused.id,
            "spar_find": "X",
            "financial_address_ids": [
                Command.update(self.waiting.id, {"state": "effective"})
            ],
            "merged_address_ids": [Command.update(self.refused.id, {"state": "draft"})],
        }
        for name, value in forged.items():
            values = {name: value}
            yield f"write {name}", lambda v=values: people.write(v)
            yield f"save {name}", lambda v=values: people[:1].web_save(v, {"id": {}})
        of_address = {
            "state": "effective",
            "fingerprint": self.first.sudo().fingerprint,
            "masked": "••••",
            "typed": True,
            "entered_by_id": user.id,
            "decision_note": "Paid elsewhere",
            "previous_id": self.refused.id,
            "comparison": {"cells": []},
            "sharing_id": False,
            "spar_id": "SR-12",
            "partner_id": self.second.id,
            "payee_name": "Other",
        }
        for name, value in of_address.items():
            values = {name: value}
            yield f"write {name}", lambda v=values: addresses.write(v)
            yield f"save {name}", lambda v=values: addresses[1].web_save(v, {"id": {}})
            yield (
                f"load {name}",
                lambda n=name, v=value: Address.load(
                    [".id", n], [[str(self.waiting.id), str(v)]]
                ),
            )
        for method in ("_activate", "_set_state", "_close", "_put_in_use", "_erase"):
            yield method, lambda m=method: get_public_method(Address, m)
        yield "copy", lambda: addresses.copy({"partner_id": self.second.id})
        yield "unlink", lambda: addresses.unlink()
        yield "copy of a person", lambda: people.copy({"spar_id": "SR-1"})
        todo = self.refused.sudo().activity_ids[:1].with_user(user)
        yield "to-do", lambda: todo.write({"res_id": self.first.id})

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.models", "odoo.orm.models")
    def test_attack_fourth_nothing_is_written_by_the_newest_ways(self):
        before, tried = self.state(), {}
        for role, user in self.users.items():
            for way, act in self.writing(user):
                tried[role] = tried.get(role, 0) + 1

                def told(act=act):
                    act()
                    self.env.flush_all()
                    return self.state()

                after = self.attempt(told)
                if after is not None:
                    with self.subTest(role=role, way=way):
                        self.assertEqual(after[0], before[0])
                        mine = {row[0] for row in before[1]}
                        self.assertEqual(
                            [row for row in after[1] if row[0] in mine], before[1]
                        )
        _logger.info("attempts to write: %s", tried)

    def test_attack_fourth_what_is_counted_is_no_method_of_clients(self):
        for model, names in {
            "g2p.fa.work": ("entries", "entry", "_count"),
            "g2p.fa.rate": ("take", "take_all", "_apart"),
            "g2p.financial.address": (
                "preview",
                "whole_number",
                "pending_of",
                "find_sharing_refusals",
                "payee_text",
            ),
        }.items():
            for name in names:
                with self.subTest(f"{model} {name}"), self.assertRaises(UserError):
                    get_public_method(self.env[model], name)

    def test_attack_fourth_odd_texts_are_found_or_not_and_break_nothing(self):
        Partner = self.env["res.partner"].with_user(self.users["viewer"])
        for text in (
            "\0",
            "(?=",
            "[[:alpha:]]",
            "***=",
            "\\",
            "a" * 5000,
            "(" * 500,
            "٠" * 300,
            "\u202e1-RS",
            "%_",
            "'; --",
            "{1,99999}",
        ):
            with self.subTest(text[:20]), self.env.cr.savepoint():
                Partner.search([("spar_find", "ilike", text)], limit=1)
