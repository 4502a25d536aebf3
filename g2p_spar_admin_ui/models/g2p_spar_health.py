from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.g2p_spar_sync_queue.engine.store import MOVING
from odoo.addons.g2p_spar_sync_queue.live.drift import DRIFT

from .g2p_spar_overview import DOMAINS, LIMIT

#: Name, type and meaning of each metric.
METRICS = {
    "spar_registrants": "Registrants with a payment address, as last counted.",
    "spar_in_sync": "Those SPAR confirmed, as last counted.",
    "spar_on_their_way": "Registrants whose change is on its way (at most 10001).",
    "spar_need_attention": "Registrants whose change a person must look at.",
    "spar_waiting_for_id": "Registrants without an ID.",
    "spar_differences": "Differences from SPAR nobody has decided about.",
    "spar_oldest_waiting_seconds": "Age of the oldest change on its way.",
    "spar_connection_running": "1 when sending was not paused.",
    "spar_connection_answers": "1 when SPAR answers.",
    "spar_job_runner": "1 when a job runner works on this database.",
    "spar_unreadable_jobs": "Background jobs that cannot be started.",
}


class G2pSparHealth(models.AbstractModel):
    """The current state in numbers: for monitoring systems, mails and alerts."""

    _name = "g2p.spar.health"
    _description = "Health of SPAR"

    @api.model
    def _figures(self):
        """Return ``{metric: {connection id or None: number}}``: counts and ages.

        :rtype: dict
        """
        connections = (
            self.env["g2p.spar.connection"].sudo().search([("id", "!=", False)])
        )
        newest = self.env["g2p.spar.overview"]._newest(connections)
        Mapping = self.env["g2p.spar.mapping"].sudo()
        Line = self.env["g2p.spar.reconciliation.line"].sudo()
        jobs = self.env["g2p.spar.job"]

        def count(model, domain):
            return {None: model.search_count(domain, limit=LIMIT + 1)}

        return {
            "spar_registrants": {t.connection_id.id: t.registrants for t in newest},
            "spar_in_sync": {t.connection_id.id: t.in_sync for t in newest},
            "spar_on_their_way": count(Mapping, DOMAINS["on_its_way"]),
            "spar_need_attention": count(Mapping, DOMAINS["held"]),
            "spar_waiting_for_id": count(Mapping, DOMAINS["waiting_id"]),
            "spar_differences": count(Line, DRIFT),
            "spar_oldest_waiting_seconds": self._oldest(connections),
            "spar_connection_running": {
                c.id: int(c.state == "running") for c in connections
            },
            "spar_connection_answers": {
                c.id: int(c.breaker_state == "closed") for c in connections
            },
            "spar_job_runner": {None: int(jobs.is_runner_there())},
            "spar_unreadable_jobs": {None: sum(jobs.count_unreadable())},
        }

    @api.model
    def _oldest(self, connections):
        """Return the age in seconds of the oldest change on its way, by connection.

        Changes that a person has paused are not counted.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT k.id, LEAST(
                       (SELECT c.create_date FROM g2p_spar_change c
                         WHERE c.connection_id = k.id AND c.state = 'queued'
                         ORDER BY c.create_date, c.id LIMIT 1),
                       (SELECT min(w.create_date) FROM g2p_spar_mapping m
                          JOIN g2p_spar_change w ON w.id = m.wanted_change_id
                         WHERE m.connection_id = k.id AND m.state IN %s
                           AND m.paused IS NOT TRUE))
                     FROM g2p_spar_connection k WHERE k.id = ANY(%s) ORDER BY k.id""",
                MOVING,
                connections.ids,
            )
        )
        now = fields.Datetime.now()
        return {
            connection: max(0, int((now - moment).total_seconds())) if moment else 0
            for connection, moment in rows
        }

    @api.model
    def _prometheus(self):
        """Return the figures in Prometheus' text format.

        :rtype: str
        """
        lines = []
        for name, numbers in self._figures().items():
            lines.append(f"# HELP {name} {METRICS[name]}")
            lines.append(f"# TYPE {name} gauge")
            for connection, number in numbers.items():
                label = f'{{connection="{connection}"}}' if connection else ""
                lines.append(f"{name}{label} {number}")
        return "\n".join(lines) + "\n"
