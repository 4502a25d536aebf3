"""Pages of a list, and answers a caller may keep."""

import hashlib
import json
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

#: For the directory: it changes seldom, and nothing in it is of a person.
KEEP = "private, max-age=60"


def path_of(request: Request, path):
    """Return a path of this API as it is seen from outside, without the host.

    The host is what the caller says it is, so it is not repeated.
    """
    return f"{request.scope['root_path']}/v1{path}"


def next_page(request: Request, path, more, page, size, **asked):
    """Return path and query of the page after this one, None if it is the last.

    :param str path: of the list, in this API
    :param bool more: whether there is another page
    :param asked: what else was asked for
    """
    if not more:
        return None
    query = {name: value for name, value in asked.items() if value is not None}
    query |= {"page": page + 1, "page_size": size}
    return f"{path_of(request, path)}?{urlencode(query)}"


def kept_answer(content, known):
    """Answer with JSON that the caller may keep, or that what it has still holds.

    The tag is made of the whole answer: two answers that are not the same never have
    the same tag, however the database got there.

    :param content: what is answered
    :param str known: tags of the answers the caller has, or None
    """
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": KEEP}
    if _is_known(known or "", tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def _is_known(tags, tag):
    known = [one.strip().removeprefix("W/") for one in tags.split(",")]
    return tag in known or "*" in known
