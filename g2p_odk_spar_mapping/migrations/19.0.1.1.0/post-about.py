"""Submissions that were set aside are seen by users of the registrant's company."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Note whom those are about that were set aside or wait."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    rows = env["g2p.odk.submission"].search(
        [
            ("state", "in", ("set_aside", "waiting", "ignored")),
            ("registrant_key", "!=", False),
        ]
    )
    found = env["res.partner"]._spar_find(set(rows.mapped("registrant_key")))
    for key, same in rows.grouped("registrant_key").items():
        if len(found[key]) == 1:
            same.about_id = found[key]
