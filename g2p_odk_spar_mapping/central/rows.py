"""One submission as in Central's feed."""

import hashlib
import json
import re
from dataclasses import dataclass, field

#: Format of Central's times: UTC, milliseconds. As texts they sort by time.
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LINK = "@odata.navigationLink"
#: Keys of metadata, not of answers.
ABOUT = ("__id", "__system")
#: Keys of ``meta`` that change with each edit even when no answer does.
VERSION = "instanceID"
LONGEST_ID = 255
#: A surrogate without its other half, or the one character PostgreSQL cannot store.
UNKEEPABLE = re.compile("[\ud800-\udfff\x00]")


class Unreadable(Exception):
    """A row that cannot be staged.

    :param instance_id: the submission's, or None when it cannot be read
    :param submitted: its date of submission, or None when it cannot be read
    """

    def __init__(self, instance_id=None, submitted=None):
        super().__init__("unreadable")
        self.instance_id = instance_id
        self.submitted = submitted


@dataclass(frozen=True)
class Row:
    """A submission. ``data`` and the hashes are None in a list of IDs."""

    instance_id: str
    submitted: str
    updated: str | None
    deleted: str | None
    review: str | None
    status: str | None
    edits: int
    submitter_id: str | None
    submitter_name: str | None
    device_id: str | None
    form_version: str | None
    attachments_expected: int
    attachments_present: int
    version_id: str | None = None
    #: Of what is answered.
    content_hash: str | None = None
    #: Of all that Central told, as version 19.0.1.0.0 of the addon stored it.
    whole_hash: str | None = None
    data: dict | None = field(default=None, repr=False)
    #: Paths that several questions had at Central at that time, between blanks.
    twins: str | None = None

    @property
    def latest(self):
        """The latest time of a change of it, by Central's clock."""
        return max(filter(None, (self.submitted, self.updated, self.deleted)))

    def has_answers_of(self, content_hash):
        """Return whether it has the answers that a stored hash was made of."""
        return content_hash in {self.content_hash, self.whole_hash} - {None}

    @property
    def is_encrypted(self):
        """Whether the row has only the ID and the dates."""
        return self.status is not None


def read_row(raw, with_data=True):
    """Return a row of the feed.

    :param dict raw: as in the JSON
    :param bool with_data: whether the query included its answers
    :rtype: Row
    :raise Unreadable: when it is not a valid row
    """
    instance_id = raw.get("__id") if isinstance(raw, dict) else None
    if not _is_text(instance_id) or not instance_id or len(instance_id) > LONGEST_ID:
        raise Unreadable(None, _submitted(raw))
    try:
        about = _about(raw["__system"])
        content = _content(raw) if with_data else {}
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise Unreadable(instance_id, _submitted(raw)) from None
    return Row(instance_id=instance_id, **about, **content)


def _submitted(raw):
    """Return the date of submission, if it can be read."""
    try:
        return _stamp(raw["__system"]["submissionDate"])
    except (KeyError, TypeError, ValueError):
        return None


def _about(system):
    return {
        "submitted": _stamp(system["submissionDate"]),
        "updated": _stamp(system.get("updatedAt"), optional=True),
        "deleted": _stamp(system.get("deletedAt"), optional=True),
        "edits": int(system.get("edits") or 0),
        "attachments_expected": int(system.get("attachmentsExpected") or 0),
        "attachments_present": int(system.get("attachmentsPresent") or 0),
        **{
            name: _text(system.get(key))
            for name, key in (
                ("review", "reviewState"),
                ("status", "status"),
                ("submitter_id", "submitterId"),
                ("submitter_name", "submitterName"),
                ("device_id", "deviceId"),
                ("form_version", "formVersion"),
            )
        },
    }


def _content(raw):
    data = _cleaned({key: raw[key] for key in raw if key not in ABOUT})
    meta = data.get("meta")
    version_id = meta.pop(VERSION, None) if isinstance(meta, dict) else None
    text = _as_text(data)
    if UNKEEPABLE.search(text) or "\\u0000" in text:
        raise ValueError
    return {
        "version_id": _text(version_id),
        "content_hash": _hash(_as_text(_answered(data))),
        "whole_hash": _hash(text),
        "data": data,
    }


def _as_text(data):
    return json.dumps(data, sort_keys=True, ensure_ascii=False)


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _answered(value):
    """Return answers without what is not answered.

    Central tells every question that the form has by now, also in old submissions: with
    a new question, all of them would seem to be edited. Nor is Central's ID of an entry
    in a repeated group an answer.
    """
    if isinstance(value, list):
        entries = [_answered(entry) for entry in value]
        return [
            {name: inner for name, inner in entry.items() if name != ABOUT[0]}
            if isinstance(entry, dict)
            else entry
            for entry in entries
        ]
    if isinstance(value, dict):
        answers = {name: _answered(inner) for name, inner in value.items()}
        return {k: v for k, v in answers.items() if v is not None and v != {}}
    return value


def _cleaned(value):
    """Return answers without Central's links, which are no part of them."""
    if isinstance(value, dict):
        return {k: _cleaned(v) for k, v in value.items() if not k.endswith(LINK)}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    return value


def _stamp(value, optional=False):
    if value is None and optional:
        return None
    if not STAMP.fullmatch(value):
        raise ValueError
    return value


def _text(value):
    if value is not None and not _is_text(value):
        raise ValueError
    return value


def _is_text(value):
    return isinstance(value, str) and not UNKEEPABLE.search(value)
