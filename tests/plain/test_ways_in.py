"""``docs/architecture.md`` lists every place that submits payment addresses."""

import ast
import re

import pytest

from tools import settings

MODEL = "g2p.financial.address"
#: A row of the table: the file and the function.
ROW = r"^\|[^|]*\| `([\w/]+\.py)` \| `(\w+)` \|$"


def functions(source):
    """Return the functions of a source, each with the calls in it.

    :param str source: of a Python file.
    :return: pairs of a name and the nodes of calls of attributes.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
            yield node.name, [c for c in calls if isinstance(c.func, ast.Attribute)]


def product_files():
    """Yield the path of each Python file of the addons, and its source."""
    for addon in settings.addons():
        for path in sorted((settings.ROOT / addon).rglob("*.py")):
            if not {"tests", "migrations"} & set(path.relative_to(settings.ROOT).parts):
                yield str(path.relative_to(settings.ROOT)), path.read_text()


def of_addresses(source, attributes):
    """Return which functions call these methods of addresses.

    The model is named in the function, or a variable stands for it, or it is ``self``.
    """
    return {
        name
        for name, calls in functions(source)
        for call in calls
        if call.func.attr in attributes and names_model(call.func.value, source, name)
    }


def names_model(value, source, name):
    """Tell whether a value is the model of addresses, or stands for it."""
    text = ast.unparse(value)
    if MODEL in text:
        return True
    if text == "self":
        return f'_inherit = "{MODEL}"' in source
    if not isinstance(value, ast.Name):
        return False
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            for one in ast.walk(node):
                if isinstance(one, ast.Assign) and MODEL in ast.unparse(one.value):
                    return value.id in {ast.unparse(t) for t in one.targets}
    return False


def test_every_channel_is_listed():
    text = (settings.ROOT / "docs" / "architecture.md").read_text()
    chapter = text.partition("## The ways in")[2].partition("## The way of one")[0]
    listed = set(re.findall(ROW, chapter, re.M))
    found = {
        (path, name)
        for path, source in product_files()
        for name in of_addresses(source, {"submit"})
    }
    assert len(listed) > 5
    assert found == listed


def test_no_other_addon_stores_or_ends_an_address_itself():
    found = {
        path: names
        for path, source in product_files()
        if not path.startswith("g2p_spar_financial_address/")
        and (names := of_addresses(source, {"create", "_store", "_activate", "_close"}))
    }
    assert not found


def test_only_the_service_says_that_an_entry_is_clean():
    found = [path for path, source in product_files() if "CleanEntry" in source]
    assert found == [
        "g2p_spar_financial_address/models/g2p_financial_address_service.py"
    ]


@pytest.mark.parametrize(
    "source",
    [
        "def go(env): env['g2p.financial.address'].create([])",
        "def go(env): env['g2p.financial.address'].sudo().create([])",
        "def go(env):\n    A = env['g2p.financial.address'].sudo()\n    A.create([])",
    ],
)
def test_a_way_past_is_seen(source):
    assert of_addresses(source, {"create"}) == {"go"}
