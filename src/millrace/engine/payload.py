"""A JSON value together with its text, so that each is made once and sizes are known.

Sources: "Step Functions service quotas" (256 KiB of a state's input or output, in UTF-8).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import orjson

from millrace.engine.errors import PayloadError
from millrace.model.json import Json

PAYLOAD_LIMIT: Final = 262_144

# Only JSON's own types: what orjson turns into text by itself would differ from the value that the next state reads.
_STRICT: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS


@dataclass(frozen=True, slots=True)
class Payload:
    """A value and its compact JSON text; neither is changed afterwards.

    Attributes:
        size: Bytes of the text in UTF-8.
    """

    value: Json
    text: str
    size: int

    @classmethod
    def of(cls, value: Json) -> "Payload":
        """Encode a value made of JSON's types.

        Raises:
            PayloadError: The value is not JSON, has a number beyond 64 bits, or is nested more than 254 deep.
        """
        encoded = encode(value)
        return cls(value, encoded.decode(), len(encoded))

    @classmethod
    def foreign(cls, value: object) -> "Payload":
        """Encode a value from outside and read it back, so that only JSON's own types go on.

        Raises:
            PayloadError: The value is not JSON.
        """
        return cls.parse(encode(value))

    @classmethod
    def parse(cls, text: str | bytes) -> "Payload":
        """Read JSON text.

        Raises:
            PayloadError: The text is not JSON.
        """
        try:
            value = cast("Json", orjson.loads(text))
        except orjson.JSONDecodeError as error:
            raise PayloadError(f"expected JSON text: {error}") from error
        return cls.of(value)

    @classmethod
    def array(cls, parts: "Sequence[Payload]") -> "Payload":
        """Join payloads into one array, without encoding them again."""
        text = "[" + ",".join([part.text for part in parts]) + "]"
        size = 2 + sum([part.size for part in parts]) + max(0, len(parts) - 1)
        return cls([part.value for part in parts], text, size)


def encode(value: object) -> bytes:
    """Write a value as compact JSON in UTF-8.

    Raises:
        PayloadError: The value is not JSON.
    """
    try:
        return orjson.dumps(value, option=_STRICT)
    except TypeError as error:
        raise PayloadError(
            f"expected a value of JSON's types, found {type(value).__name__}: {error}; give objects with string keys, "
            "arrays, strings, numbers, booleans and null"
        ) from error


def text_of(value: Json) -> str:
    """Write a value as compact JSON text.

    Raises:
        PayloadError: The value is not JSON.
    """
    return encode(value).decode()


NULL: Final = Payload.of(None)
EMPTY_OBJECT: Final = Payload.of({})
