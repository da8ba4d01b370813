"""The functions that Step Functions adds to JSONata, and those it takes away.

Source: AWS Step Functions Developer Guide, "Transforming data with JSONata in Step Functions". Errors are ValueErrors
whose text starts with a code, as JSONata's own do.
"""

import hashlib
import math
import random
import uuid
from collections.abc import Callable
from typing import Final, TypeGuard, cast

import orjson

from millrace.engine.payload import encode

HASH_ALGORITHMS: Final = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
RANGE_LIMIT: Final = 100_000
NOT_A_FUNCTION: Final = "T1006: Attempted to invoke a non-function"


def parse(text: object = None, *_more: object) -> object:
    """Read JSON text ($parse): the replacement of $eval for data; $map hands it the index and the array as well."""
    if not isinstance(text, str):
        raise _signature("parse", 1)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f'D3120: Syntax error in the JSON text passed to function "parse": {error}') from error


def partition(values: object = None, size: object = None) -> object:
    """Cut an array into arrays of `size` items ($partition)."""
    if not isinstance(values, list):
        raise _signature("partition", 1)
    if not _is_number(size) or size < 1:
        raise _signature("partition", 2)
    step = math.floor(size)
    items = cast("list[object]", values)
    return [items[start : start + step] for start in range(0, len(items), step)]


def sequence(first: object = None, last: object = None, step: object = None) -> object:
    """Count from first to last, both included ($range); a single number is no array, as in any JSONata sequence."""
    for position, value in enumerate((first, last, step), start=1):
        if not _is_number(value):
            raise _signature("range", position)
    assert _is_number(first)
    assert _is_number(last)
    assert _is_number(step)
    if step == 0:
        raise ValueError('D3130: The step of function "range" must not be 0')
    length = max(0, math.floor((last - first) / step) + 1)
    if length > RANGE_LIMIT:
        raise ValueError(f'D2014: Function "range" would give {length} numbers; the limit is {RANGE_LIMIT}')
    numbers = [first + step * index for index in range(length)]
    return numbers[0] if length == 1 else numbers


def hash_text(value: object = None, algorithm: object = None) -> str:
    """Give the hexadecimal digest of a text, or of a value's JSON text ($hash)."""
    name = HASH_ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if name is None:
        raise _signature("hash", 2)
    data = value.encode() if isinstance(value, str) else encode(value)
    return hashlib.new(name, data, usedforsecurity=False).hexdigest()


def random_number(source: random.Random, seed: object = None) -> float:
    """Give a number in [0, 1) ($random); a seed gives what java.util.Random gives, as on AWS."""
    if seed is None:
        return source.random()
    if not _is_number(seed):
        raise _signature("random", 1)
    return _java_random(int(seed))


def random_uuid(source: random.Random) -> str:
    """Give a random UUID, version 4 ($uuid)."""
    return str(uuid.UUID(int=source.getrandbits(128), version=4))


def refused(*_arguments: object) -> object:
    """Refuse $eval, which Step Functions does not have."""
    raise ValueError(NOT_A_FUNCTION)


PURE: Final[dict[str, Callable[..., object]]] = {
    "parse": parse,
    "partition": partition,
    "range": sequence,
    "hash": hash_text,
}


def _java_random(seed: int) -> float:
    """Give the first nextDouble() of java.util.Random (its documentation states the generator)."""
    multiplier, mask = 0x5DEECE66D, (1 << 48) - 1
    state = (seed ^ multiplier) & mask
    state = (state * multiplier + 0xB) & mask
    high = state >> 22
    state = (state * multiplier + 0xB) & mask
    low = state >> 21
    return ((high << 27) + low) / (1 << 53)


def _signature(function: str, position: int) -> ValueError:
    return ValueError(f'T0410: Argument {position} of function "{function}" does not match function signature')


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
