"""Failures in the shape that Lambda reports and Step Functions matches, and those that stay inside.

StepError
`-- one class for each error name, made when it is first raised
CacheError
"""

import functools
import json
from collections.abc import Sequence
from typing import Final

from millrace.catalogue.failure import CONSOLE_MARK
from millrace.catalogue.node import NodeFailure

_CONSOLE_CHARACTERS: Final = 8_000
_MESSAGE_CHARACTERS: Final = 16_000


class StepError(Exception):
    """A node's failure.

    Lambda's Python runtime reports the class's name as `errorType` and the text as `errorMessage`; Step Functions takes
    the first for the error's name, so each name needs a class that is called so.
    """


class CacheError(Exception):
    """A cache cannot be read or written; the node runs without it."""


@functools.cache
def error_class(name: str) -> type[StepError]:
    """Give the class for an error's name, such as `Http.Timeout`."""
    return type(name, (StepError,), {"__doc__": f"The failure {name}.", "__module__": __name__})


def step_error(failure: NodeFailure, console: Sequence[str] = ()) -> StepError:
    """Turn a failure into what Lambda reports; the last console lines follow the message.

    A cause of Step Functions holds 32,768 characters of JSON, so both are cut.
    """
    message = failure.message[:_MESSAGE_CHARACTERS]
    while _written(message) > _MESSAGE_CHARACTERS:
        message = message[: len(message) * 3 // 4]
    lines = "\n".join(console)[-_CONSOLE_CHARACTERS:]
    while _written(lines) > _CONSOLE_CHARACTERS:
        lines = lines[len(lines) // 4 + 1 :]
    return error_class(failure.error)(message + (CONSOLE_MARK + lines if lines else ""))


def _written(text: str) -> int:
    """Count the characters of a text as it is written in JSON."""
    return len(json.dumps(text, ensure_ascii=False)) - len('""')


def split_message(text: str) -> tuple[str, list[str]]:
    """Part an `errorMessage` into the message and the console lines."""
    message, mark, lines = text.partition(CONSOLE_MARK)
    return message, lines.split("\n") if mark else []
