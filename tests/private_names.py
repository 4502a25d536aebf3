"""Reads from the addons' source how they use each other's models.

That is: which models an addon extends, and which private methods of another addon's
models it calls or overrides. A private method begins with an underscore.

The source does not say which model a variable holds. So a name counts as another
addon's when that addon's models define it and the calling addon does not. A name that
both define is not seen.
"""

import ast
from collections import defaultdict
from functools import cached_property


class Addon:
    """The Python source of one addon, without its tests and migrations.

    :param pathlib.Path folder: the addon.
    """

    def __init__(self, folder):
        self.name = folder.name
        manifest = ast.literal_eval((folder / "__manifest__.py").read_text())
        self.depends = manifest["depends"]
        self.trees = {
            str(path.relative_to(folder.parent)): ast.parse(path.read_text(), str(path))
            for path in sorted(folder.rglob("*.py"))
            if not {"tests", "migrations"} & set(path.relative_to(folder).parts)
        }

    @cached_property
    def nodes(self):
        """Return every node of every file."""
        return [node for tree in self.trees.values() for node in ast.walk(tree)]

    @cached_property
    def classes(self):
        """Return the classes of models, as :class:`ModelClass`."""
        found = [ModelClass(node) for node in self.nodes if _is_class(node)]
        return [one for one in found if one.model]

    @cached_property
    def own(self):
        """Return every private name the addon gives to a function or an attribute."""
        names = set()
        for node in self.nodes:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(getattr(node, "ctx", None), ast.Store):
                names.add(getattr(node, "attr", None) or getattr(node, "id", None))
        return names

    @cached_property
    def makes(self):
        """Return the names of the models the addon adds."""
        return {one.model for one in self.classes if not one.extends}

    @cached_property
    def extends(self):
        """Return the names of the models of other addons that it extends."""
        return {one.model for one in self.classes if one.extends} - self.makes

    @cached_property
    def methods(self):
        """Return the private methods of its models: name -> set of models."""
        methods = defaultdict(set)
        for one in self.classes:
            for name in one.methods:
                methods[name].add(one.model)
        return methods


class ModelClass:
    """A class that may be an Odoo model.

    :param ast.ClassDef node: the class.
    """

    def __init__(self, node):
        values = {
            target.id: part.value
            for part in node.body
            if isinstance(part, ast.Assign)
            for target in part.targets
            if isinstance(target, ast.Name) and target.id in ("_name", "_inherit")
        }
        texts = {name: ast.literal_eval(value) for name, value in values.items()}
        parents = texts.get("_inherit") or []
        parents = [parents] if isinstance(parents, str) else parents
        self.model = texts.get("_name") or next(iter(parents), None)
        self.extends = self.model in parents
        self.methods = {
            part.name
            for part in node.body
            if isinstance(part, ast.FunctionDef) and is_private(part.name)
        }


def is_private(name):
    """Tell whether a name begins with one underscore."""
    return name.startswith("_") and not name.startswith("__")


def below(addon, addons):
    """Return the given addons that an addon depends on, also through others.

    :param Addon addon: the one that depends.
    :param dict addons: all addons by name.
    """
    found = {}
    waiting = list(addon.depends)
    while waiting:
        name = waiting.pop()
        if name in addons and name not in found:
            found[name] = addons[name]
            waiting += addons[name].depends
    return list(found.values())


def private_calls(addon, addons):
    """Return the private methods of other addons' models that an addon calls.

    A class that extends a model may call that model's own.

    :param Addon addon: the caller.
    :param dict addons: all addons by name.
    :return: name of the method -> list of places, ``file:line``.
    """
    theirs = defaultdict(set)
    for other in below(addon, addons):
        for name, models in other.methods.items():
            theirs[name] |= models
    for name in addon.own:
        theirs.pop(name, None)
    calls = defaultdict(list)
    for path, tree in addon.trees.items():
        for node, extended in _with_model(tree):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in theirs
                and extended not in theirs[node.attr]
            ):
                calls[node.attr].append(f"{path}:{node.lineno}")
    return dict(calls)


def private_overrides(addon, addons):
    """Return the private methods of other addons that an addon's extensions override.

    :param Addon addon: the one that overrides.
    :param dict addons: all addons by name.
    :return: name of the method -> set of models.
    """
    overrides = defaultdict(set)
    for other in below(addon, addons):
        for one in addon.classes:
            for name in one.methods if one.extends else ():
                if one.model in other.methods.get(name, ()):
                    overrides[name].add(one.model)
    return dict(overrides)


def _is_class(node):
    """Tell whether a node is a class."""
    return isinstance(node, ast.ClassDef)


def _with_model(node, extended=None):
    """Yield a node and all below, each with the model that its class extends."""
    if _is_class(node):
        one = ModelClass(node)
        extended = one.model if one.extends else None
    yield node, extended
    for child in ast.iter_child_nodes(node):
        yield from _with_model(child, extended)
