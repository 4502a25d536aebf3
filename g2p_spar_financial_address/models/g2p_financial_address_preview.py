from collections import namedtuple

from odoo import api, models
from odoo.exceptions import UserError

from ..const import PAYEE_FIELDS, PROOFS, VALUE_FIELD
from ..toolkit.value_checks import describe
from ..values.checks import mask

#: What an entry would change: the address in use or none, the new one (not stored),
#: whether it would wait for a second person, and why it would be refused, if it would.
Preview = namedtuple("Preview", "before after waits problem")


class G2pFinancialAddress(models.Model):
    """What entries would change: nothing is stored.

    The answers depend on no whole number in the registry. Otherwise a person could try
    one candidate after the other, without a trace, until the answer is another one. So
    they do not say whether an address is there already, whether others use it, or
    whether a second person refused it before; entering it does.
    """

    _inherit = "g2p.financial.address"

    @api.private
    @api.model
    def preview(self, entries, channel):
        """Return what :meth:`submit` would make of these entries, and store nothing.

        :param list entries: of :meth:`check_entries`, without errors, checked with the
            mark ``TRIAL``
        :param str channel: one of :data:`~..const.CHANNELS`
        :return: one for each entry, in the same order
        :rtype: list[Preview]
        """
        partners = self.env["res.partner"].browse(e["partner_id"] for e in entries)
        policy, nothing = self.env["g2p.fa.policy"], self.browse()
        in_use = self._in_use(partners)
        current = self._find_known(entries)._current()
        wanted = self.sudo().concat(
            *(
                self._as_new(
                    {
                        **self._with_payee(entry, current.get(partner.id, nothing)),
                        "channel": channel,
                    }
                )
                for entry, partner in zip(entries, partners, strict=True)
            )
        )
        ways = {address: address._judged_channels() for address in wanted}
        asks = any(map(policy._asks, set().union(*ways.values())))
        types = partners._paid_types() if asks else {}
        problems = wanted.filtered("dfsp_id")._payment_problems()
        return [
            Preview(
                in_use.get(address.partner_id, nothing),
                address,
                bool(address.approval_cause)
                or any(
                    policy.asks_approval(fa_type, way)
                    for fa_type in {
                        address.fa_type,
                        *types.get(address.partner_id.id, ()),
                    }
                    for way in ways[address]
                ),
                problems.get(address),
            )
            for address in wanted
        ]

    def _as_new(self, entry):
        values = {name: entry[name] for name in entry if name not in PROOFS}
        number = entry[VALUE_FIELD[entry["fa_type"]]]
        return self.sudo().new({**values, "masked": mask(number)})

    def _payment_problems(self):
        """Return why these could not be paid, by address; checked as few at once."""
        if not self:
            return {}
        try:
            self._check_payable()
        except UserError as problem:
            if len(self) == 1:
                return {self: str(problem)}
            half = len(self) // 2
            return {
                **self[:half]._payment_problems(),
                **self[half:]._payment_problems(),
            }
        return {}

    def _shown(self):
        """Return the address in words, with its number masked."""
        place = describe(self), self.branch_id.name, self.holder_name
        parts = *place, self.payee_text()
        return " · ".join(part for part in parts if part)

    def _looks_like(self, other):
        """Return whether both look the same to a user who sees them masked.

        A holder and a branch that one of them does not name may be any.
        """
        same = ("dfsp_id", "masked", *PAYEE_FIELDS)
        return all(self[name] == other[name] for name in same) and all(
            not self[name] or not other[name] or self[name] == other[name]
            for name in ("branch_id", "holder_name")
        )
