"""How long one edit takes from its commit to SPAR's row, on an idle system."""

import select
import statistics
import time

from ..stack import import_spar
from . import crowd

#: Seconds after which an edit that has not arrived never will.
PATIENCE = 60
#: Seconds of rest between two, so that each meets an idle system.
REST = 0.3


class EditTimer:
    """Edits one registrant over RPC, and calls SPAR directly, in turns.

    :param Stack stack: it runs, and its registry has the crowd's first registrant.
    :param Callable say: receives one line of progress.
    """

    def __init__(self, stack, say):
        self.stack = stack
        self.say = say
        self.rpc = stack.odoo.rpc()
        self.edited = Listener(
            stack.postgres, stack.odoo.database, "g2p_spar_change", "INSERT"
        )
        self.arrived = Listener(
            stack.postgres, stack.mapper.database, "id_fa_mappings", "INSERT OR UPDATE"
        )

    def compare(self, edits):
        """Measure this many of each.

        :return: ``ratio`` of the 95th percentiles.
        """
        (person,) = self._search("res.partner", "spar_id", f"{crowd.PREFIX}0")
        (provider,) = self._search("g2p.dfsp", "code", "MC")
        times = {"engine": [], "bare": []}
        with self.stack.spar_client() as client:
            self._send(client, "link", 0)
            for number in range(edits + 5):
                engine = self._edit(person, provider, number)
                time.sleep(REST)
                bare = self._send(client, "update", number)
                time.sleep(REST)
                # The first ones load what a running system has loaded.
                if number >= 5:
                    times["engine"].append(1000 * engine)
                    times["bare"].append(1000 * bare)
        return self._sum_up(times)

    def _sum_up(self, times):
        shown = {}
        for name, values in times.items():
            median, p95 = statistics.median(values), percentile_95(values)
            shown[name] = p95
            self.say(f"Milliseconds {name}: median {median:.0f}, 95th {p95:.0f}.")
        return {"ratio": shown["engine"] / shown["bare"]}

    def _search(self, model, field, value):
        return self.rpc.call(model, "search", [[field, "=", value]], limit=1)

    def _edit(self, person, provider, number):
        """Amend the address; return the seconds from its commit to SPAR's row."""
        self.edited.drain()
        self.arrived.drain()
        self.rpc.call(
            "g2p.financial.address",
            "create",
            [
                {
                    "partner_id": person,
                    "fa_type": "mobile_wallet",
                    "dfsp_id": provider,
                    "mobile_number": f"+25575400{number:04d}",
                    "reason": "Asked for by the registrant",
                }
            ],
        )
        # Both have been told by now or will be, with the moment of their commits.
        return self.arrived.wait() - self.edited.wait()

    def _send(self, client, operation, number):
        """Call SPAR for another ID; return the seconds."""
        answers = import_spar().answers
        item = answers.Item(f"bare-{operation}-{number}", "BARE", f"fa {number}", 4)
        started = time.perf_counter()
        answer = client.send(operation, [item])
        seconds = time.perf_counter() - started
        if answer.results[item.reference_id].outcome != answers.Outcome.DONE:
            raise ValueError(f"SPAR did not {operation}.")
        return seconds


class Listener:
    """Hears when a transaction that wrote to a table is committed.

    :param Postgres postgres: the server.
    :param str database: name of the database.
    :param str table: the table.
    :param str events: of the trigger, for example ``INSERT``.
    """

    def __init__(self, postgres, database, table, events):
        self.connection = postgres.connect(database)
        self.cursor = self.connection.cursor()
        # PostgreSQL delivers at commit and not before; what is delivered is the
        # moment the transaction was about to end, by the clock of the machine.
        self.cursor.execute(
            f"""
            CREATE OR REPLACE FUNCTION tell_bench() RETURNS trigger
            LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_notify('bench', extract(epoch FROM clock_timestamp())::text);
                RETURN NULL;
            END $$;
            DROP TRIGGER IF EXISTS tell_bench ON {table};
            CREATE CONSTRAINT TRIGGER tell_bench AFTER {events} ON {table}
                DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION tell_bench();
            LISTEN bench;
            """
        )

    def drain(self):
        """Forget what was heard."""
        self.connection.poll()
        self.connection.notifies.clear()

    def wait(self):
        """Return the moment of the next commit, in seconds.

        :raises TimeoutError: when none comes.
        """
        deadline = time.monotonic() + PATIENCE
        while not self.connection.notifies:
            if time.monotonic() > deadline:
                raise TimeoutError("The edit did not arrive.")
            select.select([self.connection], [], [], 1)
            self.connection.poll()
        return float(self.connection.notifies.pop(0).payload)


def percentile_95(values):
    """Return the value 95 of 100 do not exceed."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]
