from datetime import timedelta

import pytz

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.const import COUNT_LIMIT as LIMIT
from odoo.addons.g2p_spar_financial_address.toolkit.moments import time_zone
from odoo.addons.g2p_spar_sync_queue.engine.store import MOVING
from odoo.addons.g2p_spar_sync_queue.live.drift import DRIFT, NOT_COMPARED

from .g2p_spar_mapping import MOVING_SHOWN
from .g2p_spar_tally import DAYS, REFUSALS

#: What the numbers of the overview count.
DOMAINS = {
    "on_its_way": [("display_state", "in", ["on_its_way", "retrying", "checking"])],
    "to_send": [
        ("display_state", "in", ["on_its_way", "retrying", "checking", "paused"])
    ],
    "held": [("display_state", "=", "held")],
    "waiting_id": [("display_state", "=", "waiting_id")],
    "given_up": [("display_state", "=", "differs"), ("cause", "=", "skipped")],
    "by_hand": [("display_state", "=", "paused"), ("cause", "=", "paused")],
}
TO_APPROVE = [("state", "=", "to_approve")]
#: Whom SPAR has confirmed, unless a comparison has found something else there.
CONFIRMED = [("display_state", "=", "in_sync")]
#: Registrants whose first address the engine has not taken up.
NEW = [("state", "=", "ended"), ("display_state", "in", [*MOVING_SHOWN])]
#: The views of the lists behind the numbers.
VIEWS = {
    "g2p.spar.mapping": ("list", "kanban", "graph", "pivot", "form"),
    "g2p.spar.change": ("list", "kanban", "graph", "pivot", "form"),
    "g2p.financial.address": ("list", "form", "graph", "pivot"),
    "g2p.spar.key": ("list", "form"),
}
#: Seconds after which the last count of all registrants is not called fresh.
STALE = 300


