"""JSONata expressions, compiled once and evaluated against a scope.

Source: AWS Step Functions Developer Guide, "Transforming data with JSONata in Step Functions"; errors are worded as in
executions recorded on AWS.
"""

import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import get_ident
from typing import Final, TypeAlias, cast

import jsonatapy
import orjson

from millrace.engine import functions
from millrace.engine.errors import EvaluationError
from millrace.engine.payload import encode, text_of
from millrace.model.json import Json, type_of

# A step of an execution runs on the event loop: one expression may hold it this long, and no longer.
TIME_LIMIT_MILLISECONDS: Final = 2_000
STACK_LIMIT: Final = 500
SEQUENCE_LIMIT: Final = 500_000

_MENTION: Final = re.compile(r"\$([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*){0,2})")
_IMPURE: Final = frozenset({"now", "millis", "random", "uuid"})
_ERROR_PREFIX: Final = re.compile(r"\A(?:host function raised \w+: |Parse error: |Invalid syntax: )+")
# What other threads found to be garbage, by the thread that compiled it and is to drop it with its next expression.
_ORPHANS: Final[dict[int, list[object]]] = {}
_NOT_A_FUNCTION: Final = re.compile(r"\AT1006: Attempted to invoke a non-function.*", re.DOTALL)
_FUNCTION_RESULT: Final = (
    "returned an unexpected result type. Expected 'JSON', but was 'function'; call the function, or leave it out"
)


# Told a stage of a state's data flow, by the name that TestState's inspectionData has for it, and the value there.
Trace: TypeAlias = Callable[[str, Json], None]


@dataclass(slots=True)
class Scope:
    """What an expression can see.

    Attributes:
        variables: The variable scopes, innermost first.
        states: The members of $states that exist here: input, result, errorOutput.
        context: Makes $states.context when an expression asks for it.
        now: Seconds since the epoch, for $now and $millis.
        random: For $random and $uuid.
        document: What `$` is in JSONPath.
        trace: Told the stages of a state's data flow.
    """

    variables: Sequence[Mapping[str, Json]]
    states: Mapping[str, Json]
    context: Callable[[], Json]
    now: float
    random: random.Random
    document: Json = None
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """A name that an expression reads, and which keys of it; no keys: the whole value."""

    name: str
    keys: tuple[str, ...]


class Expression:
    """One `{% ... %}` expression in one field of a state.

    Args:
        text: The JSONata, without the marks.
        location: The field, as AWS names it in errors ("Output/total", "Choices[0]/Condition").

    Raises:
        ValueError: The text is not JSONata; the message is the parser's.
    """

    __slots__ = ("_compiled", "_mentions", "_scope", "_states", "_thread", "location", "text")

    def __init__(self, text: str, location: str) -> None:
        self.text = text
        self.location = location
        self._scope: Scope | None = None
        self._thread = get_ident()
        _ORPHANS.pop(self._thread, None)
        try:
            self._compiled = jsonatapy.compile(
                text,
                timeout=TIME_LIMIT_MILLISECONDS,
                max_stack_depth=STACK_LIMIT,
                max_sequence_length=SEQUENCE_LIMIT,
            )
        except ValueError as error:
            raise ValueError(_ERROR_PREFIX.sub("", str(error))) from error
        names, self._states = mentions(text)
        self._mentions = names
        self._register({mention.name for mention in names})

    def __del__(self) -> None:
        """Leave what was compiled to its thread: the library lets no other one drop it, and any may collect garbage."""
        compiled = getattr(self, "_compiled", None)
        if compiled is not None and get_ident() != self._thread:
            _ORPHANS.setdefault(self._thread, []).append(compiled)

    def evaluate(self, scope: Scope) -> Json:
        """Give the expression's value.

        Raises:
            EvaluationError: It failed, gave nothing, or gave what is not JSON (a function, an infinite number).
        """
        bindings = self._bindings(scope)
        self._scope = scope
        try:
            value = cast("Json", self._call(self._compiled.evaluate, bindings))
            if isinstance(value, str | bool | int):
                return value
            if value is None:
                self._tell_null_apart(bindings)
            elif isinstance(value, float):
                self._refuse_non_finite(value)
            elif b"null" in encode(value):
                _walk(value, self._refuse_non_finite)
                self._refuse_functions(value, bindings)
        finally:
            self._scope = None
        return value

    def holds(self, scope: Scope) -> bool:
        """Give a value that must be true or false: a rule's condition."""
        value = self.evaluate(scope)
        if not isinstance(value, bool):
            raise self.unexpected("boolean", value)
        return value

    def unexpected(self, expected: str, value: Json) -> EvaluationError:
        """Make the error for a value of another type."""
        return self._error(
            f"returned an unexpected result type. Expected '{expected}', but was '{type_of(value)}' "
            f"for value: {text_of(value)}"
        )

    def _bindings(self, scope: Scope) -> dict[str, Json]:
        bindings: dict[str, Json] = {}
        for mention in self._mentions:
            for variables in scope.variables:
                if mention.name in variables:
                    bindings[mention.name] = _only(variables[mention.name], mention.keys)
                    break
        if self._states is not None:
            states: dict[str, Json] = {}
            for part in self._states or (*(Mention(name, ()) for name in scope.states), Mention("context", ())):
                if part.name == "context":
                    states["context"] = scope.context()
                elif part.name in scope.states:
                    states[part.name] = _only(scope.states[part.name], part.keys)
            bindings["states"] = states
        return bindings

    def _call(self, evaluate: Callable[..., object], bindings: dict[str, Json]) -> object:
        try:
            return evaluate(None, bindings)
        except OverflowError:
            # JSONata's numbers are doubles; integers beyond 64 bits come from data.
            return self._call(evaluate, {name: _as_doubles(value) for name, value in bindings.items()})
        except ValueError as error:
            message = _NOT_A_FUNCTION.sub(functions.NOT_A_FUNCTION, _ERROR_PREFIX.sub("", str(error)))
            raise self._error(f"threw an error during evaluation. {message}") from error

    def _tell_null_apart(self, bindings: dict[str, Json]) -> None:
        text = self._call(self._compiled.evaluate_json_or_none, bindings)
        if text is None:
            raise self._error("returned nothing (undefined).")
        if text != "null":
            raise self._error(_FUNCTION_RESULT)

    def _refuse_functions(self, value: Json, bindings: dict[str, Json]) -> None:
        """Find functions inside a value: the library gives null for them in one form and an empty text in the other."""
        if "function" not in self.text and "\N{GREEK SMALL LETTER LAMDA}" not in self.text:
            return
        text = self._call(self._compiled.evaluate_json_or_none, bindings)
        if isinstance(text, str) and _has_function(value, orjson.loads(text)):
            raise self._error(_FUNCTION_RESULT)

    def _refuse_non_finite(self, value: float) -> None:
        if not math.isfinite(value):
            raise self._error(f"threw an error during evaluation. D1001: Number out of range: {value}")

    def _error(self, what: str) -> EvaluationError:
        return EvaluationError(
            f"The JSONata expression '{self.text}' specified for the field '{self.location}' {what}", self.location
        )

    def _register(self, names: set[str]) -> None:
        """Give the expression the functions that it mentions; each registration costs, most need none."""
        for name in names & functions.PURE.keys():
            self._compiled.register(name, functions.PURE[name])
        if "eval" in names:
            self._compiled.register_override("eval", functions.refused)
        if not names & _IMPURE:
            return
        if "uuid" in names:
            self._compiled.register("uuid", lambda: functions.random_uuid(self._current().random))
        if "random" in names:
            self._compiled.register_override("random", self._random)
        if "millis" in names:
            self._compiled.register_override("millis", lambda: int(self._current().now * 1000))
        if "now" in names:
            self._compiled.register_override("now", self._now)

    def _current(self) -> Scope:
        assert self._scope is not None
        return self._scope

    def _random(self, seed: object = None) -> float:
        return functions.random_number(self._current().random, seed)

    def _now(self, picture: str | None = None, timezone: str | None = None) -> object:
        arguments = {"millis": int(self._current().now * 1000), "picture": picture, "timezone": timezone}
        if picture is None:
            return _FROM_MILLIS.evaluate(None, arguments)
        return (_FROM_MILLIS_PICTURE if timezone is None else _FROM_MILLIS_TIMEZONE).evaluate(None, arguments)


