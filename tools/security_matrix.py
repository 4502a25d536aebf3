"""Writes what each role may into ``docs/security.md``, between two marks.

``python3 -m tools.security_matrix`` reads the rights, record rules and groups of fields
from the addons' files; a test compares the document with them. What is tried against a
database is in ``g2p_spar_financial_address/tests/test_every_model.py``.
"""

import ast
import csv
import re
import xml.etree.ElementTree as ElementTree

from . import settings

DOCUMENT = settings.ROOT / "docs" / "security.md"
START, END = "<!-- matrix: start -->", "<!-- matrix: end -->"
ROLES = ["viewer", "editor", "approver", "administrator", "operator", "manager"]
#: Names of the constants for groups, in code.
GROUPS = {one.upper() for one in ROLES} | {"FIELD_AGENT"}
WAYS = {"perm_read": "R", "perm_write": "W", "perm_create": "C", "perm_unlink": "D"}


def main():
    """Write the tables into the document."""
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text()))


def with_tables(text):
    """Return a document with the tables as they are now.

    :param str text: of the document.
    :return: the same text with what is between the marks replaced.
    """
    before, _start, rest = text.partition(START)
    _old, _end, after = rest.partition(END)
    return f"{before}{START}\n\n{tables()}\n{END}{after}"


def tables():
    """Return the tables of models, fields and methods as Markdown."""
    return "\n".join([_models(), _fields(), _methods()])


def _models():
    rules = _rules()
    lines = [
        "| model | " + " | ".join(ROLES) + " | record rule |",
        "|---" * (len(ROLES) + 2) + "|",
    ]
    for model, rights in sorted(_rights().items()):
        cells = [_letters(rights, role) for role in ROLES]
        lines.append(" | ".join([f"| `{model}`", *cells, rules.get(model, "")]) + " |")
    return "\n".join(lines) + "\n"


def _letters(rights, role):
    """Return the ways of a role, those of the roles it implies among them."""
    own = set().union(*(rights.get(one, ()) for one in _with_implied(role)))
    return "".join(letter for letter in WAYS.values() if letter in own)


def _rights():
    """Return for each model the ways of each role."""
    found = {}
    for addon in settings.addons():
        file = settings.ROOT / addon / "security" / "ir.model.access.csv"
        if not file.exists():
            continue
        for row in csv.DictReader(file.read_text().splitlines()):
            model = _model_name(row["model_id:id"])
            ways = {letter for name, letter in WAYS.items() if row[name] == "1"}
            roles = found.setdefault(model, {})
            role = row["group_id:id"].rpartition("group_")[2] or "every user"
            # A right of another role would have no column.
            if ways and role not in ROLES:
                raise ValueError(f"{model}: {role}")
            roles.setdefault(role, set()).update(ways)
    return found


def _model_name(xmlid):
    return xmlid.rpartition("model_")[2].replace("_", ".")


def _records(model):
    """Yield the fields of all records of a model in the folders ``security``."""
    for addon in settings.addons():
        for file in sorted((settings.ROOT / addon / "security").glob("*.xml")):
            for record in ElementTree.parse(file).iter("record"):
                if record.get("model") == model:
                    fields = {one.get("name"): one for one in record.iter("field")}
                    yield record.get("id"), fields


def _with_implied(role):
    """Return a role and those it implies."""
    implied = {}
    for name, fields in _records("res.groups"):
        links = fields["implied_ids"].get("eval")
        implied[name.removeprefix("group_")] = re.findall(r"group_(\w+)'", links)
    found, todo = set(), [role]
    while todo:
        one = todo.pop()
        found.add(one)
        todo += [other for other in implied.get(one, ()) if other not in found]
    return found


def _rules():
    """Return what record rules compare, by model."""
    found = {}
    for _name, fields in _records("ir.rule"):
        model = _model_name(fields["model_id"].get("ref"))
        domain = fields["domain_force"].text
        names = sorted(set(re.findall(r"\('([\w.]+)'", domain)))
        found[model] = ", ".join(f"`{name}`" for name in names)
    return found


# === CODE === #


