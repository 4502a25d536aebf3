"""A database of the version before is upgraded while jobs wait, and keeps sending.

That version's code comes from git: a database that was only made to look like one of it
would have what its upgrade has to make.
"""

import subprocess

import pytest
from conftest import PATIENCE, Registry, free_ports, wait_until

from tools import settings
from tools.odoo_server import addons_path, drop_database
from tools.stack import Stack

#: Of the sync queue, which then depended on OCA's queue.
BEFORE = "19.0.1.3.0"
MANIFEST = "g2p_spar_sync_queue/__manifest__.py"


def git(*arguments):
    """Return what git prints, or nothing where there is no history."""
    done = subprocess.run(
        ["git", *arguments], cwd=settings.ROOT, stdout=subprocess.PIPE, check=False
    )
    return done.stdout


@pytest.fixture(scope="module")
def old_addons(tmp_path_factory):
    """Return a folder with the addons of the version before."""
    version = f'"version": "{BEFORE}"'
    removed = git("log", "-1", "--format=%H", "-S", version, "--", MANIFEST)
    before = f"{removed.decode().strip()}^"
    if not git("rev-parse", "--verify", "--quiet", before):
        pytest.skip("needs the history of git")
    assert version.encode() in git("show", f"{before}:{MANIFEST}")
    folder = tmp_path_factory.mktemp("before")
    names = git("ls-tree", "--name-only", before).decode().split()
    addons = [name for name in names if name.startswith("g2p_")]
    archive = git("archive", before, "--", *addons)
    # Python 3.10 and 3.11 know how to unpack safely only in their later versions.
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    return folder


def enter(registry, **values):
    """Enter an address in a process without job runner, so its job waits."""
    return registry.run(
        """
        person = env["res.partner"].create(
            {"name": values["name"], "is_registrant": True,
             "spar_id": values["spar_id"]})
        env["g2p.financial.address"].create(
            {"partner_id": person.id, "fa_type": "mobile_wallet",
             "dfsp_id": values["operator"], "mobile_number": values["number"],
             "reason": "Asked for by the registrant"})
        env.cr.commit()
        print(person.id)
        """,
        operator=registry.operator,
        **values,
    )


def test_an_upgraded_database_keeps_sending(postgres, old_addons):
    ports = dict(zip(["odoo", "mapper", "key_service"], free_ports(3), strict=True))
    stack = Stack(postgres, "test_upgrade", ports, False)
    drop_database(postgres, stack.name)
    postgres.drop_database(stack.mapper.database)
    stack.key_service.verdicts.unlink(missing_ok=True)
    others = [folder for folder in addons_path() if folder != settings.ROOT]
    old_path = ",".join(str(folder) for folder in [*others, old_addons])
    modules = sorted(path.name for path in old_addons.iterdir())

    def of_database(statement):
        return postgres.query(stack.name, statement)

    try:
        stack.odoo.options["addons_path"] = old_path
        stack.odoo.install(modules, demo=False)
        registry = Registry(stack.start())
        first = registry.registrant("Asha Juma", "UP-1")
        registry.enter_wallet(first, "0754 200 001")
        registry.wait_for_state(first, "in_sync")
        stack.odoo.stop()
        second = int(
            enter(registry, name="Neema Mushi", spar_id="UP-2", number="0754 200 002")
        )
        waiting = "SELECT DISTINCT method_name FROM queue_job WHERE state = 'pending'"
        assert ("_job_sync",) in of_database(waiting)

        del stack.odoo.options["addons_path"]
        stack.odoo.upgrade(modules)
        state = "SELECT state FROM ir_module_module WHERE name = 'g2p_spar_queue_job'"
        assert of_database(state) == [("installed",)]
        assert ("job_sync",) in of_database(waiting)
        stack.odoo.start()
        registry.rpc = stack.odoo.rpc()
        rows = stack.mapper.rows
        wait_until(lambda: "UP-2" in rows(), PATIENCE)
        assert registry.wait_for_state(second, "in_sync")
        # New jobs are run by the queue, not by the scheduled action.
        third = registry.registrant("Rehema Said", "UP-3")
        registry.enter_wallet(third, "0754 200 003")
        registry.wait_for_state(third, "in_sync")
        wait_until(
            lambda: (
                of_database(
                    """SELECT count(*) FROM queue_job
                        WHERE method_name = 'job_sync' AND state = 'done'"""
                )[0][0]
                >= 2
            )
        )
        assert sorted(rows()) == ["UP-1", "UP-2", "UP-3"]
    finally:
        stack.stop()
