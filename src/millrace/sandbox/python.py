"""Python in Monty, an interpreter without access to the host, in worker processes that its pool kills and replaces."""

import atexit
import functools
import io
import tokenize
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal

from millrace.model import Json
from millrace.sandbox.console import Console
from millrace.sandbox.errors import (
    Position,
    ProgramError,
    ProgramMemoryError,
    ProgramSyntaxError,
    ProgramTimeoutError,
    ResultError,
    SandboxError,
)
from millrace.sandbox.limits import Limits
from millrace.sandbox.result import read_result

if TYPE_CHECKING:
    from pydantic_monty import Monty, MontyRuntimeError, MontySyntaxError

_HEADER_LINES: Final = 1
_INDENT: Final = 1
_MAIN: Final = "__step__"
_STRING_STARTS: Final = {"STRING", "FSTRING_START", "TSTRING_START"}
_STRING_ENDS: Final = {"STRING", "FSTRING_END", "TSTRING_END"}
_BLANK: Final = {"COMMENT", "NL", "NEWLINE", "INDENT", "DEDENT", "ENCODING", "ENDMARKER"}
_CALL: Final = f"__value__ = await {_MAIN}(__inputs__, **__inputs__)"
_SOURCE_FILE: Final = "<python-input-0>"
_NOT_SUPPORTED: Final = "The monty syntax parser does not yet support "

# Serialises inside the sandbox: what crosses the border is one string, and what is not JSON is named with its path.
_SERIALIZE: Final = """
def __path_of_fault__(value, path, seen):
    if value is None or isinstance(value, (bool, int, str)):
        return ""
    if isinstance(value, float):
        return "" if value - value == 0 else path + " is " + str(value) + "; return None or a finite number instead"
    if isinstance(value, (list, tuple, dict)):
        if id(value) in seen:
            return path + " contains itself (a cycle); return a copy without the reference back"
        seen = seen + [id(value)]
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    return path + " has the key " + repr(key) + "; keys must be text, convert it with str(...)"
                found = __path_of_fault__(value[key], path + "." + key, seen)
                if found:
                    return found
        else:
            for index in range(len(value)):
                found = __path_of_fault__(value[index], path + "[" + str(index) + "]", seen)
                if found:
                    return found
        return ""
    kind = type(value).__name__
    remedies = {
        "set": "convert it with sorted(...) or list(...)",
        "frozenset": "convert it with sorted(...) or list(...)",
        "bytes": "convert it with .decode()",
        "datetime": "convert it with .isoformat()",
        "date": "convert it with .isoformat()",
        "Decimal": "convert it with float(...) or str(...)",
        "function": "return data only",
    }
    return path + " is of type " + kind + "; " + remedies.get(kind, "return None, bool, int, float, str, list or dict")

import json as __json__
__fault__ = __path_of_fault__(__value__, "result", [])
(__fault__ or None, None if __fault__ else __json__.dumps(__value__))
"""


@functools.cache
def _pool() -> "Monty":
    from pydantic_monty import Monty

    pool = Monty().__enter__()
    atexit.register(pool.__exit__, None, None, None)
    return pool


