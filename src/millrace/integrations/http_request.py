"""The request that the arguments of `http:invoke` and `apigateway:invoke` describe.

Source: AWS Step Functions Developer Guide, "Call HTTPS APIs in Step Functions workflows" (URL encoding and its array
formats, which parts may be given) and "Create API Gateway REST APIs with Step Functions".
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from millrace.http import Body
from millrace.integrations.errors import ArgumentsError
from millrace.integrations.shapes import text_of
from millrace.model.json import Json

_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"})

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request before it is sent."""

    method: str
    url: str
    headers: Pairs
    query: Pairs
    body: Body


def method_of(arguments: Mapping[str, Json]) -> str:
    """Read the method.

    Raises:
        ArgumentsError: It is none that may be used.
    """
    method = arguments.get("Method")
    if not isinstance(method, str) or method not in METHODS:
        raise ArgumentsError(f"The value of the field 'Method' has to be one of {', '.join(sorted(METHODS))}")
    return method


def text(arguments: Mapping[str, Json], field: str) -> str:
    """Read a required text.

    Raises:
        ArgumentsError: It is missing.
    """
    value = arguments.get(field)
    if not isinstance(value, str) or not value:
        raise ArgumentsError(f"The field '{field}' is required but was missing")
    return value


def pairs(arguments: Mapping[str, Json], field: str) -> Pairs:
    """Read headers or query parameters; an array gives its name as often as it has items.

    Raises:
        ArgumentsError: They are no object.
    """
    given = arguments.get(field)
    if given is None:
        return ()
    if not isinstance(given, dict):
        raise ArgumentsError(f"The value of the field '{field}' has an invalid format")
    return tuple(
        (name, text_of(item))
        for name, value in given.items()
        if value is not None
        for item in (value if isinstance(value, list) else [value])
    )


def body_of(arguments: Mapping[str, Json], headers: Iterable[tuple[str, str]], added: Pairs = ()) -> Body:
    """Write the body.

    Args:
        arguments: RequestBody and Transform.
        headers: Those of the request; the Content-Type decides how text is sent.
        added: Members that a connection adds.

    Raises:
        ArgumentsError: The body cannot be written as Transform asks.
    """
    value = arguments.get("RequestBody")
    if added:
        value = {**(value if isinstance(value, dict) else {}), **dict(added)}
    if value is None:
        return Body()
    transform = arguments.get("Transform")
    if isinstance(transform, dict) and transform.get("RequestBodyEncoding") == "URL_ENCODED":
        options = transform.get("RequestEncodingOptions")
        return Body(_form(value, options if isinstance(options, dict) else {}).encode(), _FORM)
    if isinstance(value, str):
        kind = next((value for name, value in headers if name.lower() == "content-type"), _JSON)
        return Body(value.encode() if not kind.startswith(_JSON) else json.dumps(value).encode(), kind)
    return Body(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(), _JSON)


def _form(value: Json, options: Mapping[str, Json]) -> str:
    if not isinstance(value, dict):
        raise ArgumentsError("The value of the field 'RequestBody' has to be an object to be URL-encoded")
    arrays = str(options.get("ArrayFormat") or "INDICES")
    return urlencode([pair for name, item in value.items() for pair in _flat(name, item, arrays)])


def _flat(name: str, value: Json, arrays: str) -> list[tuple[str, str]]:
    """Write a member as form fields: objects in brackets, arrays in the format that Transform names."""
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in _flat(f"{name}[{key}]", item, arrays)]
    if not isinstance(value, list):
        return [(name, "" if value is None else text_of(value))]
    if arrays == "COMMAS":
        return [(name, ",".join(map(text_of, value)))]
    written: list[tuple[str, str]] = []
    for index, item in enumerate(value):
        key = {"INDICES": f"{name}[{index}]", "BRACKETS": f"{name}[]", "REPEAT": name, "NONE": name}.get(arrays)
        if key is None:
            raise ArgumentsError("The value of the field 'ArrayFormat' has an invalid format")
        written.extend(_flat(key, item, arrays))
    return written
