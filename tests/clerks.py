"""What clerks do in a lab's registry, in real transactions."""

import random
import time

from psycopg2 import OperationalError, errorcodes

from tools.bench import crowd

#: Of a clerk who enters payment addresses.
CLERK_GROUPS = "base.group_user", "g2p_spar_financial_address.group_editor"
#: How often Odoo tries a request, and the errors after which it tries again.
REQUEST_ATTEMPTS = 5
CONCURRENCY = {
    errorcodes.SERIALIZATION_FAILURE,
    errorcodes.DEADLOCK_DETECTED,
    errorcodes.LOCK_NOT_AVAILABLE,
}


class Clerks:
    """The part of a lab that enters registrants and their addresses."""

    #: How often a request was beaten by another transaction and done again.
    repeated = 0
    #: How many wallets there are.
    numbers = 0

    def register(self, count):
        """Register people who have no payment address yet; return their ids."""
        with self.env() as env:
            env.cr.execute("SELECT count(*) FROM res_partner WHERE spar_id IS NOT NULL")
            (known,) = env.cr.fetchone()
            people = env["res.partner"].create(
                [
                    {"name": f"R {n}", "is_registrant": True, "spar_id": f"ID-{n:06d}"}
                    for n in range(known, known + count)
                ]
            )
            return people.ids

    def spar_ids(self, people):
        """Return the SPAR IDs of these people."""
        with self.env() as env:
            return env["res.partner"].browse(people).mapped("spar_id")

    def edit(self, people):
        """Give each of these people another wallet, in one transaction."""
        self.as_odoo_does(lambda env: self.edit_in(env, people))

    def as_odoo_does(self, work, uid=1):
        """Do in one transaction what a request does; again after a conflict.

        :param Callable work: gets the environment.
        :param int uid: user; by default the system itself.
        """
        for attempt in range(REQUEST_ATTEMPTS):
            try:
                with self.env(uid) as env:
                    work(env)
                    env.flush_all()
                return
            except OperationalError as error:
                last = attempt == REQUEST_ATTEMPTS - 1
                if last or error.pgcode not in CONCURRENCY:
                    raise
                self.repeated += 1
                # A tenth of what Odoo waits.
                time.sleep(random.uniform(0, 0.2 * 2**attempt))

    def edit_in(self, env, people, numbers=None, **values):
        """Give each of these people another wallet, in a transaction of the caller.

        :param numbers: of the wallets; by default ones nobody had before.
        :param values: what else is said of each.
        """
        numbers = numbers or self.new_numbers(len(people))
        env["g2p.financial.address"].create(
            [
                {
                    "partner_id": person,
                    "fa_type": "mobile_wallet",
                    "dfsp_id": self.provider,
                    "mobile_number": number,
                    "reason": "Asked for by the registrant",
                    **values,
                }
                for person, number in zip(people, numbers, strict=True)
            ]
        )

    def edit_and_leave(self, people, numbers):
        """Have a clerk edit these people, and leave right after.

        The account is archived: one that the history names cannot be deleted.

        :param numbers: of the wallets.
        """
        with self.env() as env:
            groups = [env.ref(name).id for name in CLERK_GROUPS]
            clerk = env["res.users"].create(
                {"name": "Leaver", "login": numbers[0], "group_ids": [(6, 0, groups)]}
            )
        self.as_odoo_does(lambda env: self.edit_in(env, people, numbers), clerk.id)
        with self.env() as env:
            env["res.users"].browse(clerk.id).active = False

    def end(self, people):
        """End the payment addresses of these people, of those who have one."""
        in_use = [("partner_id", "in", people), ("state", "=", "effective")]

        def work(env):
            if addresses := env["g2p.financial.address"].search(in_use):
                addresses.action_end("Not paid any more")

        self.as_odoo_does(work)

    def end_mandates(self, people):
        """Let the mandates of these people's payees end, and run the job of the day."""
        with self.env() as env:
            env.cr.execute(
                """UPDATE g2p_financial_address SET payee_until = '2020-01-01'
                    WHERE partner_id = ANY(%s) AND payee_until IS NOT NULL
                      AND state = 'effective'""",
                [people],
            )
        with self.env() as env:
            env["g2p.financial.address"]._cron_end_mandates()

    def change_ids(self, ids):
        """Give people other SPAR IDs, each in a transaction of its own.

        :param dict ids: the new ID by person, in order.
        """
        for person, spar_id in ids.items():
            self.as_odoo_does(
                lambda env, p=person, i=spar_id: (
                    env["res.partner"].browse(p).write({"spar_id": i})
                )
            )

    def new_numbers(self, count):
        """Return numbers that are new in this process; each fork counts on its own."""
        first = 54_000_000 + self.numbers
        self.numbers += count
        return [f"+2557{number:08d}" for number in range(first, first + count)]

    # === A CROWD: MANY PEOPLE AT ONCE === #

    def make_crowd(self, count):
        """Register many people with a payment address each, not queued yet."""
        with self.env() as env:
            crowd.enter_first(env, self.provider)
            crowd.multiply(env, count)

    def queue_crowd(self):
        """Forget all changes, and queue one for each of the crowd."""
        with self.env() as env:
            crowd.queue_all(env, self.connection)
        crowd.tidy(self.postgres, self.database)

    def wake_up_all(self):
        """Wake the engine up for everybody, as an import does."""
        from odoo.addons.g2p_spar_sync_queue.engine.wake_up import wake_up_mappings

        with self.env() as env:
            wake_up_mappings(env["g2p.spar.mapping"].search([]))

    def empty_spar(self):
        """Let SPAR forget its rows and its log."""
        self.spar.reset(rows=True)
        self.since = 0