def run_python(source: str, inputs: Mapping[str, Json], limits: Limits, console: Callable[[str], None]) -> Json:
    """Run Python as the body of an async function.

    Each input is a variable of the source, and an item of `inputs`; `console` takes each line of output as it is
    written.

    Raises:
        SandboxError: The code came to no result; the subclass says why.
    """
    from pydantic_monty import MontyCrashedError, MontyError, MontyRuntimeError, MontySyntaxError

    output = Console(console, limits.console_bytes)

    def write(stream: Literal["stdout", "stderr"], text: str) -> None:
        del stream
        output.write(text)

    try:
        with _pool().checkout(
            limits={
                "max_feed_duration_secs": limits.seconds,
                "max_memory": limits.memory_bytes,
                "max_total_sleep_secs": limits.seconds,
            },
            assert_message_annotations=False,
        ) as session:
            session.feed_run(_wrap(source, list(inputs)), print_callback=write)
            session.feed_run(_CALL, inputs={"__inputs__": dict(inputs)}, print_callback=write)
            output.flush()
            fault, result = session.feed_run(_SERIALIZE, print_callback=write)
    except MontySyntaxError as error:
        raise ProgramSyntaxError(_reason(error), _position(error, source)) from None
    except MontyRuntimeError as error:
        output.flush()
        raise _failure(error, source, limits) from None
    except MontyCrashedError as error:
        output.flush()
        if error.timed_out:
            raise _timeout(limits) from None
        raise ProgramError(
            "The interpreter died while it ran the code; it needed too much memory or nested too deeply"
        ) from None
    except MontyError as error:
        raise ProgramError(str(error)) from None
    if fault is not None:
        raise ResultError(f"The returned value is not JSON: {fault}")
    if len(result) > limits.result_bytes:
        raise ResultError(
            f"The returned value has {len(result):,} characters of JSON; at most {limits.result_bytes:,} are allowed"
        )
    return read_result(result)


def _wrap(source: str, names: list[str]) -> str:
    """Make the source the body of an async function; lines inside of strings keep their text."""
    inside, empty = _layout(source)
    lines = source.split("\n")
    body = [line if number in inside else " " * _INDENT + line for number, line in enumerate(lines, start=1)]
    parameters = ", ".join(["inputs", *names])
    return "\n".join([f"async def {_MAIN}({parameters}):", *body, *([" pass"] if empty else [])])


def _layout(source: str) -> tuple[set[int], bool]:
    """Find the lines that begin inside a string, and whether there is no code at all."""
    inside: set[int] = set()
    starts: list[int] = []
    empty = True
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            kind = tokenize.tok_name[token.type]
            empty = empty and kind in _BLANK
            if kind in _STRING_STARTS:
                starts.append(token.start[0])
            if kind in _STRING_ENDS and starts:
                inside.update(range(starts.pop() + 1, token.end[0] + 1))
    except (tokenize.TokenError, SyntaxError):  # the sandbox's own parser reports it with its place
        return inside, False
    return inside, empty


def _failure(error: "MontyRuntimeError", source: str, limits: Limits) -> SandboxError:
    reason = _reason(error)
    inner = error.exception()
    match inner:
        case TimeoutError() if "limit exceeded" in reason:
            return _timeout(limits)
        case MemoryError():
            megabytes = limits.memory_bytes // 1024**2
            message = f"The code needed more than {megabytes} MB of memory; work on fewer items at a time"
            return ProgramMemoryError(message, _position(error, source))
        case NotImplementedError() if _NOT_SUPPORTED in reason:
            what = reason.split(_NOT_SUPPORTED, 1)[1]
            return ProgramSyntaxError(
                f"Python here does not know {what}; write it another way, or in JavaScript", _position(error, source)
            )
        case _:
            return ProgramError(reason, _position(error, source))


def _timeout(limits: Limits) -> ProgramTimeoutError:
    return ProgramTimeoutError(
        f"The code ran longer than {limits.seconds:g} s; raise timeoutSeconds or do less in one node"
    )


def _reason(error: "MontyRuntimeError | MontySyntaxError") -> str:
    return error.display("type-msg")[:10_000]


def _position(error: "MontyRuntimeError | MontySyntaxError", source: str) -> Position | None:
    """The innermost frame inside the source, in the source's own lines."""
    lines = source.split("\n")
    for frame in reversed(error.traceback()):
        line = frame.line - _HEADER_LINES
        if frame.filename != _SOURCE_FILE or line < 1:
            continue
        if line > len(lines):
            return Position(len(lines), None, lines[-1].strip()[:200])
        return Position(line, max(1, frame.column - _INDENT), lines[line - 1].strip()[:200])
    return None
