"""Enters the address SPAR holds, as a person has decided about a difference."""

from odoo.exceptions import UserError

from odoo.addons.g2p_spar_financial_address.const import EDITOR

from ..engine import store
from ..jobs import on_behalf
from ..live.drift import fingerprint
from ..spar.answers import Item, Outcome
from ..spar.codes import RESOLVE
from ..spar.keys import KeyProblem


def take_over(line):
    """Ask SPAR once more, and enter what it holds.

    The address is entered as the user who decided it, under the approval policy, and
    only if this user still has the rights.

    :param line: a ``g2p.spar.reconciliation.line``
    """
    line.ensure_one()
    row = line.sudo()
    if row.state != "taking":
        return
    own = on_behalf(line, row.decided_by_id)
    if own and _may_take(own):
        problem = _take(own)
    else:
        problem = line.env._(
            "The person who decided this may not enter payment addresses any more."
        )
    if problem:
        row.write({"state": "open", "reason": problem})
    else:
        row.write({"state": "taken", "reason": False})


def _may_take(line):
    """Return whether the user may do what ``action_take`` asks for."""
    can_operate = line.env["g2p.spar.connection"].has_access("read")
    # The registrant may be of another company by now.
    return can_operate and line.has_access("read") and line.env.user.has_group(EDITOR)


def _take(line):
    """Enter what SPAR holds now.

    :param line: with the environment of the person who decided it
    :return: why that is impossible, or None
    """
    mapping = line.sudo().mapping_id
    connection = mapping.connection_id
    item = Item("take", line.sudo().spar_id)
    try:
        with connection._client() as client:
            result = client.send(RESOLVE, [item]).results[item.reference_id]
    except KeyProblem as problem:
        return connection._key_problem_text(problem)
    except UserError as problem:
        return str(problem)
    if mapping._open_changes():
        return line.env._("The registrant's address has changed since.")
    if line.env["g2p.financial.address"].pending_of(line.sudo().partner_id):
        # It would be replaced without a decision.
        return line.env._(
            "Another address of the registrant waits for a second person. Have "
            "that decided first."
        )
    if result.outcome != Outcome.DONE:
        return line.env._("SPAR could not be asked (%s).", result.code)
    if not result.linked:
        return line.env._("SPAR does not hold an address any more.")
    holders = store.holders_of(line.env, connection.id, [item.spar_id])
    if any(id_ != mapping.id for _spar_id, id_ in holders):
        return line.env._("This is the address of another registrant by now.")
    return _enter(line, result)


def _enter(line, result):
    """Enter an address as SPAR holds it, through the channel of the admin form.

    :param ~..spar.answers.Result result: what SPAR holds
    :return: why that is impossible, or None
    """
    env = line.env
    strategies = env["g2p.fa.strategy"].sudo()
    values = strategies._spar_address_values(result.fa, result.strategy_number)
    if not values:
        return env._(
            "What SPAR holds cannot be read with a strategy and provider known here."
        )
    if fingerprint(env, result) != line.sudo().seen:
        return env._("SPAR holds something else by now. Look at it again.")
    entry = {
        **values,
        "partner_id": line.sudo().partner_id.id,
        "reason": env._("Taken over from SPAR"),
    }
    try:
        with env.cr.savepoint():
            env["g2p.financial.address"].submit([entry], "admin")
    except UserError as error:
        return str(error)
    return None
