"""The plan of a directory import, row by row, and its execution.

The plan is made in memory with a few queries, independent of the number of rows. It
adds and changes; it never deletes, archives or empties anything: an empty cell leaves
the value unchanged. A row with an error has no effect, and stops no other row.
"""

import re
from dataclasses import dataclass

from odoo.exceptions import ValidationError

from ..const import BANK_ACCOUNT, FA_TYPES
from ..toolkit.context_flags import APPROVED, SKIP_RESYNC, marked
from ..toolkit.value_checks import checked
from ..values import identifiers
from ..values.checks import check_code, check_part, clean_number_text, clean_text
from .directory_csv import COLUMNS

NEW_PROVIDER = "new_provider"
CHANGED_PROVIDER = "changed_provider"
NEW_BRANCH = "new_branch"
CHANGED_BRANCH = "changed_branch"
UNCHANGED = "unchanged"
ERROR = "error"

#: Rows after which a plan says how far it is.
STEP = 1000

#: The columns of a provider that are written as they are, and their fields.
_TEXT_FIELDS = {
    "provider_name": "name",
    "account_pattern": "account_pattern",
    "account_example": "account_example",
    "account_hint": "account_hint",
}
_PROVIDER_COLUMNS = {
    **{field: column for column, field in _TEXT_FIELDS.items()},
    "country_id": "country",
    "strategy_id": "strategy_number",
}
_BRANCH_COLUMNS = {"name": "branch_name"}
_CODES = ("provider_code", "branch_code")
#: Columns that are stored in the normal form.
_NORMAL = (*_CODES, "provider_name", "branch_name")


@dataclass
class PlannedRow:
    """The effect of one row of the file, and a note on it in words."""

    line: int
    cells: dict
    outcome: str = ERROR
    note: str = ""


class _Target:
    """One provider or branch: its current values, and those of the rows so far.

    :param record: the provider or branch, empty when it is new
    :param dict base: values of a new one besides those of the rows
    """

    def __init__(self, record, base):
        self.record = record
        self.base = base
        self.changes = {}
        self.said = {}

    @property
    def is_known(self):
        """Whether it exists already, or an earlier row creates it."""
        return bool(self.record or self.said)

    @property
    def wanted(self):
        return {**self.base, **self.changes}

    def news(self, values):
        """Return those of ``values`` that differ from the planned ones."""
        return {
            name: value
            for name, value in values.items()
            if self.wanted.get(name, self._stored(name)) != value
        }

    def contradiction(self, values):
        """Return a field with another value in an earlier row, and that row's line."""
        for name, value in values.items():
            said, line = self.said.get(name, (value, None))
            if said != value:
                return name, line
        return None

    def take(self, values, line):
        """Add the values of a row without an error to the plan."""
        self.changes.update(self.news(values))
        for name, value in values.items():
            self.said.setdefault(name, (value, line))

    def _stored(self, name):
        value = self.record[name]
        return value.id if self.record._fields[name].relational else value


