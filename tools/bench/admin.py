"""What the admin's screens cost."""

import itertools
import json
import statistics
import threading
import time
from xml.etree import ElementTree

from tests.standin_spar import StandInSpar

from .. import keys, problems, settings
from ..odoo_server import OdooServer, drop_database, duplicate_database
from ..templates import prepared_template
from . import admin_monitor
from .figures import Figure

DATABASE = "bench_admin"
PORTS = {"odoo": 27_700, "spar": 27_900}
#: Odoo's worker processes: a SPAR that hangs could keep all of them waiting.
WORKERS = 4
LOGINS = ["looker-1", "looker-2", "looker-3"]
REGISTRANTS = 60
#: Rounds with SPAR up and with SPAR hanging each, and forms opened in each.
ROUNDS, FORMS = 6, 20
#: Seconds between two forms, and for which a hanging SPAR does not answer.
PAUSE, HANG = 0.5, 30


def measure(postgres, percent, say):
    """Measure the screens.

    :param Postgres postgres: a started server.
    :param int percent: how much of the full sizes to measure with.
    :param Callable say: receives one line of progress.
    :return: generator of :class:`Figure`.
    """
    for part in PARTS:
        yield from part(postgres, percent, say)


def measure_forms(postgres, percent, say):
    """Open registrants' forms with SPAR up and with SPAR hanging, in turns."""
    ports = {name: problems.free_port(first) for name, first in PORTS.items()}
    spar = StandInSpar(ports["spar"], f"{DATABASE}-spar")
    odoo = OdooServer(postgres, DATABASE, ports["odoo"], name=DATABASE, workers=WORKERS)
    try:
        spar.start()
        people = _prepare(postgres, odoo, spar, say)
        odoo.start()
        forms = max(5, FORMS * percent // 100)
        say(f"Opening {forms} forms with SPAR up and hanging, {ROUNDS} times each ...")
        times = _open_in_turns(odoo, spar, people, forms)
        medians = {name: statistics.median(times[name]) for name in times}
        say(
            "Milliseconds for a form: {up:.0f} with SPAR up, {hanging:.0f} with SPAR "
            "hanging.".format(**{name: 1000 * t for name, t in medians.items()})
        )
        ratio = medians["hanging"] / medians["up"]
        yield Figure("form_open_spar_hanging_vs_up", ratio, "ratio", "<= 1.2")
    finally:
        odoo.stop()
        spar.stop()
        drop_database(postgres, DATABASE)


PARTS = [
    measure_forms,
    admin_monitor.measure,
]


def _prepare(postgres, odoo, spar, say):
    """Make the registry; return the ids of its registrants, who are at SPAR."""
    template = prepared_template(postgres, "plain", settings.modules(), False, say)
    drop_database(postgres, DATABASE)
    duplicate_database(postgres, template, DATABASE)
    key = keys.demo_partner_key(settings.KEYS, settings.SANDBOX / "partners" / DATABASE)
    odoo.write_config()
    program = """
        import json
        from tools.bench import admin_in_odoo
        print(json.dumps(admin_in_odoo.prepare(env, **values)))
    """
    values = {
        "base_url": spar.url,
        "key": {
            "sender_id": keys.DEMO_SENDER,
            **keys.connection_values(key),
        },
        "registrants": REGISTRANTS,
        "logins": LOGINS,
    }
    return json.loads(odoo.run_program(program, values))


def _open_in_turns(odoo, spar, people, forms):
    """Return the seconds each form took, by how SPAR was."""
    lookers = [Looker(odoo, login) for login in LOGINS]
    # Never the same soon again: what SPAR has just answered is not asked.
    people = itertools.cycle(people)
    times = {"up": [], "hanging": []}
    for number in range(ROUNDS + 1):
        for how, seconds in times.items():
            if how == "hanging":
                spar.arm({"kind": "delay", "operation": "resolve", "seconds": HANG})
            taken = _open_forms(lookers, people, forms)
            if how == "hanging":
                # Both rounds would be the same if nobody had asked.
                spar.must_have_fired()
                spar.reset()
            # In the first round, the workers load what running ones have loaded.
            if number:
                seconds += taken
    return times


def _open_forms(lookers, people, forms):
    """Let people open forms one after the other; return the seconds of each."""
    times = []
    for number in range(forms):
        looker = lookers[number % len(lookers)]
        times.append(looker.open(next(people)))
        time.sleep(PAUSE)
    for looker in lookers:
        looker.close()
    return times


class Looker:
    """Somebody who opens forms, with the calls a web client makes.

    :param OdooServer odoo: it runs.
    :param str login: of the user.
    """

    def __init__(self, odoo, login):
        self.rpc = odoo.rpc(login, login)
        # A browser has several connections, too.
        self.behind = odoo.rpc(login, login)
        self.questions = []

    def open(self, registrant):
        """Open a registrant's form; what SPAR holds is asked for behind it.

        :param int registrant: the contact's id.
        :return: seconds until the form can be used.
        """
        began = time.perf_counter()
        views = self.rpc.call("res.partner", "get_views", [[False, "form"]])
        fields = views["models"]["res.partner"]["fields"]
        root = ElementTree.fromstring(views["views"]["form"]["arch"])
        specification = _specification(root, fields)
        self.rpc.call("res.partner", "web_read", [registrant], specification)
        seconds = time.perf_counter() - began
        question = threading.Thread(target=self._look, args=[registrant])
        question.start()
        self.questions.append(question)
        return seconds

    def _look(self, registrant):
        for ask in (False, True):
            self.behind.call("res.partner", "refresh_spar_status", [registrant], ask)

    def close(self):
        """Wait for what is being asked behind the forms."""
        for question in self.questions:
            question.join()
        self.questions.clear()


def _specification(node, fields):
    """Return what a web client reads for a form: its fields and their display names.

    :param node: the form.
    :param dict fields: what is known of the model's fields, by name.
    """
    found = {}
    for child in node:
        name = child.get("name")
        if child.tag != "field":
            found.update(_specification(child, fields))
        elif fields.get(name, {}).get("type") == "many2one":
            found[name] = {"fields": {"display_name": {}}}
        elif name in fields:
            found[name] = {}
    return found
