"""How Central answers questions about its submissions."""

import base64
import json
import re
from urllib.parse import quote

#: What can be filtered and sorted by, and where it is.
COLUMNS = {
    "__id": "id",
    "__system/submissionDate": "submitted",
    "__system/updatedAt": "updated",
    "__system/deletedAt": "deleted",
    "__system/reviewState": "review",
    "__system/submitterId": "submitter",
}
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
TOKEN = re.compile(r"\s*(\(|\)|'(?:[^'])*'|[^\s()]+)")
#: Where answers say they are; a name somebody once configured.
DOMAIN = "https://central.example.invalid"


class Refusal(Exception):
    """An HTTP status and Central's own code."""

    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


def table(form, parameters, path):
    """Return the answer about a table of submissions.

    :param dict form: of the store
    :param dict parameters: of OData
    :param str path: of the question, for links
    :raise Refusal: when Central refuses it
    """
    if "$orderby" in parameters and "$skiptoken" in parameters:
        raise Refusal(501, "501.1")
    if "$select" in parameters and "$expand" in parameters:
        raise Refusal(501, "501.11")
    rows, places = _matching(form, parameters.get("$filter", ""))
    count = len(rows)
    if "$orderby" in parameters:
        rows = _ordered(rows, parameters["$orderby"])
    rows, more = _cut(form, rows, places, parameters)
    answer = {
        "value": [told(one, parameters) for one in rows],
        "@odata.context": f"{DOMAIN}{path}/$metadata#Submissions",
    }
    if parameters.get("$count") == "true":
        answer["@odata.count"] = count
    if more:
        answer["@odata.nextLink"] = _next_link(path, parameters, rows[-1])
    return answer


def _matching(form, text):
    """Return what matches a filter, newest first, and the place of each by ID."""
    if form["answered"] and form["answered"][0] == text:
        return form["answered"][1:]
    rows = sorted(form["submissions"].values(), key=_age, reverse=True)
    wanted = parse(text) if text else lambda one: True
    if "__system/deletedAt" not in text:
        rows = [one for one in rows if not one["deleted"]]
    rows = [one for one in rows if wanted(one)]
    places = {one["id"]: place for place, one in enumerate(rows)}
    form["answered"] = text, rows, places
    return rows, places


def _age(one):
    return one["submitted"], one["serial"]


def _ordered(rows, orderby):
    name, _space, direction = orderby.partition(" ")
    if name not in COLUMNS:
        raise Refusal(501, "501.5")
    return sorted(
        rows,
        key=lambda one: one[COLUMNS[name]] or "",
        reverse=direction.strip() == "desc",
    )


def _cut(form, rows, places, parameters):
    """Return the page, and whether there is more."""
    token = parameters.get("$skiptoken")
    if token:
        last = json.loads(base64.b64decode(token[2:]))["instanceId"]
        anchor = form["submissions"].get(last)
        if anchor is None:
            # It was purged. Central says nothing of it.
            return [], False
        # The anchor itself may not match any more.
        place = places.get(last)
        if place is None:
            place = sum(_age(one) >= _age(anchor) for one in rows) - 1
        start = place + 1
    else:
        start = int(parameters.get("$skip") or 0)
    if "$top" not in parameters:
        return rows[start:], False
    end = start + int(parameters["$top"])
    return rows[start:end], start < end < len(rows)


def _next_link(path, parameters, last):
    content = json.dumps({"instanceId": last["id"]}).encode()
    kept = {k: v for k, v in parameters.items() if k not in ("$skip", "$skiptoken")}
    kept["$skiptoken"] = "01" + base64.b64encode(content).decode()
    query = "&".join(f"{quote(k)}={quote(v, safe='')}" for k, v in kept.items())
    return f"{DOMAIN}{path}?{query}"


def told(one, parameters):
    """Return a submission as Central tells it."""
    submitter = one["submitter"]
    system = {
        "submissionDate": one["submitted"],
        "updatedAt": one["updated"],
        "submitterId": submitter[0],
        "submitterName": submitter[1],
        "attachmentsPresent": one["present"],
        "attachmentsExpected": one["expected"],
        "status": "notDecrypted" if one["encrypted"] else None,
        "reviewState": one["review"],
        "deviceId": one["device"],
        "edits": one["edits"],
        "formVersion": "1",
        "deletedAt": one["deleted"],
    }
    row = {"__id": one["id"], "__system": system}
    if "$select" in parameters:
        return row
    row["meta"] = {"instanceID": one["version_id"], "instanceName": None}
    if one["encrypted"]:
        return row
    for name, value in one["data"].items():
        if not isinstance(value, list):
            row[name] = value
            continue
        row[f"{name}@odata.navigationLink"] = f"Submissions('{one['id']}')/{name}"
        # A repeat without instances has no key at all.
        if value and parameters.get("$expand") == "*":
            row[name] = value
    return row


# === FILTERS === #


def parse(text):
    """Return a filter as a function of a submission.

    :raise Refusal: when Central refuses it
    """
    tokens = TOKEN.findall(text)
    test, rest = _either(tokens)
    if rest:
        raise Refusal(400, "400.18")
    return test


def _either(tokens):
    test, tokens = _both(tokens)
    while tokens[:1] == ["or"]:
        other, tokens = _both(tokens[1:])
        test = _joined(any, test, other)
    return test, tokens


def _both(tokens):
    test, tokens = _single(tokens)
    while tokens[:1] == ["and"]:
        other, tokens = _single(tokens[1:])
        test = _joined(all, test, other)
    return test, tokens


def _joined(how, *tests):
    return lambda one: how(test(one) for test in tests)


def _single(tokens):
    if tokens[:1] == ["not"]:
        test, rest = _single(tokens[1:])
        return (lambda one: not test(one)), rest
    if tokens[:1] == ["("]:
        test, rest = _either(tokens[1:])
        return test, rest[1:]
    name, operator, value, *rest = tokens
    if name not in COLUMNS:
        raise Refusal(501, "501.5")
    return _comparison(COLUMNS[name], operator, _value(name, value)), rest


def _value(name, text):
    if text == "null":
        return None
    if text.startswith("'"):
        return text[1:-1]
    if name.endswith(("Date", "At")) and not STAMP.fullmatch(text):
        # As Central does with what its database cannot read.
        raise Refusal(500, "500.1")
    return text


def _comparison(column, operator, value):
    def test(one):
        held = one[column][0] if column == "submitter" else one[column]
        if operator in ("eq", "ne"):
            return (held == value) == (operator == "eq")
        if held is None or value is None:
            return False
        return {
            "lt": held < value,
            "le": held <= value,
            "gt": held > value,
            "ge": held >= value,
        }[operator]

    return test
