"""What calls of the self-service API cost, over an endpoint that does nothing.

And what that costs over a route of Odoo without an app. All are answered by the same
server over the same kind of connections, in turns. Empty endpoint and plain route are
an addon of their own below ``addons/``.

A proposal includes everything the caller waits for, down to the job that will send it.
What the jobs cost is another matter, and measured as ``engine``: here a node of its own
runs them, and only after the last round.
"""

import itertools
import json
import statistics
import time
import uuid

import requests

from tests.standin_spar import StandInSpar

from .. import keys, problems, settings
from ..odoo_server import OdooServer, addons_path, drop_database, duplicate_database
from ..stack import CHANNELS
from ..templates import prepared_template
from . import crowd
from .figures import Figure
from .load import Ask, answers_per_second

DATABASE = "bench_api"
PORTS = {"odoo": 27_700, "sender": 27_800, "spar": 27_900}
EMPTY_ADDON = "bench_empty_endpoint"
ADDONS = settings.ROOT / "tools" / "bench" / "addons"
API = "/spar/self-service"
#: Odoo's worker processes, and callers at a time.
WORKERS = 4
#: Rounds that count, and calls of each kind in each.
ROUNDS, CALLS = 7, 240
PROVIDERS, PAGE = 200, 50
#: Seconds after which SPAR should hold all that was proposed.
PATIENCE = 300
#: Kinds of calls, in the order they are made.
TURNS = ("plain", "empty", "propose", "empty", "directory")
#: By figure: of which kinds of calls, and what it should be.
GOALS = {
    "api_propose_vs_empty": ("propose", "empty", ">= 0.4"),
    "api_directory_vs_empty": ("directory", "empty", ">= 0.7"),
    "empty_vs_plain_route": ("empty", "plain", ">= 0.7"),
}


def measure(postgres, percent, say):
    """Propose addresses and read the directory, each over the empty endpoint.

    :param Postgres postgres: a started server.
    :param int percent: how much of the full sizes to measure with.
    :param Callable say: receives one line of progress.
    :return: generator of :class:`Figure`.
    """
    bench = Bench(postgres, max(40, CALLS * percent // 100), say)
    try:
        bench.prepare()
        rounds = [bench.run_round() for _round in range(ROUNDS + 1)][1:]
        bench.check()
    finally:
        bench.stop()
    medians = {k: statistics.median(one[k] for one in rounds) for k in rounds[0]}
    say(
        "Answers a second: {empty:.0f} empty, {propose:.0f} to proposals, "
        "{directory:.0f} with a page of the directory, {plain:.0f} of a plain "
        "route.".format(**medians)
    )
    for name, (kind, other, goal) in GOALS.items():
        ratio = statistics.median(one[kind] / one[other] for one in rounds)
        yield Figure(name, ratio, "ratio", goal)


class Bench:
    """The steps of the measurement.

    :param Postgres postgres: a started server.
    :param int calls: how many of each kind a round has.
    :param Callable say: receives one line of progress.
    """

    def __init__(self, postgres, calls, say):
        self.postgres, self.calls, self.say = postgres, calls, say
        ports = {name: problems.free_port(first) for name, first in PORTS.items()}
        self.spar = StandInSpar(ports["spar"], f"{DATABASE}-spar")
        folders = ",".join(str(folder) for folder in [*addons_path(), ADDONS])
        options = {"addons_path": folders}
        self.odoo = OdooServer(
            postgres,
            DATABASE,
            ports["odoo"],
            name=DATABASE,
            workers=WORKERS,
            # Without the job queue's runner; jobs are made all the same.
            channels="root:0",
            options=options,
        )
        self.sender = OdooServer(
            postgres,
            DATABASE,
            ports["sender"],
            name=f"{DATABASE}_sender",
            channels=CHANNELS,
            options=options,
        )
        self.people = itertools.count(1)
        self.pages = itertools.cycle(range(1, PROVIDERS // PAGE + 1))
        self.numbers = itertools.count(54_000_000)
        self.token = None

    def prepare(self):
        """Start a registry and SPAR, with everybody who will propose something."""
        template = prepared_template(
            self.postgres, "plain", settings.modules(), demo=False, say=self.say
        )
        drop_database(self.postgres, DATABASE)
        duplicate_database(self.postgres, template, DATABASE)
        self.odoo.install([EMPTY_ADDON], demo=False)
        self.spar.start()
        client = self._make_registry()
        self.odoo.start()
        self.token = self._access_token(client)

    def _make_registry(self):
        folder = settings.SANDBOX / "partners" / DATABASE
        key = keys.demo_partner_key(settings.KEYS, folder)
        program = """
            import json
            from tools.bench import api_in_odoo
            print(json.dumps(api_in_odoo.prepare(env, **values)))
        """
        values = {
            "base_url": self.spar.url,
            "key": {"sender_id": keys.DEMO_SENDER, **keys.connection_values(key)},
            "registrants": self.calls * (ROUNDS + 1),
            "providers": PROVIDERS,
        }
        return json.loads(self.odoo.run_program(program, values))

    def _access_token(self, client):
        with requests.Session() as session:
            session.trust_env = False
            form = {"grant_type": "client_credentials", **client}
            answer = session.post(
                f"{self.odoo.url}{API}/v1/token", data=form, timeout=60
            )
        answer.raise_for_status()
        return answer.json()["access_token"]

    def run_round(self):
        """Return the answers a second to calls of each kind.

        In the first round, the workers load what running ones have loaded.
        """
        rates = {}
        for name in TURNS:
            asks = [getattr(self, f"_{name}")() for _call in range(self.calls)]
            status = 201 if name == "propose" else 200
            rate = answers_per_second(self.odoo.port, asks, WORKERS, status)
            rates.setdefault(name, []).append(rate)
        return {name: statistics.mean(found) for name, found in rates.items()}

    def _empty(self):
        return Ask("GET", f"{API}/empty", {"Accept": "application/json"})

    def _plain(self):
        return Ask("GET", "/bench/empty", {"Accept": "application/json"})

    def _directory(self):
        path = f"{API}/v1/dfsps?page={next(self.pages)}&page_size={PAGE}"
        return Ask("GET", path, self._headers())

    def _propose(self):
        headers = self._headers(
            **{
                "Content-Type": "application/json",
                "Person-Id": f"{crowd.PREFIX}{next(self.people)}",
                "Idempotency-Key": str(uuid.uuid4()),
            }
        )
        proposal = {
            "type": "mobile_wallet",
            "provider": "MC",
            "mobile_number": f"+2557{next(self.numbers)}",
        }
        path = f"{API}/v1/address/proposals"
        return Ask("POST", path, headers, json.dumps(proposal).encode())

    def _headers(self, **more):
        return {
            "Accept": "application/json",
            "Authorization": f"Bearer {self.token}",
            **more,
        }

    def check(self):
        """Have what was proposed sent, and make sure that it was.

        :raises ValueError: when SPAR does not hold every proposal in time.
        """
        self.sender.start()
        proposed = next(self.people) - 1
        wanted = {f"{crowd.PREFIX}{number}" for number in range(1, proposed + 1)}
        deadline = time.monotonic() + PATIENCE
        while missing := wanted - self.spar.state()["rows"].keys():
            if time.monotonic() > deadline:
                raise ValueError(f"{len(missing)} of {proposed} are not at SPAR.")
            time.sleep(0.5)

    def stop(self):
        """Stop everything and drop the database."""
        self.odoo.stop()
        self.sender.stop()
        self.spar.stop()
        drop_database(self.postgres, DATABASE)
