"""Saving what has nothing to do with payments costs nothing more with the addons."""

import json

import pytest

from tools import settings
from tools.odoo_server import OdooServer, drop_database, duplicate_database
from tools.templates import prepared_template

UNRELATED = {
    "comment": "Asked to be called in the morning",
    "phone": "+255 22 211 1174",
    "street": "Uhuru Street 1",
    "email": "asha@example.org",
    "name": "Asha Juma Hassan",
}

PROGRAM = """
    import json

    web = env(user=env.ref("base.user_admin").id)

    def a_person_whose_address_is_on_its_way_to_spar():
        connection = web["g2p.spar.connection"].create({
            "base_url": "http://127.0.0.1:1"})
        connection.sudo().state = "running"
        operator = web["g2p.dfsp"].create({
            "name": "M-Cash", "code": "MC", "fa_type": "mobile_wallet"})
        person = web["res.partner"].create({
            "name": "Asha Juma", "is_registrant": True, "spar_id": "SR-1"})
        web["g2p.financial.address"].create({
            "partner_id": person.id, "fa_type": "mobile_wallet",
            "dfsp_id": operator.id, "mobile_number": "+255754200001"})
        assert person.spar_mapping_ids
        return person

    def queries(change):
        # As a new request finds it: nothing pending, no record at hand.
        env.flush_all()
        env.invalidate_all()
        before = env.cr.sql_log_count
        change()
        env.flush_all()
        return env.cr.sql_log_count - before

    def counts_of(person, text):
        new = {field: value + text for field, value in values["unrelated"].items()}
        counts = {
            field: queries(lambda: person.write({field: value}))
            for field, value in new.items()
        }
        again = {field: value + text for field, value in new.items()}
        counts["all at once"] = queries(lambda: person.write(again))
        contact = {"name": "Somebody" + text}
        counts["a new contact"] = queries(lambda: web["res.partner"].create(contact))
        return counts

    if values["with_addons"]:
        person = a_person_whose_address_is_on_its_way_to_spar()
    else:
        person = web["res.partner"].create({"name": "Asha Juma"})
    counts_of(person, " 1")  # warms up what Odoo remembers between requests
    counts = counts_of(person, " 2")
    if values["with_addons"]:
        counts["related"] = queries(lambda: person.write({"spar_id": "SR-2"}))
    print(json.dumps(counts))
"""


@pytest.fixture(scope="module")
def queries_of_saves(postgres):
    """Return a function that counts the queries of saves, by what is installed."""
    databases = []

    def count(name, modules, with_addons):
        database = f"test_saves_{name}"
        template = prepared_template(postgres, name, modules, demo=False)
        databases.append(database)
        duplicate_database(postgres, template, database)
        odoo = OdooServer(postgres, database, name=database)
        odoo.write_config()
        values = {"unrelated": UNRELATED, "with_addons": with_addons}
        return json.loads(odoo.run_program(PROGRAM, values))

    yield count
    for database in databases:
        drop_database(postgres, database)


def test_saving_unrelated_fields_issues_not_one_extra_query(queries_of_saves):
    without = queries_of_saves("contacts", ["contacts"], False)
    with_addons = queries_of_saves("plain", settings.modules(), True)
    related = with_addons.pop("related")
    # A registrant's name and phone may be sent to SPAR. Whether they are is a setting,
    # which such a save holds until it ends: one statement, however many are saved.
    for details in ("name", "phone", "all at once"):
        assert with_addons.pop(details) <= without.pop(details) + 1
    assert with_addons == without
    # Such a count would show it if the addons did anything. A name is no measure:
    # Odoo does a lot for that itself.
    assert related > without["street"]