_FROM_MILLIS: Final = jsonatapy.compile("$fromMillis($millis)")
_FROM_MILLIS_PICTURE: Final = jsonatapy.compile("$fromMillis($millis, $picture)")
_FROM_MILLIS_TIMEZONE: Final = jsonatapy.compile("$fromMillis($millis, $picture, $timezone)")


def mentions(text: str) -> tuple[tuple[Mention, ...], tuple[Mention, ...] | None]:
    """List the variables and the members of $states that an expression may read.

    Converting a value for JSONata costs in proportion to its size, so only what is named is handed over; too much is
    harmless, too little is not: anything but `$name.key` asks for the whole value.

    Returns:
        The variables, and the members of $states: None when it is not read, empty when the whole of it is.
    """
    # The parent operator (%) reaches up from a value that was handed over.
    whole = "%" in text
    names: dict[str, set[str] | None] = {}
    states: dict[str, set[str] | None] | None = None
    everything = False
    for match in _MENTION.finditer(text):
        name, path = match[1], match[2].split(".")[1:]
        if name != "states":
            _add(names, name, None if whole or not path else path[0])
            continue
        states = {} if states is None else states
        if not path or whole:
            everything = True
        else:
            _add(states, path[0], path[1] if len(path) > 1 else None)
    if states is not None and everything:
        states = {}
    return _as_mentions(names), None if states is None else _as_mentions(states)


def _add(names: dict[str, set[str] | None], name: str, key: str | None) -> None:
    keys = names.setdefault(name, set())
    if key is None or keys is None:
        names[name] = None
    else:
        keys.add(key)


def _as_mentions(names: dict[str, set[str] | None]) -> tuple[Mention, ...]:
    return tuple(Mention(name, tuple(sorted(keys or ()))) for name, keys in names.items())


def _only(value: Json, keys: tuple[str, ...]) -> Json:
    if not keys or not isinstance(value, dict) or len(value) <= len(keys):
        return value
    return {key: value[key] for key in keys if key in value}


def _walk(value: Json, check: Callable[[float], None]) -> None:
    if isinstance(value, float):
        check(value)
    elif isinstance(value, dict):
        for member in value.values():
            _walk(member, check)
    elif isinstance(value, list):
        for item in value:
            _walk(item, check)


def _has_function(value: Json, written: Json) -> bool:
    if isinstance(value, dict) and isinstance(written, dict):
        return any(_has_function(member, written.get(key)) for key, member in value.items())
    if isinstance(value, list) and isinstance(written, list):
        return any(_has_function(item, other) for item, other in zip(value, written, strict=False))
    return value is None and written == ""


def _as_doubles(value: Json) -> Json:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return float(value)
    if isinstance(value, dict):
        return {key: _as_doubles(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_as_doubles(item) for item in value]
    return value
