"""JSON text as the table and the bucket keep it."""

import json
import re
from typing import Any, Final

import orjson

from millrace.model import Json

# Nineteen digits may be more than 64 bits.
_LONG_NUMBER: Final = re.compile(rb"[0-9]{19}")


def json_text(value: Any) -> bytes:
    """Write a value as JSON.

    What orjson refuses, integers beyond 64 bits and lone surrogates, Python's own module writes.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def read_json(text: str | bytes) -> Json:
    """Read what `json_text` wrote.

    orjson rounds integers beyond 64 bits, and refuses lone surrogates: Python's own module reads them.
    """
    data = text.encode() if isinstance(text, str) else text
    if _LONG_NUMBER.search(data):
        return json.loads(data)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data)
