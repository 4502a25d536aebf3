from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.g2p_spar_sync_queue.engine.store import MOVING
from odoo.addons.g2p_spar_sync_queue.engine.wake_up import wake_up

from .g2p_spar_tally import HOURS

#: The highest number that is counted, as in Odoo's own lists.
LIMIT = 10_000
#: What the numbers of the overview count.
DOMAINS = {
    "on_its_way": [("display_state", "in", ["on_its_way", "retrying", "checking"])],
    "held": [("display_state", "=", "held")],
    "waiting_id": [("display_state", "=", "waiting_id")],
    "differs": [("display_state", "=", "differs")],
    "paused": [("display_state", "=", "paused")],
}
OPEN_DRIFT = [("state", "=", "open")]
#: The views of the lists behind the numbers.
VIEWS = {
    "g2p.spar.mapping": ("list", "kanban", "graph", "pivot", "form"),
    "g2p.spar.change": ("list", "kanban", "graph", "pivot", "form"),
}


class G2pSparOverview(models.AbstractModel):
    """The first screen of the app: the current state, and what needs attention.

    Every number is counted with the domain of the list it opens. The number of queries
    depends only on the number of connections, and each query uses an index that
    contains only the rows it counts: see ``docs/decisions/0022-overview.md``.
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
        return {
            "manager": connections.has_access("write"),
            "troubles": self._troubles(),
            "guide": self.env["g2p.spar.guide"]._steps(connections),
            "connections": [self._card(connection) for connection in connections],
            "share": self._share(connections),
            "numbers": self._numbers(),
            "oldest": self._oldest(),
            "hours": self._hours(connections),
            "lists": self._lists(connections),
            "causes": self._causes(),
        }

    # === NUMBERS === #

    def _numbers(self):
        labels = {
            "on_its_way": self.env._("On their way"),
            "held": self.env._("Need attention"),
            "waiting_id": self.env._("Waiting for ID"),
            "differs": self.env._("Skipped or cancelled"),
            "paused": self.env._("Paused"),
        }
        Mapping = self.env["g2p.spar.mapping"]
        numbers = [
            self._number(name, label, Mapping, DOMAINS[name])
            for name, label in labels.items()
        ]
        Line = self.env["g2p.spar.reconciliation.line"]
        label = self.env._("Differ at SPAR")
        return [*numbers, self._number("drift", label, Line, OPEN_DRIFT)]

    def _number(self, name, label, model, domain):
        count = model.search_count(domain, limit=LIMIT + 1)
        return {
            "name": name,
            "label": label,
            "value": min(count, LIMIT),
            "more": count > LIMIT,
            "action": self._list(label, model._name, domain),
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

    def _share(self, connections):
        """Return the share of the registrants with an address that is in sync.

        Up to :data:`LIMIT` registrants are counted now, more are taken from the last
        count.
        """
        Mapping = self.env["g2p.spar.mapping"]
        paid = [("state", "!=", "ended")]
        in_sync = [("display_state", "=", "in_sync")]
        registrants = Mapping.search_count(paid, limit=LIMIT + 1)
        moment = fields.Datetime.now()
        if registrants > LIMIT:
            newest = self._newest(connections)
            registrants = sum(tally.registrants for tally in newest)
            good = sum(tally.in_sync for tally in newest)
            moment = min(newest.mapped("write_date"), default=moment)
        else:
            good = Mapping.search_count(in_sync)
        label = self.env._("In sync")
        return {
            "percent": _percent(good, registrants),
            "label": label,
            "as_of": fields.Datetime.to_string(moment),
            "action": self._list(label, Mapping._name, in_sync),
        }

    def _newest(self, connections):
        Tally = self.env["g2p.spar.tally"].sudo()
        this_hour = fields.Datetime.now() - timedelta(hours=HOURS)
        tallies = Tally.search(
            [("connection_id", "in", connections.ids), ("hour", ">=", this_hour)]
        )
        newest = Tally.browse()
        for _connection, group in tallies.grouped("connection_id").items():
            newest |= group[:1]
        return newest

    def _oldest(self):
        """Return the time of the oldest change on its way."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT min(moment) FROM (
                       SELECT (SELECT c.create_date FROM g2p_spar_change c
                                WHERE c.connection_id = k.id AND c.state = 'queued'
                                ORDER BY c.create_date, c.id LIMIT 1) AS moment
                         FROM g2p_spar_connection k
                       UNION ALL
                       SELECT min(w.create_date) FROM g2p_spar_mapping m
                         JOIN g2p_spar_change w ON w.id = m.wanted_change_id
                        WHERE m.state IN %s AND m.paused IS NOT TRUE) AS waiting""",
                MOVING,
            )
        )
        moment = rows[0][0]
        return {
            "label": self.env._("Oldest waiting"),
            "since": moment and fields.Datetime.to_string(moment),
            "seconds": moment
            and max(0, int((fields.Datetime.now() - moment).total_seconds())),
            "action": self._list(
                self.env._("On their way"),
                "g2p.spar.mapping",
                DOMAINS["on_its_way"] if moment else [("id", "=", 0)],
                ["age"],
            ),
        }

    def _hours(self, connections):
        """Return the numbers of sent and failed changes in each of the last hours.

        Counted in the background, plus the changes since that count.
        """
        now = self._this_hour()
        first = now - timedelta(hours=HOURS - 1)
        mine = [("connection_id", "in", connections.ids)]
        rows = (
            self.env["g2p.spar.tally"]
            .sudo()
            ._read_group(
                [*mine, ("hour", ">=", first)],
                ["hour:hour"],
                ["sent:sum", "failed:sum", "write_date:max"],
            )
        )
        found = {hour: [sent, failed] for hour, sent, failed, _date in rows}
        since = max((date for *_numbers, date in rows), default=first)
        newest = found.setdefault(now, [0, 0])
        for position, (name, date) in enumerate(
            {"change": "confirmed_at", "attempt": "create_date"}.items()
        ):
            newest[position] += self.env[f"g2p.spar.{name}"].search_count(
                [*mine, (date, ">", since)], limit=LIMIT
            )
        hours = [first + timedelta(hours=number) for number in range(HOURS)]
        return [
            {
                "hour": fields.Datetime.to_string(hour),
                "sent": found.get(hour, (0, 0))[0],
                "failed": found.get(hour, (0, 0))[1],
            }
            for hour in hours
        ]

    def _this_hour(self):
        return fields.Datetime.now().replace(minute=0, second=0, microsecond=0)

    def _lists(self, connections):
        """Return the actions that list sent and failed changes of these hours."""
        first = self._this_hour() - timedelta(hours=HOURS - 1)
        first = fields.Datetime.to_string(first)
        mine = ("connection_id", "in", connections.ids)
        return {
            "sent": self._list(
                self.env._("Sent"),
                "g2p.spar.change",
                [mine, ("confirmed_at", ">=", first)],
            ),
            "failed": self._list(
                self.env._("Attempts that failed"),
                "g2p.spar.attempt",
                [mine, ("create_date", ">=", first)],
            ),
        }

    # === WORK IN THE BACKGROUND === #

    def _troubles(self):
        """Return the problems that stop work in the background, each in words.

        :return: each with a name, a text, and the button that solves it, if there is
            one
        :rtype: list of dict
        """
        texts = self.env["g2p.spar.connection"].runner_texts()
        ours, others = self.env["g2p.spar.job"].count_unreadable()
        if ours:
            texts["unreadable_jobs"] = self.env._(
                "%s background jobs cannot be started, for example because the user "
                "they belong to was deleted. They hold up all others. Nothing is lost "
                "when they are set aside: what is due is found again.",
                ours,
            )
        if others:
            texts["foreign_jobs"] = self.env._(
                "%s background jobs of other apps cannot be started and may hold up "
                "those of SPAR. An administrator can cancel them under Job Queue.",
                others,
            )
        sweeper = self.env.ref("g2p_spar_sync_queue.cron_sweep", False)
        if not (sweeper and sweeper.sudo().active):
            texts["no_sweeper"] = self.env._(
                "The scheduled action “SPAR: send what was left behind” is switched "
                "off. A change whose job is lost is not sent. An administrator can "
                "switch it on again under Scheduled Actions."
            )
        buttons = {"unreadable_jobs": self.env._("Set aside")}
        return [
            {"name": name, "text": text, "button": buttons.get(name, "")}
            for name, text in texts.items()
        ]

    @api.model
    def action_set_aside_jobs(self):
        """Cancel our jobs that cannot be started, and schedule their work again.

        :raise AccessError: when the user is no SPAR manager
        """
        Connection = self.env["g2p.spar.connection"]
        Connection.check_access("write")
        self.env["g2p.spar.job"].set_aside()
        wake_up(Connection.search([("state", "=", "running")]))
        running = [("state", "=", "running")]
        for name in ("g2p.spar.reconciliation", "g2p.fa.bulk"):
            self.env[name].sudo().search(running)._wake_up()

    # === WHAT NEEDS YOU === #

    def _causes(self):
        """Return one line per cause, with the list of the mappings it stops."""
        labels = dict(
            self.env["g2p.spar.mapping"]
            ._fields["cause"]
            ._description_selection(self.env)
        )
        held = DOMAINS["held"]
        rows = self.env["g2p.spar.mapping"]._read_group(
            held, ["cause"], ["__count"], order="__count desc"
        )
        lines = [
            {
                "label": labels.get(cause, cause),
                "count": count,
                "action": self._list(
                    labels.get(cause, cause),
                    "g2p.spar.mapping",
                    [*held, ("cause", "=", cause)],
                ),
            }
            for cause, count in rows
        ]
        return lines + self._drift_causes()

    def _drift_causes(self):
        Line = self.env["g2p.spar.reconciliation.line"]
        labels = dict(Line._fields["kind"]._description_selection(self.env))
        rows = Line._read_group(OPEN_DRIFT, ["kind"], ["__count"])
        return [
            {
                "label": labels[kind],
                "count": count,
                "action": self._list(
                    labels[kind], Line._name, [*OPEN_DRIFT, ("kind", "=", kind)]
                ),
            }
            for kind, count in rows
        ]

    # === CONNECTIONS === #

    def _card(self, connection):
        state = connection.state
        if state == "running" and connection.breaker_state != "closed":
            state = "away"
        words = {
            "draft": self.env._("Not started"),
            "running": self.env._("Running: SPAR answers"),
            "away": self.env._(
                "SPAR cannot be reached. The connection tries again automatically."
            ),
            "paused": self.env._("Paused: nothing is sent"),
        }
        until = state == "away" and connection.breaker_until
        return {
            "id": connection.id,
            "name": connection.name,
            "state": state,
            "words": words[state],
            "reason": connection.pause_reason or "",
            "again_at": until and fields.Datetime.to_string(until),
            # Decided on the form only, where it is explained.
            "restored": connection.is_other_database,
        }


def _percent(part, whole):
    """Return a percentage, rounded down: 100 only if all are in sync.

    >>> _percent(999_999, 1_000_000), _percent(3, 3), _percent(0, 0)
    (99.9, 100.0, None)
    """
    if not whole:
        return None
    return int(1000 * min(part, whole) / whole) / 10
