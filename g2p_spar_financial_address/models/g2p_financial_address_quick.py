from odoo import api, fields, models
from odoo.tools import SQL

from ..const import VALUE_FIELD
from .g2p_financial_address_import import SAME_PLACE


class G2pFinancialAddress(models.Model):
    """The short way in, for one address that nothing stands against.

    Somebody waits for it, and it is what nearly everybody has: no second person looks
    at it, nobody else is paid there, nothing waits. It ends in the same rows as the
    ordinary way, in a tenth of the statements. Whatever is special goes that one.
    """

    _inherit = "g2p.financial.address"

    def _enter_one(self, values):
        """Enter one address, unless it is there already.

        :param dict values: as the ordinary way has them, clean; that they are a
            registrant's has been checked
        :return: the address, the new one or the one that is there
        :raise ValidationError: when it may not take effect; nothing is stored then
        """
        values = self._with_branch(values)
        return self._enter_quickly(values) or self._enter_changes([values])

    def _enter_quickly(self, values):
        """Return the address as :meth:`_enter_one`, nothing where it is not so easy."""
        if not self._may_enter_quickly(values):
            return self.browse()
        rows = self._find_quickly(values)
        # Without a row their payment data is leaving, with two something waits.
        if len(rows) != 1 or rows[0]["state"] not in (None, "effective"):
            return self.browse()
        (row,) = rows
        if row["same"]:
            return self.browse(row["id"])
        approve = self.env["g2p.fa.policy"]._approve
        if row["shared"] or (
            row["last_type"] and approve(row["last_type"], values["channel"])
        ):
            return self.browse()
        address = self._replace_quickly(values, row)
        partner = self.env["res.partner"].browse(values["partner_id"])
        partner._financial_address_changed(values["channel"])
        return address

    def _may_enter_quickly(self, values):
        """Return whether the rules let this take effect as it is.

        :raise ValidationError: when SPAR could not read it back
        """
        policy = self.env["g2p.fa.policy"]
        fa_type = values["fa_type"]
        dfsp = self.env["g2p.dfsp"].browse(values["dfsp_id"])
        branch = self.env["g2p.dfsp.branch"].browse(values["branch_id"])
        if (
            policy._approve(fa_type, values["channel"])
            # Files and the like are stored elsewhere.
            or any(v for name, v in values.items() if not self._is_column(name))
            # The others need to meet who enters the same number at this moment.
            or policy._on_sharing(fa_type) not in ("allow", "warn")
            or not dfsp.active
            or dfsp.fa_type != fa_type
            or (branch and (branch.dfsp_id != dfsp or not branch.active))
            or (dfsp.branch_required and not branch)
        ):
            return False
        parts = self._provider_parts(fa_type, dfsp, branch)
        value = VALUE_FIELD[fa_type]
        strategy = dfsp.strategy_id
        strategy.fetch(["kind", "template", "fa_type_code"])
        strategy._construct({**parts, value: values[value]})
        return True

    def _is_column(self, name):
        field = self._fields[name]
        return field.store and bool(field.column_type)

    def _find_quickly(self, values):
        """Return the registrant, once with each address that is not history."""
        self.flush_model(
            ["partner_id", "state", "fingerprint", "effective_date", *SAME_PLACE]
        )
        self.env["res.partner"].flush_model(["company_id", "payment_removal_date"])
        same = SQL(" AND ").join(
            SQL(
                "%s IS NOT DISTINCT FROM %s",
                SQL.identifier("a", name),
                values[name] or None,
            )
            for name in SAME_PLACE
        )
        watched = self.env["g2p.fa.policy"]._on_sharing(values["fa_type"]) != "allow"
        self.env.cr.execute(
            SQL(
                """SELECT p.company_id, a.id, a.state, a.id IS NOT NULL AND %s AS same,
                          %s AND EXISTS (
                              SELECT FROM g2p_financial_address other
                               WHERE other.fingerprint = %s
                                 AND other.state IN ('to_approve', 'effective')
                                 AND other.partner_id != p.id) AS shared,
                          (SELECT last.fa_type FROM g2p_financial_address last
                            WHERE last.partner_id = p.id
                              AND last.effective_date IS NOT NULL
                            ORDER BY last.effective_date DESC, last.id DESC
                            LIMIT 1) AS last_type
                     FROM res_partner p
                     LEFT JOIN g2p_financial_address a
                       ON a.partner_id = p.id
                      AND a.state IN ('draft', 'to_approve', 'effective')
                    WHERE p.id = %s AND p.payment_removal_date IS NULL""",
                same,
                watched,
                values["fingerprint"],
                values["partner_id"],
            ),
            # The log would show the number.
            log_exceptions=False,
        )
        return self.env.cr.dictfetchall()

    def _replace_quickly(self, values, row):
        """End what is in use, if anything, and put this in its place."""
        moment = SQL("now() AT TIME ZONE 'UTC'")
        right_now = fields.Datetime.now()
        stamps = {"write_uid": self.env.uid, "write_date": moment}
        if row["id"]:
            ended = {
                "state": "ended",
                "end_date": right_now,
                "ended_by_id": self.env.uid,
                "decision_note": self.env._("Replaced by a newer address."),
                **stamps,
            }
            sets = [SQL("%s = %s", SQL.identifier(n), v) for n, v in ended.items()]
            self.env.cr.execute(
                SQL(
                    "UPDATE g2p_financial_address SET %s WHERE id = %s",
                    SQL(", ").join(sets),
                    row["id"],
                )
            )
        new = {
            **{n: value or None for n, value in values.items() if self._is_column(n)},
            "company_id": row["company_id"],
            "previous_id": row["id"],
            "state": "effective",
            "effective_date": right_now,
            "create_uid": self.env.uid,
            "create_date": moment,
            **stamps,
        }
        self.env.cr.execute(
            SQL(
                "INSERT INTO g2p_financial_address (%s) VALUES (%s) RETURNING id",
                SQL(", ").join(map(SQL.identifier, new)),
                SQL(", ").join(SQL("%s", value) for value in new.values()),
            ),
            log_exceptions=False,
        )
        (id_,) = self.env.cr.fetchone()
        self._forget_read()
        return self.browse(id_)

    @api.model
    def _forget_read(self):
        """Read anew what depends on the addresses there are."""
        self.invalidate_model(flush=False)
        partners = self.env["res.partner"]
        partners.invalidate_model(
            [
                name
                for name, field in partners._fields.items()
                if field.comodel_name == self._name
            ]
            + ["financial_address_state"],
            flush=False,
        )
