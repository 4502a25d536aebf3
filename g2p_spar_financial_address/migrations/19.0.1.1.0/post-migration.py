from odoo import SUPERUSER_ID, api

CHUNK = 1000


def migrate(cr, version):
    """Give addresses entered before what is stored with each address since."""
    cr.execute(
        "UPDATE g2p_financial_address SET entered_by_id = create_uid"
        " WHERE entered_by_id IS NULL"
    )
    env = api.Environment(cr, SUPERUSER_ID, {})
    Address = env["g2p.financial.address"]
    without = [("masked", "=", False), ("erased_date", "=", False)]
    last = 0
    while found := Address.search(
        [*without, ("id", ">", last)], order="id", limit=CHUNK
    ):
        for address in found:
            address._trusted_write().write(address._derived(address.whole_number()))
        last = found[-1].id
        env.flush_all()
        env.invalidate_all()
