"""How Central answers questions about its submissions."""

import base64
import functools
import hashlib
import html
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
#: IDs its read of a single submission knows; it accepts any and lists them all.
SINGLE = re.compile(r"(?:uuid:)?[a-z0-9-]+", re.IGNORECASE)


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
    orderby = parameters.get("$orderby")
    rows, places = _matching(form, parameters.get("$filter", ""), orderby)
    count = len(rows)
    rows, more = _cut(form, rows, places, parameters)
    answer = {
        "value": [told(form, one, parameters) for one in rows],
        "@odata.context": f"{DOMAIN}{path}/$metadata#Submissions",
    }
    if parameters.get("$count") == "true":
        answer["@odata.count"] = count
    if more:
        answer["@odata.nextLink"] = _next_link(path, parameters, rows[-1])
    return answer


def _matching(form, text, orderby):
    """Return what matches a filter, in order, and the place of each by ID."""
    known = form["answered"]
    if (text, orderby) not in known:
        wanted = parse(text) if text else lambda one: True
        rows = _ordered(form, orderby)
        if "__system/deletedAt" not in text:
            rows = [one for one in rows if not one["deleted"]]
        rows = [one for one in rows if wanted(one)]
        places = {one["id"]: place for place, one in enumerate(rows)}
        for old in [key for key in known if key != orderby]:
            del known[old]
        known[text, orderby] = rows, places
    return known[text, orderby]


def _age(one):
    return one["submitted"], one["serial"]


def _ordered(form, orderby):
    """Return all submissions, newest first unless told otherwise."""
    known = form["answered"]
    if orderby not in known:
        rows = sorted(form["submissions"].values(), key=_age, reverse=True)
        for term in reversed(orderby.split(",") if orderby else []):
            name, _space, direction = term.strip().partition(" ")
            if name not in COLUMNS:
                raise Refusal(501, "501.5")
            rows.sort(
                key=lambda one, column=COLUMNS[name]: one[column] or "",
                reverse=direction == "desc",
            )
        known[orderby] = rows
    return known[orderby]


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


def single(form, instance_id, parameters):
    """Return the answer about one submission.

    :raise Refusal: when it is deleted, was never there, or has an ID that is not read
    """
    row = form["submissions"].get(instance_id)
    if not SINGLE.fullmatch(instance_id) or not row or row["deleted"]:
        raise Refusal(404, "404.1")
    return {"value": [told(form, row, parameters)]}


def told(form, one, parameters):
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
        "formVersion": one["form_version"],
        "deletedAt": one["deleted"],
    }
    row = {"__id": one["id"], "__system": system}
    if "$select" in parameters:
        return row
    if one["encrypted"]:
        return row
    row["meta"] = _meta(form, one)
    teller = _Teller(form, one["id"], parameters.get("$expand") == "*")
    teller.tell(row, one["data"])
    return row


def _meta(form, one):
    """Return what the form asks ODK itself: always the ID, seldom a name."""
    asked = [q["name"] for q in form["fields"] if q["path"].startswith("/meta/")]
    return {**dict.fromkeys(asked), "instanceID": html.unescape(one["version_id"])}


class _Teller:
    """Adds answers, each after what another question of the same name has said.

    :param dict form: of the store
    :param str instance_id: of the submission
    :param bool expand: whether the answer has the entries of repeated groups
    """

    def __init__(self, form, instance_id, expand):
        self.known, self.fields = form["known"], form["fields"]
        self.instance_id, self.expand = instance_id, expand

    def tell(self, row, data, path="", link="", place=""):
        """Add the answers of one group or one entry.

        :param str path: of the group in the form
        :param str link: the same in names of OData
        :param str place: the same with the number of each entry
        """
        link = link or f"Submissions('{quote(self.instance_id, safe='')}')"
        if self.known is not None:
            self._tell_unanswered(row, path)
        for raw_name, value in data.items():
            below = f"{path}/{raw_name}"
            if self.known is not None and below not in self.known:
                # Central passes over what the form, as it is now, does not ask.
                continue
            name = odata_name(raw_name)
            at = below, f"{link}/{name}", f"{place}/{raw_name}"
            if isinstance(value, dict):
                self.tell(row.setdefault(name, {}), value, *at)
            elif isinstance(value, list):
                self._tell_entries(row, name, value, *at)
            elif isinstance(value, str) and isinstance(row.get(name), str):
                row[name] += value
            elif value is not None or name not in row:
                row[name] = value

    def _tell_unanswered(self, row, path):
        """Add the questions that the form has by now, whenever it was submitted."""
        for question in self.fields:
            inside, _slash, raw_name = question["path"].rpartition("/")
            if inside != path or question["type"] == "repeat":
                continue
            name = odata_name(raw_name)
            if question["type"] != "structure":
                row.setdefault(name, None)
            elif raw_name != "meta":
                self._tell_unanswered(row.setdefault(name, {}), question["path"])

    def _tell_entries(self, row, name, entries, path, link, place):
        row[f"{name}@odata.navigationLink"] = link
        if not entries or not self.expand:
            # A repeat without instances has no key at all.
            return
        told_ = row.setdefault(name, [])
        for number, entry in enumerate(entries):
            at = f"{place}#{number}"
            # Central's ID of an entry is made of where it stands, not of what it says.
            own = hashlib.sha1(f"{self.instance_id}{at}".encode()).hexdigest()
            told_.append({"__id": own})
            self.tell(told_[-1], entry, path, f"{link}('{own}')", at)


@functools.cache
def odata_name(name):
    """Return what Central calls a question in its feed; two may become the same."""
    name = re.sub(r"^([^A-Za-z_])", r"_\1", name)
    return re.sub(r"[^A-Za-z0-9_]+", "_", name)


def odata_fields(fields):
    """Return a form's questions, named as in the feed."""
    return [
        {
            **question,
            "name": odata_name(question["name"]),
            "path": "/"
            + "/".join(map(odata_name, question["path"].strip("/").split("/"))),
        }
        for question in fields
    ]


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


def _joined(how, first, second):
    if how is any:
        return lambda one: first(one) or second(one)
    return lambda one: first(one) and second(one)


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
