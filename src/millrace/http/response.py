"""Responses: decompression within bounds, and bodies read as asked."""

import base64
import codecs
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final, Literal, NoReturn, TypeAlias

from millrace.http.errors import ResponseError
from millrace.model import Json

ResponseMode: TypeAlias = Literal["auto", "json", "text", "binary"]

ACCEPT_ENCODING: Final = "gzip, deflate"
_CHUNK_BYTES: Final = 64 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"
_TEXT_TYPES: Final = (
    "text/",
    "application/xml",
    "application/javascript",
    "application/x-www-form-urlencoded",
    "application/yaml",
)


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response.

    Attributes:
        headers: By lower-case name; repeated ones are joined by a comma.
        url: Where it came from, after redirects.
        links: Targets of the Link header by their relation.
    """

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes
    url: str
    links: dict[str, str]

    @property
    def content_type(self) -> str:
        """The media type, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text, in the charset that the server names, else UTF-8."""
        for parameter in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = parameter.strip().partition("=")
            if name.lower() == "charset":
                try:
                    charset = codecs.lookup(value.strip("\"' ")).name
                    return self.body.decode("utf-8-sig" if charset == "utf-8" else charset, "replace")
                except (LookupError, UnicodeError):
                    break
        return self.body.decode("utf-8-sig", "replace")


def decode_body(response: Response, mode: ResponseMode) -> Json:
    """Read a response's body.

    `auto` gives JSON for JSON types, text for text, base64 for all else; an empty body is null.

    Raises:
        ResponseError: It was to be JSON and is not.
    """
    if mode == "binary":
        return base64.b64encode(response.body).decode()
    if mode == "text":
        return response.text
    if not response.body:
        return None
    kind = response.content_type
    if mode == "json":
        return parse_json(response)
    if kind == "application/json" or kind.endswith("+json"):
        return parse_json(response)
    if kind.startswith(_TEXT_TYPES) or kind.endswith("+xml"):
        return response.text
    if not kind and b"\0" not in response.body:
        try:
            return response.body.decode()
        except UnicodeDecodeError:
            pass
    return base64.b64encode(response.body).decode()


def parse_json(response: Response) -> Json:
    """Read the body as JSON.

    Raises:
        ResponseError: It is not.
    """
    try:
        return json.loads(response.text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ResponseError("The response's JSON is nested too deeply to read") from None
    except ValueError as error:
        start = response.text[:200]
        raise ResponseError(
            f"Expected JSON from the server, found something else ({error}): {start!r}; "
            "set `response` to text or binary to take it as it is"
        ) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_body(chunks: Iterable[bytes], encoding: str, limit: int) -> bytes:
    """Read a body and decompress it as its Content-Encoding says; `limit` is in bytes after that.

    Raises:
        ResponseError: It is larger, or damaged, or compressed in a way that was not asked for.
    """
    match encoding.strip().lower():
        case "" | "identity":
            decoded = iter(chunks)
        case "gzip" | "x-gzip":
            decoded = _inflate(chunks, zlib.MAX_WBITS | 16)
        case "deflate":
            decoded = _inflate(chunks, zlib.MAX_WBITS)
        case other:
            raise ResponseError(f"Expected a body compressed by gzip or deflate, found {other!r}")
    body = bytearray()
    for chunk in decoded:
        body += chunk
        if len(body) > limit:
            raise ResponseError(f"The response is larger than {limit:,} bytes; ask the server for less, or for pages")
    return bytes(body)


def _inflate(chunks: Iterable[bytes], window: int) -> Iterator[bytes]:
    """Decompress in steps of bounded size, so that a small body cannot become a huge one unseen."""
    start, rest = _first_bytes(iter(chunks))
    if not start:  # a response without a body may still name its compression
        return
    raw = window == zlib.MAX_WBITS and not _has_zlib_header(start)
    inflater = zlib.decompressobj(-window if raw else window)
    for chunk in chain([start], rest):
        data = chunk
        while data:
            try:
                yield inflater.decompress(data, _CHUNK_BYTES)
            except zlib.error as error:
                raise ResponseError(f"The response's compression is damaged: {error}") from None
            data = inflater.unconsumed_tail
            if inflater.eof and inflater.unused_data.startswith(_GZIP_MAGIC):  # RFC 1952, 2.2: members may follow
                data, inflater = inflater.unused_data, zlib.decompressobj(window)
    if not inflater.eof:
        raise ResponseError("The response's compression is damaged: it ends too early")


def _first_bytes(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) >= len(_GZIP_MAGIC):
            break
    return start, chunks


def _has_zlib_header(start: bytes) -> bool:
    """Whether deflate comes in zlib's format (RFC 1950, 2.2); many servers send it raw (RFC 9110, 8.4.1.2)."""
    return start[0] & 0x0F == zlib.DEFLATED and int.from_bytes(start[:2]) % 31 == 0
