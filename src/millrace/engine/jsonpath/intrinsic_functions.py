"""What the intrinsic functions compute.

Sources: AWS Step Functions Developer Guide, "Intrinsic functions"; where numbers with a fraction are cut off rather
than rounded, and what is let through, is AWS's observed behaviour.
"""

import base64
import math
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

import orjson

from millrace.engine import functions
from millrace.engine.payload import text_of
from millrace.model.json import Json

RANGE_LIMIT: Final = 1000
TEXT_LIMIT: Final = 10_000

_INT_LIMIT: Final = 2**31
_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9+/_-]")


class ArgumentError(ValueError):
    """An argument is not what the function takes."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A function and how many arguments it takes.

    Attributes:
        most: None when there is no limit.
    """

    call: Callable[[list[Json], random.Random], Json]
    least: int
    most: int | None


def array_of(value: Json) -> list[Json]:
    """Take an array."""
    if isinstance(value, list):
        return value
    raise ArgumentError


def text_from(value: Json) -> str:
    """Take a text."""
    if isinstance(value, str):
        return value
    raise ArgumentError


def _short_text(value: Json) -> str:
    text = text_from(value)
    if len(text) > TEXT_LIMIT:
        raise ArgumentError
    return text


def _number(value: Json) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise ArgumentError


def _whole(value: Json) -> int:
    """Take a number without its fraction."""
    return int(_number(value))


def _rounded(value: Json) -> int:
    """Take a number rounded to the nearest integer, halves upwards, of 32 bits."""
    return _int32(math.floor(_number(value) + 0.5))


def _int32(value: int) -> int:
    if -_INT_LIMIT <= value < _INT_LIMIT:
        return value
    raise ArgumentError


def _array(arguments: list[Json], source: random.Random) -> Json:
    del source
    return arguments


def _array_partition(arguments: list[Json], source: random.Random) -> Json:
    del source
    items, size = array_of(arguments[0]), _whole(arguments[1])
    if size < 1:
        raise ArgumentError
    return [items[start : start + size] for start in range(0, len(items), size)]


def _array_contains(arguments: list[Json], source: random.Random) -> Json:
    del source
    return any(same(item, arguments[1]) for item in array_of(arguments[0]))


def _array_range(arguments: list[Json], source: random.Random) -> Json:
    del source
    first, last, step = map(_whole, arguments)
    if step == 0:
        raise ArgumentError
    numbers = range(first, last + (1 if step > 0 else -1), step)
    if len(numbers) > RANGE_LIMIT:
        raise ArgumentError
    return list(numbers)


def _array_get_item(arguments: list[Json], source: random.Random) -> Json:
    del source
    items, index = array_of(arguments[0]), _whole(arguments[1])
    if not items and index >= 0:
        return None
    if not 0 <= index < len(items):
        raise ArgumentError
    return items[index]


def _array_length(arguments: list[Json], source: random.Random) -> Json:
    del source
    return len(array_of(arguments[0]))


def _array_unique(arguments: list[Json], source: random.Random) -> Json:
    del source
    unique: dict[bytes, Json] = {}
    for item in array_of(arguments[0]):
        unique.setdefault(_identity(item), item)
    return list(unique.values())


def _base64_encode(arguments: list[Json], source: random.Random) -> Json:
    del source
    return base64.b64encode(_short_text(arguments[0]).encode()).decode()


def _base64_decode(arguments: list[Json], source: random.Random) -> Json:
    """Decode as Apache Commons Codec does: what is not of the alphabet is skipped, the first `=` ends the text."""
    del source
    text = _NOT_BASE64.sub("", _short_text(arguments[0]).partition("=")[0]).replace("-", "+").replace("_", "/")
    if len(text) % 4 == 1:
        text = text[:-1]
    return base64.b64decode(text + "=" * (-len(text) % 4)).decode(errors="replace")


def _hash(arguments: list[Json], source: random.Random) -> Json:
    del source
    data, algorithm = arguments[0], text_from(arguments[1])
    text = data if isinstance(data, str) else text_of(data)
    if algorithm not in functions.HASH_ALGORITHMS or len(text) > TEXT_LIMIT:
        raise ArgumentError
    return functions.hash_text(text, algorithm)


def _json_merge(arguments: list[Json], source: random.Random) -> Json:
    del source
    first, second, deep = arguments
    if not isinstance(first, dict) or not isinstance(second, dict) or deep is not False:
        raise ArgumentError
    return {**first, **second}


def _json_to_string(arguments: list[Json], source: random.Random) -> Json:
    del source
    return text_of(arguments[0])


def _string_to_json(arguments: list[Json], source: random.Random) -> Json:
    del source
    text = text_from(arguments[0])
    if not text.strip():
        return None
    try:
        return cast("Json", orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise ArgumentError from error


def _math_random(arguments: list[Json], source: random.Random) -> Json:
    """Draw an integer from the first bound to below the second; a seed makes it the same each time."""
    start, end = _int32(_whole(arguments[0])), _int32(_whole(arguments[1]))
    if start >= end:
        raise ArgumentError
    if len(arguments) > 2:
        source = random.Random(_whole(arguments[2]))  # noqa: S311 - a number that a workflow asked for, no secret
    return source.randrange(start, end)


def _math_add(arguments: list[Json], source: random.Random) -> Json:
    del source
    return _int32(_rounded(arguments[0]) + _rounded(arguments[1]))


def _string_split(arguments: list[Json], source: random.Random) -> Json:
    """Split at each of the characters; empty parts are left out."""
    del source
    text, characters = text_from(arguments[0]), text_from(arguments[1])
    parts = re.split(f"[{re.escape(characters)}]", text) if characters else [text]
    return [part for part in parts if part]


def _uuid(arguments: list[Json], source: random.Random) -> Json:
    del arguments
    return functions.random_uuid(source)


def same(left: Json, right: Json) -> bool:
    """Compare two values as JSON: members in any order; 1 and 1.0 are one number, 1 and true are two values."""
    return _identity(left) == _identity(right)


def _identity(value: Json) -> bytes:
    return orjson.dumps(_with_plain_numbers(value), option=orjson.OPT_SORT_KEYS)


def _with_plain_numbers(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value) if abs(value) < 2**53 else value
    if isinstance(value, list):
        return [_with_plain_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_plain_numbers(member) for key, member in value.items()}
    return value


FUNCTIONS: Final[Mapping[str, Signature]] = {
    "Array": Signature(_array, 0, None),
    "ArrayPartition": Signature(_array_partition, 2, 2),
    "ArrayContains": Signature(_array_contains, 2, 2),
    "ArrayRange": Signature(_array_range, 3, 3),
    "ArrayGetItem": Signature(_array_get_item, 2, 2),
    "ArrayLength": Signature(_array_length, 1, 1),
    "ArrayUnique": Signature(_array_unique, 1, 1),
    "Base64Encode": Signature(_base64_encode, 1, 1),
    "Base64Decode": Signature(_base64_decode, 1, 1),
    "Hash": Signature(_hash, 2, 2),
    "JsonMerge": Signature(_json_merge, 3, 3),
    "JsonToString": Signature(_json_to_string, 1, 1),
    "StringToJson": Signature(_string_to_json, 1, 1),
    "MathRandom": Signature(_math_random, 2, 3),
    "MathAdd": Signature(_math_add, 2, 2),
    "StringSplit": Signature(_string_split, 2, 2),
    "UUID": Signature(_uuid, 0, 0),
}
