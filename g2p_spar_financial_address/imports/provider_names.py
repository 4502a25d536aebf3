"""Finds the records for names in an imported file of payment addresses.

Odoo searches each name separately, among all providers and all branches. But a name or
a code is only unique together with the rest of its row: many banks have a branch
“Main”, and a bank and a wallet operator may have the same code.
"""

from collections import defaultdict

from odoo.exceptions import ValidationError

from ..values.identifiers import differ_in_zeros, normal

#: Fields whose names are searched here, and their keys in the row until then.
NAMED = {"dfsp_id": "fa_provider_name", "branch_id": "fa_branch_name"}

_UNREADABLE = "fa_unreadable"


def set_names_apart(records, names):
    """Take names of providers and branches out of rows, before Odoo searches them.

    :param records: what Odoo extracted from the file: pairs of values and place
    :param list names: receives the names of each record, as a dict
    """
    for record, extras in records:
        found = {}
        for field, key in NAMED.items():
            name = (record.get(field) or [{}])[0].get(None)
            if name:
                found[key] = name.strip()
        record = {
            field: value
            for field, value in record.items()
            if NAMED.get(field) not in found
        }
        names.append(found)
        yield record, extras


def is_unreadable(values, mark=None):
    """Mark the values of a row as unreadable or not; without ``mark``, remove it.

    :return: whether they were marked as unreadable
    """
    if mark is not None:
        values[_UNREADABLE] = mark
        return mark
    return values.pop(_UNREADABLE, False)


def _key(name):
    return normal(name).casefold()


class ProviderNames:
    """The providers and branches that the rows of a file name.

    :param env: of the user who imports
    :param list rows: the values of each row
    """

    def __init__(self, env, rows):
        self.env = env
        self.dfsps = defaultdict(set)
        self.branches = defaultdict(set)
        # Codes, by the part of the row to which they belong.
        self.codes = defaultdict(set)
        if not any(key in row for row in rows for key in NAMED.values()):
            return
        for dfsp in env["g2p.dfsp"].search([("fa_type", "!=", False)]):
            for text in {_key(dfsp.name), _key(dfsp.code)}:
                self.dfsps[text].add((dfsp.fa_type, dfsp.id))
            self.codes[dfsp.fa_type].add(_key(dfsp.code))
        if any(NAMED["branch_id"] in row for row in rows):
            for branch in env["g2p.dfsp.branch"].search([("dfsp_id", "!=", False)]):
                for text in {_key(branch.name), _key(branch.code)}:
                    self.branches[branch.dfsp_id.id, text].add(branch.id)
                self.codes[branch.dfsp_id.id].add(_key(branch.code))

    def find(self, values):
        """Replace the names in the values of a row by the records they name.

        :raise ValidationError: when there is none, or more than one
        """
        if name := values.pop(NAMED["dfsp_id"], None):
            values["dfsp_id"] = self._provider(name, values.get("fa_type"))
        if name := values.pop(NAMED["branch_id"], None):
            found = self.branches.get((values.get("dfsp_id"), _key(name)), ())
            if len(found) != 1:
                raise ValidationError(
                    self.env._("The bank of this row has no such branch.")
                    if not found
                    else self.env._(
                        "The bank of this row has several branches of this name. "
                        "Write the branch's code."
                    )
                )
            (values["branch_id"],) = found
            self._check_zeros(name, values["dfsp_id"])

    def _check_zeros(self, code, scope):
        """Refuse a code that a spreadsheet may have shortened from another one.

        :param str code: as in the row
        :param scope: the type of a provider, or the bank of a branch
        :raise ValidationError: with the value to write instead
        """
        code = _key(code)
        if any(
            len(other) > len(code) and differ_in_zeros(other, code)
            for other in self.codes[scope]
        ):
            raise ValidationError(
                self.env._(
                    "Another code differs from “%(code)s” only in zeros, which a "
                    "spreadsheet drops. Write the name instead.",
                    code=code,
                )
            )

    def _provider(self, name, fa_type):
        found = {
            dfsp: kind
            for kind, dfsp in self.dfsps.get(_key(name), ())
            if not fa_type or kind == fa_type
        }
        if len(found) == 1:
            ((dfsp, kind),) = found.items()
            self._check_zeros(name, kind)
            return dfsp
        if found:
            raise ValidationError(
                self.env._(
                    "Several providers are called “%(name)s”. Write the type and the "
                    "provider's code.",
                    name=name,
                )
            )
        raise ValidationError(
            self.env._(
                "There is no provider “%(name)s” of this type in the directory.",
                name=name,
            )
        )