def _classes():
    """Yield each model's name with the class that defines or extends it."""
    for addon in settings.addons():
        for folder in ("models", "wizards"):
            for file in sorted((settings.ROOT / addon / folder).glob("*.py")):
                for node in ast.parse(file.read_text()).body:
                    if isinstance(node, ast.ClassDef) and (name := _name_of(node)):
                        yield name, node


def _name_of(node):
    """Return the name of the model a class is about, if it is a model's."""
    values = {
        statement.targets[0].id: statement.value
        for statement in node.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
    }
    value = values.get("_name") or values.get("_inherit")
    return value.value if isinstance(value, ast.Constant) else None


def _parents_of(node):
    """Return the names of the models that a class inherits."""
    for statement in node.body:
        if (
            isinstance(statement, ast.Assign)
            and ast.unparse(statement.targets[0]) == "_inherit"
        ):
            value = ast.literal_eval(statement.value)
            return {value} if isinstance(value, str) else set(value)
    return set()


def _functions_of(node):
    return {f.name: f for f in node.body if isinstance(f, ast.FunctionDef)}


def _fields():
    """Return the table of fields that only certain roles read."""
    found = {}
    for model, node in _classes():
        for statement in node.body:
            if isinstance(statement, ast.Assign) and isinstance(
                statement.value, ast.Call
            ):
                for keyword in statement.value.keywords:
                    if keyword.arg == "groups":
                        field = statement.targets[0].id
                        role = _role(keyword.value)
                        found.setdefault((model, role), []).append(field)
    lines = ["| model | read by | fields |", "|---|---|---|"]
    for (model, role), fields in sorted(found.items()):
        names = ", ".join(f"`{field}`" for field in sorted(fields))
        lines.append(f"| `{model}` | {role} | {names} |")
    return "\n".join(lines) + "\n"


def _role(node):
    """Return the role that an expression for a group names."""
    if isinstance(node, ast.Constant):
        return node.value.rpartition("group_")[2]
    name = node.attr if isinstance(node, ast.Attribute) else node.id
    return "no role" if name == "NO_ACCESS" else name.lower().replace("_", " ")


def _methods():
    """Return the table of methods that ask for a role themselves."""
    asked, parents, inherited = {}, {}, {}
    for model, node in _classes():
        parents.setdefault(model, set()).update(_parents_of(node) - {model})
        inherited.setdefault(model, {}).update(_functions_of(node))
    for model, node in _classes():
        functions = _functions_of(node)
        known = {name: [function] for name, function in functions.items()}
        _add_above(known, model, parents, inherited)
        for name in functions:
            roles = _roles_asked(known, name, set())
            if roles and not _private(functions[name]):
                asked.setdefault((model, ", ".join(sorted(roles))), []).append(name)
    lines = ["| model | asks for | methods |", "|---|---|---|"]
    for (model, roles), methods in sorted(asked.items()):
        names = ", ".join(f"`{name}`" for name in sorted(methods))
        lines.append(f"| `{model}` | {roles} | {names} |")
    return "\n".join(lines) + "\n"


def _add_above(known, model, parents, inherited):
    """Add the functions of the suite's models that a model inherits.

    :param dict known: functions of each name, where these are added.
    :param dict parents: the models that each inherits.
    :param dict inherited: the functions of each.
    """
    for parent in parents.get(model, ()):
        for name, function in inherited.get(parent, {}).items():
            known.setdefault(name, []).append(function)
        _add_above(known, parent, parents, inherited)


def _private(function):
    """Tell whether no client can call a method."""
    marks = {ast.unparse(one) for one in function.decorator_list}
    return function.name.startswith("_") or "api.private" in marks


def _roles_asked(functions, name, seen):
    """Return the roles a method asks for, itself or in methods that it calls."""
    if name not in functions or name in seen:
        return set()
    seen.add(name)
    roles, nodes = set(), [n for one in functions[name] for n in ast.walk(one)]
    called = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    if "has_group" in called:
        # Groups are constants, also where a loop asks for one of several.
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        roles = {one.lower().replace("_", " ") for one in names & GROUPS}
    for other in called:
        roles |= _roles_asked(functions, other, seen)
    return roles


if __name__ == "__main__":
    main()