class DirectoryPlan:
    """The plan for one file: :attr:`rows` are the effects of :meth:`apply`.

    :param Environment env: the administrator's
    :param list rows: ``[(line number, {column: text})]``
    :param tell: a function that is given the planned part, from 0 to 1, now and then
    """

    def __init__(self, env, rows, tell=None):
        self.env = env
        self.rows = [PlannedRow(line, cells) for line, cells in rows]
        #: Number of values that wait for a second person, after it was applied.
        self.held = 0
        self._types = _types_by_word(env)
        clean = [row for row in self.rows if self._clean(row)]
        self._look_up([row.cells for row in clean])
        for number, row in enumerate(clean):
            if tell and number % STEP == 0:
                tell(number / len(clean))
            try:
                row.outcome, row.note = self._plan(row)
            except ValidationError as error:
                row.note = error.args[0]

    # === READING === #

    def _clean(self, row):
        """Trim the cells of a row; return whether all of them can be stored."""
        has_more_cells = bool(row.cells.pop(None, None))
        try:
            row.cells = {
                column: checked(
                    self.env,
                    clean_number_text if column in _CODES else clean_text,
                    row.cells.get(column),
                    column,
                )
                for column in COLUMNS
            }
            for column in _NORMAL:
                row.cells[column] = identifiers.normal(row.cells[column])
            for column in _CODES:
                checked(self.env, check_code, row.cells[column], column)
        except ValidationError as error:
            row.note = error.args[0]
            return False
        if has_more_cells:
            row.note = self.env._("This line has more cells than the first line.")
        return not has_more_cells

    def _look_up(self, cells):
        """Read all records that the rows name, one query for each kind."""

        def words(column):
            return list({row[column] for row in cells if row[column]})

        countries = [word.upper() for word in words("country")]
        self._countries = (
            self.env["res.country"].search([("code", "in", countries)]).grouped("code")
        )
        strategies = self.env["g2p.fa.strategy"].search([])
        self._strategies = {str(s.strategy_number): s for s in strategies}
        self._default_strategies = strategies.grouped("fa_type")
        Dfsp = self.env["g2p.dfsp"].with_context(active_test=False)
        codes = set(words("provider_code"))
        # All of them: stored names need not be in the normal form.
        dfsps = Dfsp.search([]).filtered(lambda d: identifiers.normal(d.code) in codes)
        self._providers = {
            (d.fa_type, identifiers.normal(d.code)): _Target(d, {}) for d in dfsps
        }
        branches = self.env["g2p.dfsp.branch"].with_context(active_test=False)
        codes = set(words("branch_code"))
        branches = branches.search_fetch(
            [("dfsp_id", "in", dfsps.ids)], ["code", "dfsp_id", "name"]
        ).filtered(lambda b: identifiers.normal(b.code) in codes)
        self._branches = {
            (
                b.dfsp_id.fa_type,
                identifiers.normal(b.dfsp_id.code),
                identifiers.normal(b.code),
            ): _Target(b, {})
            for b in branches
        }

    # === PLANNING === #

    def _plan(self, row):
        """Return the outcome of a row and a note on it, and add it to the plan.

        :raise ValidationError: when the row has an error; then it is not added
        """
        fa_type, code = self._provider_key(row.cells)
        provider = self._provider(fa_type, code)
        values = self._provider_values(row.cells)
        self._check_agrees(provider, values, _PROVIDER_COLUMNS)
        self._check_provider(provider, values)
        branch_code = row.cells["branch_code"]
        branch = self._branch(fa_type, code, branch_code)
        branch_values = self._branch_values(fa_type, row.cells)
        self._check_agrees(branch, branch_values, _BRANCH_COLUMNS)
        self._check_branch(branch, branch_code, branch_values)

        steps = []
        if not provider.is_known:
            steps.append((NEW_PROVIDER, []))
        elif news := provider.news(values):
            steps.append((CHANGED_PROVIDER, [_PROVIDER_COLUMNS[n] for n in news]))
        if branch_code and not branch.is_known:
            steps.append((NEW_BRANCH, []))
        elif news := branch.news(branch_values):
            steps.append((CHANGED_BRANCH, [_BRANCH_COLUMNS[n] for n in news]))
        note = self._note(provider, steps)

        provider.take(values, row.line)
        self._providers[fa_type, code] = provider
        if branch_code:
            branch.take(branch_values, row.line)
            self._branches[fa_type, code, branch_code] = branch
        return (steps[0][0] if steps else UNCHANGED), note

    def _provider_key(self, cells):
        if not cells["type"]:
            raise ValidationError(self.env._("The column type is empty."))
        fa_type = self._types.get(_word(cells["type"]))
        if not fa_type:
            raise ValidationError(
                self.env._(
                    "There is no type “%(type)s”. Write bank, mobile wallet or e-mail "
                    "wallet.",
                    type=cells["type"],
                )
            )
        if not cells["provider_code"]:
            raise ValidationError(self.env._("The column provider_code is empty."))
        return fa_type, cells["provider_code"]

    def _provider(self, fa_type, code):
        strategy = self._default_strategies.get(fa_type, self.env["g2p.fa.strategy"])
        return self._providers.get((fa_type, code)) or _Target(
            self.env["g2p.dfsp"],
            {"fa_type": fa_type, "code": code, "strategy_id": strategy[:1].id},
        )

    def _branch(self, fa_type, code, branch_code):
        return self._branches.get((fa_type, code, branch_code)) or _Target(
            self.env["g2p.dfsp.branch"], {"code": branch_code}
        )

    def _provider_values(self, cells):
        """Return the values of a row's provider, by field, without empty cells."""
        values = {
            field: cells[column]
            for column, field in _TEXT_FIELDS.items()
            if cells[column]
        }
        if cells["country"]:
            country = self._countries.get(cells["country"].upper())
            if not country:
                raise ValidationError(
                    self.env._(
                        "There is no country “%(code)s”. Write its two-letter code, "
                        "such as TZ.",
                        code=cells["country"],
                    )
                )
            values["country_id"] = country.id
        if cells["strategy_number"]:
            strategy = self._strategies.get(cells["strategy_number"])
            if not strategy:
                raise ValidationError(
                    self.env._(
                        "There is no strategy with the number “%(number)s”.",
                        number=cells["strategy_number"],
                    )
                )
            values["strategy_id"] = strategy.id
        return values

    def _branch_values(self, fa_type, cells):
        code, name = cells["branch_code"], cells["branch_name"]
        if (code or name) and fa_type != BANK_ACCOUNT:
            raise ValidationError(self.env._("Only banks have branches."))
        if name and not code:
            raise ValidationError(self.env._("The branch has a name and no code."))
        return {"name": name} if name else {}

    def _check_agrees(self, target, values, columns):
        contradiction = target.contradiction(values)
        if contradiction:
            name, line = contradiction
            raise ValidationError(
                self.env._(
                    "Line %(line)s has another %(column)s for the same code. Write the "
                    "same in both, or leave it empty in one.",
                    line=line,
                    column=columns[name],
                )
            )

    def _check_provider(self, provider, values):
        """Check the planned values with the provider's own constraints."""
        if not provider.is_known and "name" not in values:
            raise ValidationError(
                self.env._("This provider is new: write its name in provider_name.")
            )
        news = provider.news(values)
        if not news:
            return
        wanted = {**provider.wanted, **news}
        candidate = provider.record._decisive_draft(wanted)
        candidate._validate_fields(wanted)

    def _check_branch(self, branch, code, values):
        if code and not branch.is_known and not values:
            raise ValidationError(
                self.env._("This branch is new: write its name in branch_name.")
            )
        checked(self.env, check_part, code, "branch_code")
        checked(self.env, check_part, values.get("name"), "branch_name")

    def _note(self, provider, steps):
        """Return details of the outcome."""
        words = [column for _step, columns in steps for column in columns]
        if NEW_BRANCH in [step for step, _columns in steps[1:]]:
            words.append(self.env._("with a new branch"))
        if provider.record and not provider.record.active:
            words.append(self.env._("stays archived"))
        return ", ".join(words)

    # === DOING IT === #

    def apply(self):
        """Create and change the records of the rows without an error.

        Changes that give addresses in use another meaning wait for a second person.
        """
        self._hold_back()
        self._write(self._providers)
        self._create(self.env["g2p.dfsp"], self._providers)
        for (fa_type, code, _branch), target in self._branches.items():
            if not target.record:
                target.base["dfsp_id"] = self._providers[fa_type, code].record.id
        self._write(self._branches)
        self._create(self.env["g2p.dfsp.branch"], self._branches)

    def _hold_back(self):
        """Propose all changes that a second person must approve, as one."""
        targets = [*self._providers.values(), *self._branches.values()]
        wanted = {
            target.record.with_context(import_file=True): target.changes
            for target in targets
            if target.record and target.record._decisive_names() & target.changes.keys()
        }
        held = self.env["g2p.fa.proposal"]._hold_back(
            wanted, reason=self.env._("Directory import")
        )
        for target in targets:
            for name in held.get(target.record, ()):
                del target.changes[name]
                self.held += 1

    def _write(self, targets):
        """Change existing records; none of these values decides who is paid."""
        for target in targets.values():
            if target.record and target.changes:
                record = marked(marked(target.record, SKIP_RESYNC), APPROVED)
                record.write(target.changes)

    def _create(self, model, targets):
        new = [target for target in targets.values() if not target.record]
        records = model.create([target.wanted for target in new])
        for target, record in zip(new, records, strict=True):
            target.record = record


def _word(text):
    """Return ``text`` without differences of spelling: case, blanks, dashes."""
    return re.sub(r"[\W_]", "", text.casefold())


def _types_by_word(env):
    labels = env["g2p.dfsp"]._fields["fa_type"]._description_selection(env)
    words = {_word(text): fa_type for fa_type, text in labels}
    for fa_type, label in FA_TYPES:
        words[_word(label)] = words[_word(fa_type)] = fa_type
    return {**words, "bank": BANK_ACCOUNT}