class G2pSparOverview(models.AbstractModel):
    """The first screen of the app: whether payments reach SPAR, and what is to be done.

    Every number is counted with the domain of the list it opens. The number of queries
    depends only on the number of connections, and each query uses an index that
    contains only the rows it counts: see ``docs/decisions/0022-overview.md``. What
    stops sending is found in ``g2p_spar_incidents.py``.
    """

    _name = "g2p.spar.overview"
    _description = "Overview of SPAR"

    @api.model
    def get(self):
        """Return everything the overview shows.

        :rtype: dict
        :raise AccessError: when the user is no SPAR operator
        """
        connections = self.env["g2p.spar.connection"].search([("id", "!=", False)])
        connections.check_access("read")
        self.env["g2p.spar.mapping"]._check_operator()
        facts = self._facts(connections)
        newest = self._newest(connections)
        counted_at = min(newest.mapped("write_date"), default=None)
        runner = connections.runner_texts()
        incidents = self._incidents(connections, facts, runner)
        work = self._work()
        guide = self.env["g2p.spar.guide"]._steps(connections)
        return {
            "manager": connections.has_access("write"),
            "now": fields.Datetime.to_string(fields.Datetime.now()),
            "light": self._light(
                incidents,
                work,
                guide,
                self._share(newest),
                self._oldest(connections),
                self._sends(connections, incidents),
            ),
            "incidents": incidents,
            "work": work,
            "guide": guide,
            "flow": self._flow(connections),
            "days": self._days(connections, counted_at),
            "lists": self._lists(connections),
            "connections": [
                self._card(connection, facts[connection.id])
                for connection in connections
            ],
            "freshness": self._freshness(counted_at, not runner),
        }

    # === NUMBERS === #

    def _flow(self, connections):
        """Return today's way of addresses to SPAR, as four numbers."""
        today = fields.Datetime.to_string(self._midnight())
        entered = [("create_date", ">=", today)]
        # With the connections, as the index has them first.
        mine = ("connection_id", "in", connections.ids)
        confirmed = [mine, ("confirmed_at", ">=", today)]
        steps = [
            (
                "entered",
                self.env._("Entered today"),
                "g2p.financial.address",
                entered,
            ),
            (
                "to_approve",
                self.env._("To approve"),
                "g2p.financial.address",
                TO_APPROVE,
            ),
            (
                "to_send",
                self.env._("To send"),
                "g2p.spar.mapping",
                DOMAINS["to_send"],
            ),
            (
                "confirmed",
                self.env._("Confirmed today"),
                "g2p.spar.change",
                confirmed,
            ),
        ]
        return [self._number(*step) for step in steps]

    def _number(self, name, label, model, domain):
        count = self.env[model].search_count(domain, limit=LIMIT + 1)
        return {
            "name": name,
            "label": label,
            "count": min(count, LIMIT),
            "more": count > LIMIT,
            "action": self._list(label, model, domain),
        }

    def _list(self, name, model, domain, group_by=None):
        """Return the action that opens a list of what was counted."""
        views = [(False, view) for view in VIEWS.get(model, ("list",))]
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "views": views,
            "domain": domain,
            "context": {"group_by": group_by} if group_by else {},
        }

    def _share(self, newest):
        """Return the share of the registrants with an address that SPAR has confirmed.

        Up to :data:`LIMIT` registrants are counted now, more are taken from the last
        count.

        :param newest: the last count of each connection
        """
        Mapping = self.env["g2p.spar.mapping"]
        registrants = Mapping.search_count([("state", "!=", "ended")], limit=LIMIT + 1)
        if registrants > LIMIT:
            registrants = sum(tally.registrants for tally in newest)
            differing = self.env["g2p.spar.reconciliation.line"].search_count(
                DRIFT, limit=LIMIT
            )
            good = max(0, sum(tally.in_sync for tally in newest) - differing)
        else:
            good = Mapping.search_count(CONFIRMED)
            # Entered, and not taken up by the engine yet.
            registrants += Mapping.search_count(NEW, limit=LIMIT)
        return {
            "percent": _percent(good, registrants),
            "registrants": registrants,
            "action": self._list(self.env._("Confirmed"), Mapping._name, CONFIRMED),
        }

    def _newest(self, connections):
        """Return the last count of each connection.

        :rtype: ``g2p.spar.tally``
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT (SELECT t.id FROM g2p_spar_tally t
                            WHERE t.connection_id = k.id
                            ORDER BY t.hour DESC LIMIT 1)
                     FROM g2p_spar_connection k WHERE k.id = ANY(%s)""",
                connections.ids,
            )
        )
        return self.env["g2p.spar.tally"].sudo().browse(id_ for (id_,) in rows if id_)

    def _oldest_moment(self, connections):
        """Return when the oldest change on its way was made, or None.

        Of the user's companies, as its record rule says.
        """
        self.env.flush_all()
        own = SQL("TRUE")
        if not self.env.su:
            own = SQL(
                "(change.company_id IS NULL OR change.company_id = ANY(%s))",
                self.env.companies.ids,
            )
        [(moment,)] = self.env.execute_query(
            SQL(
                """SELECT min(moment) FROM (
                       SELECT (SELECT change.create_date FROM g2p_spar_change change
                                WHERE change.connection_id = k.id
                                  AND change.state = 'queued' AND %(own)s
                                ORDER BY change.create_date, change.id
                                LIMIT 1) AS moment
                         FROM g2p_spar_connection k WHERE k.id = ANY(%(connections)s)
                       UNION ALL
                       SELECT min(change.create_date) FROM g2p_spar_mapping m
                         JOIN g2p_spar_change change ON change.id = m.wanted_change_id
                        WHERE m.connection_id = ANY(%(connections)s)
                          AND m.state IN %(moving)s
                          AND m.paused IS NOT TRUE AND %(own)s) AS waiting""",
                own=own,
                connections=connections.ids,
                moving=MOVING,
            )
        )
        return moment

    def _oldest(self, connections):
        """Return the time of the oldest change on its way, and the list of them."""
        moment = self._oldest_moment(connections)
        return {
            "since": moment and fields.Datetime.to_string(moment),
            "action": self._list(
                self.env._("On their way"),
                "g2p.spar.mapping",
                DOMAINS["on_its_way"] if moment else [("id", "=", 0)],
                ["age"],
            ),
        }

    # === THE LAST DAYS === #

    def _zone(self):
        return pytz.timezone(time_zone(self.env) or "UTC")

    def _midnight(self, days=0):
        """Return when the user's day began, in UTC.

        :param int days: how many days ago
        """
        zone = self._zone()
        today = pytz.utc.localize(fields.Datetime.now()).astimezone(zone).date()
        midnight = fields.Datetime.to_datetime(today - timedelta(days=days))
        return zone.localize(midnight).astimezone(pytz.utc).replace(tzinfo=None)

    def _days(self, connections, counted_at):
        """Return the numbers of each of the last days, the oldest first.

        Counted in the background, plus what happened since that count, or today. A day
        of which nothing was counted has no numbers.

        :param datetime counted_at: the moment of the last count, or None
        """
        first = self._midnight(DAYS - 1)
        rows = self.env.execute_query(
            SQL(
                """SELECT (hour AT TIME ZONE 'UTC' AT TIME ZONE %s)::date,
                          sum(sent), sum(failed - COALESCE(refused, 0)),
                          sum(COALESCE(refused, 0))
                     FROM g2p_spar_tally
                    WHERE connection_id = ANY(%s) AND hour >= %s GROUP BY 1""",
                self._zone().zone,
                connections.ids,
                first,
            )
        )
        found = {day: numbers for day, *numbers in rows}
        today = self._zone().fromutc(fields.Datetime.now()).date()
        since = max(counted_at or self._midnight(), self._midnight())
        numbers = found.setdefault(today, [0, 0, 0])
        for position, number in enumerate(self._since(connections, since)):
            numbers[position] += number
        days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
        return [
            {
                "day": fields.Date.to_string(day),
                "numbers": [int(number) for number in found[day]]
                if day in found
                else None,
            }
            for day in days
        ]

    def _since(self, connections, moment):
        """Return how many were confirmed, tried again and refused since a moment."""
        mine = ("connection_id", "in", connections.ids)
        attempts = [mine, ("create_date", ">", moment)]
        Attempt = self.env["g2p.spar.attempt"]
        return (
            self.env["g2p.spar.change"].search_count(
                [mine, ("confirmed_at", ">", moment)], limit=LIMIT
            ),
            Attempt.search_count(
                [*attempts, ("outcome", "not in", REFUSALS)], limit=LIMIT
            ),
            Attempt.search_count([*attempts, ("outcome", "in", REFUSALS)], limit=LIMIT),
        )

    def _lists(self, connections):
        """Return the actions that list what the days count."""
        first = fields.Datetime.to_string(self._midnight(DAYS - 1))
        mine = ("connection_id", "in", connections.ids)
        confirmed = [mine, ("confirmed_at", ">=", first)]
        attempts = [mine, ("create_date", ">=", first)]
        retried = [*attempts, ("outcome", "not in", REFUSALS)]
        refused = [*attempts, ("outcome", "in", REFUSALS)]
        return [
            self._list(self.env._("Confirmed"), "g2p.spar.change", confirmed),
            self._list(self.env._("Tried again"), "g2p.spar.attempt", retried),
            self._list(self.env._("Refused"), "g2p.spar.attempt", refused),
        ]

    # === WHAT NEEDS YOU === #

    def _work(self):
        """Return what waits for people: first what keeps registrants from SPAR."""
        found = [
            *self._causes(),
            *self._drift_causes(),
            self._not_compared(),
            self._waiting(
                "waiting_id",
                self.env._("These registrants have no ID yet."),
                self.env._("Enter IDs"),
            ),
            self._waiting(
                "by_hand",
                self.env._("Paused by an operator, one by one."),
                self.env._("Resume"),
            ),
            self._waiting(
                "given_up",
                self.env._("Given up by a person: SPAR keeps what it has."),
                self.env._("Look"),
            ),
            *self._keys(),
            *self.env["g2p.fa.work"].entries(),
        ]
        return [entry for entry in found if entry]

    def _waiting(self, name, text, button):
        action = self._list(text, "g2p.spar.mapping", DOMAINS[name])
        return self.env["g2p.fa.work"].entry(
            name, text, button, "g2p.spar.mapping", DOMAINS[name], action
        )

    def _causes(self):
        """Return one entry per cause that keeps registrants from SPAR."""
        Mapping = self.env["g2p.spar.mapping"]
        labels = dict(Mapping._fields["cause"]._description_selection(self.env))
        return [
            self._cause(
                "held",
                labels.get(cause, cause),
                self.env._("Correct"),
                Mapping._name,
                [*DOMAINS["held"], ("cause", "=", cause)],
                numbers,
            )
            for cause, *numbers in Mapping._read_group(
                DOMAINS["held"],
                ["cause"],
                # It is not written while it waits for a person.
                ["__count", "write_date:min"],
                order="__count desc",
            )
        ]

    def _drift_causes(self):
        Line = self.env["g2p.spar.reconciliation.line"]
        labels = dict(Line._fields["kind"]._description_selection(self.env))
        return [
            self._cause(
                "drift",
                labels[kind],
                self.env._("Compare"),
                Line._name,
                [*DRIFT, ("kind", "=", kind)],
                numbers,
            )
            for kind, *numbers in Line._read_group(
                DRIFT, ["kind"], ["__count", "create_date:min"]
            )
        ]

    def _not_compared(self):
        """Return the entry of registrants whom a comparison could not compare."""
        text = self.env._("SPAR gave no clear answer")
        model = "g2p.spar.reconciliation.line"
        action = self._list(text, model, NOT_COMPARED)
        button = self.env._("Look")
        return self.env["g2p.fa.work"].entry(
            "unclear", text, button, model, NOT_COMPARED, action
        )

    def _cause(self, name, label, button, model, domain, numbers):
        count, since = numbers
        return {
            "name": name,
            "text": label,
            "count": count,
            "more": False,
            "since": since and fields.Datetime.to_string(since),
            "button": button,
            "action": self._list(label, model, domain),
        }

    def _keys(self):
        """Return the entry of signing keys in use that end soon."""
        keys = self.env["g2p.spar.key"].search([("use_from", "!=", False)])
        ending = keys.filtered(
            lambda key: (
                key.state in ("current", "next") and key.validity in ("soon", "expired")
            )
        )
        if not ending:
            return []
        end = min(ending.mapped("not_after"))
        days = max(0, (end - fields.Datetime.now()).days)
        text = (
            self.env._("A signing key ends in %s days. Then nothing is sent.", days)
            if days
            else self.env._("A signing key has ended or ends today.")
        )
        domain = [("id", "in", ending.ids)]
        action = self._list(self.env._("Signing keys"), "g2p.spar.key", domain)
        return [
            {
                "name": "keys",
                "text": text,
                "count": len(ending),
                "more": False,
                "since": False,
                "button": self.env._("Look at the key"),
                "action": action,
            }
        ]

    # === IN ONE SENTENCE === #

    def _sends(self, connections, incidents):
        """Return whether something is sent, whatever else is stopped."""
        names = {incident["name"] for incident in incidents}
        return "not_stored" not in names and any(
            connection.state == "running"
            and not {f"away-{connection.id}", f"refusing-{connection.id}"} & names
            for connection in connections
        )

    def _light(self, incidents, work, guide, share, oldest, sends):
        """Return the state of all in words, with the worst first.

        ``level`` is ``stop``, ``warn``, ``ok``, or ``unknown`` where nothing was sent
        yet.
        """
        level = next(
            (level for level in ("stop", "warn") if _has(incidents, level)), None
        )
        if not level and guide:
            level = "unknown"
        if not level and any(entry["name"] in ("held", "drift") for entry in work):
            level = "work"
        words = {
            "stop": self.env._("Not all is sent")
            if sends
            else self.env._("Nothing is sent"),
            "warn": self.env._("Disturbed"),
            "work": self.env._("It flows, but some need you"),
            "unknown": self.env._("Not sending yet"),
            None: self.env._("Everything flows"),
        }
        return {
            "level": level or "ok",
            "word": words[level],
            "share": share,
            "oldest": oldest,
        }

    # === CONNECTIONS === #

    def _facts(self, connections):
        """Return when each SPAR confirmed something last, and has failed since when.

        :rtype: dict[int, tuple]
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT k.id, c.heard, a.failing
                     FROM g2p_spar_connection k
                     LEFT JOIN LATERAL (
                          SELECT confirmed_at AS heard FROM g2p_spar_change
                           WHERE connection_id = k.id AND confirmed_at IS NOT NULL
                           ORDER BY confirmed_at DESC LIMIT 1) c ON TRUE
                     LEFT JOIN LATERAL (
                          SELECT create_date AS failing FROM g2p_spar_attempt
                           WHERE connection_id = k.id
                             AND create_date > COALESCE(c.heard, '-infinity')
                             AND outcome IN ('transient', 'ambiguous')
                           ORDER BY create_date LIMIT 1) a ON TRUE
                    WHERE k.id = ANY(%s)""",
                connections.ids,
            )
        )
        return {id_: (heard, failing) for id_, heard, failing in rows}

    def _card(self, connection, facts):
        heard = facts[0]
        if connection.tested_at and not connection.test_problem:
            heard = max(heard or connection.tested_at, connection.tested_at)
        state = self._state_of(connection, facts)
        words = {
            "draft": self.env._("Not started"),
            "running": self.env._("Running"),
            "silent": self.env._("Running: SPAR was not asked yet"),
            "failing": self.env._("SPAR did not answer"),
            "away": self.env._("SPAR cannot be reached"),
            "refusing": self.env._("SPAR fails on every change"),
            "new_key": self.env._("SPAR does not accept the new key yet"),
            "paused": self.env._("Paused: nothing is sent"),
        }
        if state == "running" and not heard:
            state = "silent"
        return {
            "id": connection.id,
            "name": connection.name,
            "state": state,
            "words": words[state],
            "heard": heard and fields.Datetime.to_string(heard),
            "test": connection.tested_at
            and {
                "at": fields.Datetime.to_string(connection.tested_at),
                "passed": not connection.test_problem,
                "text": connection.test_problem
                or self.env._("SPAR answered and accepted the signature."),
            },
            # Otherwise that is the button of the incident, or decided on the form.
            "resume": state == "paused" and bool(connection.pause_cause),
        }

    def _state_of(self, connection, facts):
        """Return the state of a connection as people see it."""
        if connection.state != "running":
            return connection.state
        if connection.changes_problem:
            return "refusing"
        if connection.breaker_state != "closed":
            return "away"
        if connection.key_retry_at:
            return "new_key"
        heard = facts[0]
        failed = connection.breaker_failures or (
            # A test that failed counts until SPAR has confirmed something again.
            connection.test_problem and not (heard and heard > connection.tested_at)
        )
        return "failing" if failed else "running"

    # === FRESHNESS === #

    def _freshness(self, counted_at, runs):
        """Return how old what is shown is, and whether work in the background runs.

        :param datetime counted_at: the moment of the last count, or None
        :param bool runs: whether jobs are run
        """
        now = fields.Datetime.now()
        sweep = self._cron("g2p_spar_sync_queue.cron_sweep")
        compared = self.env["g2p.spar.reconciliation"].search(
            [("state", "=", "done")], limit=1
        )
        found = [
            ("sweeper", self.env._("Sweeper"), sweep.lastcall),
            ("counted", self.env._("Registrants counted"), counted_at),
            ("compared", self.env._("Compared with SPAR"), compared.finished_at),
        ]
        return [
            {
                "name": "wake_ups",
                "label": self.env._("Wake-ups"),
                "word": self.env._("running") if runs else self.env._("not running"),
                "late": not runs,
                "since": False,
            },
            *(
                {
                    "name": name,
                    "label": label,
                    "word": "" if moment else self.env._("not yet"),
                    "late": bool(moment)
                    and name != "compared"
                    and (now - moment).total_seconds() > STALE,
                    "since": moment and fields.Datetime.to_string(moment),
                }
                for name, label, moment in found
            ),
        ]

    def _cron(self, name):
        """Return a scheduled action, as superuser; empty if it was deleted."""
        found = self.env.ref(name, False)
        return (found or self.env["ir.cron"]).sudo()


def _has(incidents, level):
    return any(incident["level"] == level for incident in incidents)


def _percent(part, whole):
    """Return a percentage, rounded down: 100 only if all are in sync.

    >>> _percent(999_999, 1_000_000), _percent(3, 3), _percent(0, 0)
    (99.9, 100.0, None)
    """
    if not whole:
        return None
    return int(1000 * min(part, whole) / whole) / 10
