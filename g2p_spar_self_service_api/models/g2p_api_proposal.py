import hmac
import json
import secrets

from dateutil.relativedelta import relativedelta
from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.const import PAYEE_FIELDS, VALUE_FIELD
from odoo.addons.g2p_spar_financial_address.toolkit.keyed_hash import keyed_hash
from odoo.addons.g2p_spar_financial_address.values import identifiers

from ..exceptions import KeyReused, Refused
from ..registrant_lock import lock_registrant

#: What is read of each on the way. Somebody waits, so nothing else is.
PROVIDER_FIELDS = [
    "name",
    "code",
    "fa_type",
    "active",
    "country_id",
    "account_pattern",
    "branch_required",
    "strategy_id",
]

BRANCH_FIELDS = ["name", "code", "dfsp_id"]

#: Hours for which the same key gets the same answer again, at least.
KEY_HOURS = 24

#: Keys forgotten in one transaction.
CHUNK = 10_000


class G2pApiProposal(models.Model):
    """An address somebody asked for through the API, and how it is referred to there.

    It names the person, so that nobody gets at somebody else's by its ID, and it
    remembers the request for a day: a caller that got no answer sends it again, and is
    given the same answer without a second address.
    """

    _name = "g2p.api.proposal"
    _description = "Proposed payment address"
    _order = "id desc"
    _rec_name = "public_id"
    public_id = fields.Char(
        "ID in the API",
        required=True,
        readonly=True,
        copy=False,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Registrant",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    address_id = fields.Many2one(
        "g2p.financial.address",
        string="Payment address",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    caller = fields.Char(
        required=True,
        readonly=True,
        help="The client or issuer, as it is kept with the calls of the API.",
    )
    accepted_as = fields.Selection(
        [("to_approve", "To approve"), ("on_its_way", "On its way")],
        required=True,
        readonly=True,
        help="What the caller was answered.",
    )
    # Hashes with a key: what they are made of could be guessed otherwise.
    key_hash = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)
    body_hash = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)
    _public_id_unique = models.Constraint("UNIQUE(public_id)")
    _one_per_key = models.UniqueIndex(
        "(partner_id, caller, key_hash) WHERE key_hash IS NOT NULL"
    )
    _of_registrant = models.Index("(partner_id, id)")
    _keys = models.Index("(create_date) WHERE key_hash IS NOT NULL")

    # === PROPOSING === #

    @api.model
    def _propose(self, caller, key, said):
        """Enter the address somebody asks for, once for each key.

        Commits what the transaction did before.

        :param ~..caller.Caller caller: who asks, with the person they act for
        :param str key: the caller's idempotency key
        :param dict said: ``type``, ``provider``, the value by its field's name, and
            ``branch``, ``holder_name``, :data:`PAYEE_FIELDS` and ``reason`` if there
            are any
        :return: what the caller is answered (``id``, ``state``, ``proposed_at``), and
            whether the proposal is a new one
        :rtype: tuple[dict, bool]
        :raise Refused: saying what is wrong with it; nothing is stored
        :raise KeyReused: when the key came with something else before
        """
        companies = self.env.user._get_company_ids()
        # So that nothing reads the user to learn it.
        proposals = self.sudo().with_context(allowed_company_ids=list(companies[:1]))
        hashes = {
            "key_hash": self._hash("key", key),
            "body_hash": self._hash("body", json.dumps(said, sort_keys=True)),
        }
        self._take_turn(caller)
        earlier = proposals._by_key(caller, hashes)
        if earlier:
            return earlier, False
        try:
            return proposals._enter(caller, hashes, said), True
        except UniqueViolation:
            # Somebody in the registry was faster; Odoo runs the request again.
            raise ConcurrencyError("beaten") from None

    @api.model
    def _take_turn(self, caller):
        """Wait for others who act for this person, and then act alone.

        :param ~..caller.Caller caller: who asks, with the person they act for
        :raise ConcurrencyError: when the person has another ID by now: it may be
            another person's, and Odoo looks them up again
        """
        person = caller.partner.sudo()
        spar_id = person.spar_id
        lock_registrant(self.env, person)
        person.invalidate_recordset(["spar_id"], flush=False)
        # Contacts have a hundred columns more.
        person.fetch(["spar_id", *person._spar_fields()])
        if person.spar_id != spar_id:
            raise ConcurrencyError("another ID")

    @api.model
    def _hash(self, what, text):
        return keyed_hash(self.env, f"api|{what}|{text}")

    def _by_key(self, caller, hashes):
        """Return what this key was used for.

        :raise KeyReused: when that was something else
        """
        self.env.cr.execute(
            SQL(
                """SELECT public_id AS id, accepted_as AS state,
                          create_date AS proposed_at, body_hash
                     FROM g2p_api_proposal
                    WHERE partner_id = %s AND caller = %s AND key_hash = %s""",
                caller.partner.id,
                caller.key,
                hashes["key_hash"],
            )
        )
        for earlier in self.env.cr.dictfetchall():
            if not hmac.compare_digest(earlier.pop("body_hash"), hashes["body_hash"]):
                raise KeyReused
            return earlier
        return None

    def _enter(self, caller, hashes, said):
        self._check_person_meant(caller, said.get("holder_name"))
        entry = self._checked_entry(caller.partner, said)
        origin = {"api_caller": caller.name, "api_caller_key": caller.key}
        Address = self.env["g2p.financial.address"]
        try:
            address = Address.submit([entry], "api", [origin])
            self.env.flush_all()
        except UserError as problem:
            raise Refused({"": str(problem)}) from None
        self.env.cr.execute(
            SQL(
                """INSERT INTO g2p_api_proposal
                          (public_id, partner_id, address_id, caller, key_hash,
                           body_hash, accepted_as, create_uid, create_date, write_uid,
                           write_date)
                   SELECT %(public_id)s, partner_id, id, %(caller)s, %(key_hash)s,
                          %(body_hash)s,
                          CASE WHEN state = 'to_approve' THEN state
                               ELSE 'on_its_way' END,
                          %(uid)s, now() AT TIME ZONE 'UTC',
                          %(uid)s, now() AT TIME ZONE 'UTC'
                     FROM g2p_financial_address WHERE id = %(address)s
                RETURNING public_id AS id, accepted_as AS state,
                          create_date AS proposed_at""",
                public_id=secrets.token_urlsafe(16),
                caller=caller.key,
                uid=self.env.uid,
                address=address.id,
                **hashes,
            )
        )
        return self.env.cr.dictfetchone()

    @api.model
    def _validate(self, caller, said):
        """Return what a proposal would change, and store nothing.

        The answer depends on no whole number in the registry, and on no other person.

        :param ~..caller.Caller caller: who asks, with the person they act for
        :param dict said: as for :meth:`_propose`
        :return: the address in use and the proposed one, as their owner may see them,
            and whether a second person would have to approve it
        :rtype: dict
        :raise Refused: saying what is wrong with it
        """
        proposals = self.sudo()
        entry = proposals._checked_entry(caller.partner, said)
        Address = proposals.env["g2p.financial.address"]
        (found,) = Address.preview([entry], "api")
        if found.problem:
            raise Refused({"": found.problem})
        return {
            "before": found.before._api_place() if found.before else None,
            "after": found.after._api_place(),
            "needs_approval": found.waits,
        }

    def _check_person_meant(self, caller, holder):
        """Refuse where the client's ID of the person has lost its zeros.

        Citizens are known by their login: their ID is not typed, and they learn
        nothing of others.

        :raise Refused: when the holder's name is that of another person
        """
        if caller.kind == "client" and caller.partner._spar_meant([holder]):
            message = caller.partner._spar_meant_message()
            raise Refused({"holder_name": message})

    def _checked_entry(self, partner, said):
        """Return the address that is asked for, as an entry.

        :raise Refused: saying what is wrong with each of its values
        """
        reasons = {}

        def found(name, find, *args):
            try:
                return find(*args)
            except UserError as problem:
                reasons[name] = str(problem)

        fa_type = said["type"]
        dfsp = found("provider", self._provider, fa_type, said["provider"])
        branch = said.get("branch") and dfsp
        branch = branch and found("branch", self._branch, dfsp, said["branch"])
        value = VALUE_FIELD[fa_type]
        entry, problems = self.env["g2p.financial.address"].check_entry(
            {
                "partner_id": partner.id,
                "fa_type": fa_type,
                "dfsp_id": dfsp.id if dfsp else False,
                # Not said is not the same as none.
                **({"branch_id": branch.id} if branch else {}),
                value: said[value],
                "holder_name": said.get("holder_name"),
                **{name: said[name] for name in PAYEE_FIELDS if said.get(name)},
                "reason": said.get("reason"),
            }
        )
        if not dfsp:
            # What it should look like depends on the provider.
            problems.pop(value, None)
        problems = {
            "branch" if name == "branch_id" else name: problem
            for name, problem in problems.items()
        }
        if problems or reasons:
            raise Refused({**problems, **reasons})
        return entry

    def _provider(self, fa_type, code):
        of_type = Domain("fa_type", "=", fa_type)
        found = self._with_code("g2p.dfsp", of_type, code, PROVIDER_FIELDS)
        if not found:
            raise UserError(
                self.env._("There is no provider of this type with this code.")
            )
        return found

    def _branch(self, bank, code):
        of_bank = Domain("dfsp_id", "=", bank.id)
        found = self._with_code("g2p.dfsp.branch", of_bank, code, BRANCH_FIELDS)
        if not found:
            raise UserError(self.env._("This bank has no branch with this code."))
        return found

    def _with_code(self, model, scope, code, names):
        """Return the one with this code, also in another composition of characters."""
        wanted = identifiers.normal(code)
        records = self.env[model]
        found = records.search_fetch(
            scope & Domain("code", "in", [code, wanted]), names
        ) or records.search_fetch(scope, names).filtered(
            lambda one: identifiers.normal(one.code) == wanted
        )
        # As it came first: codes stored before they had a normal form.
        return found.filtered(lambda one: one.code == code) or found

    # === ENDING === #

    @api.model
    def _end_address(self, caller, reason):
        """Stop paying somebody at the address in use, and withdraw what waits.

        Does nothing when there is neither. Commits what the transaction did before.

        :param ~..caller.Caller caller: who asks, with the person they act for
        :param str reason: why, or a falsy value
        :raise Refused: when the reason cannot be kept
        """
        self._take_turn(caller)
        Address = self.env["g2p.financial.address"].sudo()
        try:
            ended = Address.end(caller.partner, reason, "api")
        except ValidationError as problem:
            raise Refused({"reason": str(problem)}) from None
        ended.api_ended_by = caller.name

    # === FORGETTING KEYS === #

    def _forget_keys(self):
        self.write({"key_hash": False, "body_hash": False})

    @api.autovacuum
    def _gc_keys(self):
        """Forget requests whose answer nobody asks for again."""
        before = fields.Datetime.now() - relativedelta(hours=KEY_HOURS)
        old = self.search(
            [("key_hash", "!=", False), ("create_date", "<", before)], limit=CHUNK
        )
        old._forget_keys()
        return len(old), len(old) == CHUNK

    # === PROGRESS === #

    # What a person sees of their proposals. It never names a user of the registry.

    @api.model
    def _page(self, partner, page, size):
        """Return a page of a person's proposals, newest first.

        :param recordset partner: the registrant
        :param int page: which one, from 1
        :param int size: how many a page has
        :return: the proposals, and whether there are more
        :rtype: tuple
        """
        found = self.sudo().search(
            [("partner_id", "=", partner.id)],
            offset=(page - 1) * size,
            limit=size + 1,
        )
        return found[:size], len(found) > size

    @api.model
    def _own(self, partner, public_id):
        """Return the proposal of this ID if it is this person's, else an empty set."""
        return self.sudo().search(
            [("public_id", "=", public_id), ("partner_id", "=", partner.id)]
        )

    def _progress(self):
        """Return how far these proposals of one person have come.

        :rtype: list[dict]
        """
        replaced = self.address_id._api_replaced()
        return [
            {
                "id": proposal.public_id,
                "proposed_at": proposal.create_date,
                **proposal.address_id._api_entry(),
                **proposal.address_id._api_progress(proposal.address_id in replaced),
            }
            for proposal in self
        ]
