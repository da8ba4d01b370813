"""JSON text as the table and the bucket keep it."""

import json
from typing import Any

import orjson

from millrace.model import Json


def json_text(value: Any) -> bytes:
    """Write a value as JSON.

    What orjson refuses, integers beyond 64 bits and lone surrogates, Python's own module writes.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def read_json(text: str | bytes) -> Json:
    """Read what `json_text` wrote."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        # Lone surrogates, which orjson refuses to read.
        value = json.loads(text)
    return value
