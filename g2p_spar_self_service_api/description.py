"""What the description of the API (OpenAPI) says of every operation alike.

Said here, it costs the calls themselves nothing.
"""

from .problems import KINDS, MEDIA_TYPE
from .schemas.problem import Problem

VERSION = "1.0.0"
_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_TEXT = {"type": "string"}
_HEADERS = {
    "X-Request-Id": {"description": "By which this call is found.", "schema": _TEXT}
}
_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "Languages of the texts, best first. Those the registry does not "
    "have are passed over.",
    "schema": _TEXT,
}
_TIME_ZONE = {
    "name": "Time-Zone",
    "in": "header",
    "required": False,
    "description": "The reader's time zone, by its IANA name, for moments in "
    "sentences. Without it they are written with their offset, as in all other values.",
    "schema": {**_TEXT, "examples": ["Africa/Dar_es_Salaam"]},
}
#: Refusals of every operation, of those with a body, and of those that need a caller.
_ALWAYS = (400, 405, 422, 500, 503)
_WITH_BODY = (413, 415)
_WITH_CALLER = (401, 403, 429)


def complete(described):
    """Add to a description how operations refuse.

    :param dict described: as FastAPI makes it; it is changed
    :return: the same
    """
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    template = "#/components/schemas/{model}"
    schema = Problem.model_json_schema(ref_template=template, mode="serialization")
    schemas.update(schema.pop("$defs"), Problem=schema)
    for operations in described["paths"].values():
        for operation in operations.values():
            _complete_operation(operation)
    return described


def _complete_operation(operation):
    operation.setdefault("parameters", []).extend([_LANGUAGE, _TIME_ZONE])
    responses = operation["responses"]
    statuses = {*_ALWAYS, *(int(status) for status in responses if status >= "4")}
    if "requestBody" in operation:
        statuses.update(_WITH_BODY)
    if operation.get("security"):
        statuses.update(_WITH_CALLER)
    for status in sorted(statuses):
        responses[str(status)] = {
            "description": _titles(status),
            "content": {MEDIA_TYPE: {"schema": _SCHEMA}},
        }
    for response in responses.values():
        response["headers"] = {**_HEADERS, **response.get("headers", {})}


def _titles(status):
    """Return the titles of the problems with a status, in English."""
    titles = (str(title) for code, title, _text in KINDS.values() if code == status)
    return ", or: ".join(dict.fromkeys(titles))
