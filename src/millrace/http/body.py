"""Request bodies, and text made of the values that a config holds."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import httpx

from millrace.http.errors import RequestError
from millrace.model import Json, type_of

BodyType: TypeAlias = Literal["auto", "json", "form", "multipart", "text", "binary"]


@dataclass(frozen=True, slots=True)
class Body:
    """A body's bytes and what they are."""

    content: bytes = b""
    content_type: str | None = None


def encode_body(value: Json, kind: BodyType) -> Body:
    """Write a config's body.

    `auto` sends text as text/plain and everything else as JSON; `form` takes an object; `multipart` an object whose
    files are `{"base64", "filename", "contentType"}`; `binary` takes base64.

    Raises:
        RequestError: The value does not suit the kind.
    """
    if value is None:
        return Body()
    match kind:
        case "text":
            return Body(text_of(value, "body").encode(), "text/plain; charset=utf-8")
        case "auto" if isinstance(value, str):
            return Body(value.encode(), "text/plain; charset=utf-8")
        case "auto" | "json":
            return Body(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), "application/json")
        case "binary":
            return Body(_from_base64(value, "body"), "application/octet-stream")
        case "form":
            fields = pairs_of(value, "body")
            return _encoded(httpx.Request("POST", "http://body", data=_grouped(fields)))
        case "multipart":
            return _multipart(value)


def text_of(value: Json, at: str) -> str:
    """Write a scalar as it appears in a URL, a header or a form.

    Raises:
        RequestError: It is null, a list or an object.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise RequestError(f"{at}: expected text, a number or a boolean, found {type_of(value)}")


def pairs_of(value: Json, at: str) -> list[tuple[str, str]]:
    """Write an object as names and values; a list repeats its name, null leaves it out.

    Raises:
        RequestError: It is no object, or a member is none of these.
    """
    if not isinstance(value, dict):
        raise RequestError(f"{at}: expected an object of names and values, found {type_of(value)}")
    pairs: list[tuple[str, str]] = []
    for name, member in value.items():
        items = member if isinstance(member, list) else [member]
        pairs.extend((name, text_of(item, f"{at}.{name}")) for item in items if item is not None)
    return pairs


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, text in pairs:
        grouped.setdefault(name, []).append(text)
    return grouped


def _multipart(value: Json) -> Body:
    if not isinstance(value, dict):
        raise RequestError(f"body: expected an object of fields and files for multipart, found {type_of(value)}")
    parts: list[tuple[str, tuple[str | None, bytes, str | None]]] = []
    for name, member in value.items():
        for item in member if isinstance(member, list) else [member]:
            at = f"body.{name}"
            if isinstance(item, dict):
                if "base64" not in item:
                    raise RequestError(
                        f"{at}: expected a file {{base64, filename, contentType}}, found an object without base64"
                    )
                filename = text_of(item.get("filename") or name, f"{at}.filename")
                content_type = text_of(item.get("contentType") or "application/octet-stream", f"{at}.contentType")
                _refuse_line_ends(content_type, f"{at}.contentType")
                parts.append((name, (filename, _from_base64(item["base64"], f"{at}.base64"), content_type)))
            elif item is not None:
                parts.append((name, (None, text_of(item, at).encode(), None)))
    files = cast("list[tuple[str, tuple[str | None, bytes] | tuple[str | None, bytes, str | None]]]", parts)
    return _encoded(httpx.Request("POST", "http://body", files=files))


def _refuse_line_ends(text: str, at: str) -> None:
    if any(character in text for character in "\r\n\0"):
        raise RequestError(f"{at}: expected text without line ends")


def _encoded(request: httpx.Request) -> Body:
    return Body(request.read(), request.headers.get("content-type"))


def _from_base64(value: Json, at: str) -> bytes:
    if not isinstance(value, str):
        raise RequestError(f"{at}: expected base64 text, found {type_of(value)}")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(f"{at}: expected base64 text, found something else ({error})") from None
