"""The data flow of JSONPath states: InputPath, Parameters, Result, ResultSelector, Assign, ResultPath and OutputPath.

Source: Amazon States Language specification, "Input and Output Processing"; that `$` is the selected result in Assign,
and that a Pass with a Result looks at no InputPath, is AWS's recorded behaviour.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from millrace.engine.dataflow import Assignments, Left, assigned, fitting
from millrace.engine.expressions import Scope
from millrace.engine.payload import Payload
from millrace.engine.templates import Constant, Template, evaluate
from millrace.model.ids import StateName
from millrace.model.json import Json

# What an InputPath or OutputPath of null selects.
NOTHING: Final = Constant({})


class Place(Protocol):
    """Where a ResultPath puts the result."""

    def put(self, document: Json, value: Json) -> Json:
        """Give the document with the value in its place."""
        ...


@dataclass(frozen=True, slots=True)
class Nowhere:
    """A ResultPath of null: the result is dropped."""

    def put(self, document: Json, value: Json) -> Json:
        """Give the document as it is."""
        del value
        return document


@dataclass(frozen=True, slots=True)
class JsonPathFlow:
    """The data flow of a Pass, Task, Parallel or Map.

    Attributes:
        input_path: None selects all.
        given: Parameters.
        result: A Pass's Result.
        result_path: None replaces the input.
        output_path: None selects all.
    """

    input_path: Template | None = None
    given: Template | None = None
    result: Payload | None = None
    selector: Template | None = None
    assign: Assignments = ()
    result_path: Place | None = None
    output_path: Template | None = None

    def enter(self, scope: Scope, raw: Payload) -> Payload:
        """Give what InputPath selects."""
        if self.result is not None:
            scope.document = raw.value
            return raw
        return _enter(self.input_path, scope, raw)

    def arguments(self, scope: Scope, entered: Payload, state: StateName) -> Payload:
        """Give Result, else Parameters, else the input."""
        trace = scope.trace
        if self.result is not None:
            if trace is not None:
                trace("result", self.result.value)
            return self.result
        payload = entered
        if self.given is not None:
            payload = fitting(Payload.of(evaluate(self.given, scope)), state)
        if trace is not None:
            trace("afterParameters", payload.value)
        return payload

    def leave(self, scope: Scope, raw: Payload, result: Payload, state: StateName) -> Left:
        """Select from the result, assign, put it into the raw input and select the output."""
        trace = scope.trace
        scope.document = result.value
        if self.selector is not None:
            result = Payload.of(evaluate(self.selector, scope))
            scope.document = result.value
        if trace is not None:
            trace("afterResultSelector", result.value)
        variables = assigned(self.assign, scope) if self.assign else {}
        output = _put(self.result_path, raw, result)
        if trace is not None:
            trace("afterResultPath", output.value)
        return variables, fitting(_select(self.output_path, scope, output), state)


@dataclass(frozen=True, slots=True)
class JsonPathPassage:
    """The data flow of a Choice, a Choice's rule, a Wait, a Succeed or a Fail, which have no result."""

    input_path: Template | None = None
    assign: Assignments = ()
    output_path: Template | None = None

    def enter(self, scope: Scope, raw: Payload) -> Payload:
        """Give what InputPath selects."""
        return _enter(self.input_path, scope, raw)

    def arguments(self, scope: Scope, entered: Payload, state: StateName) -> Payload:
        """Give the input."""
        del scope, state
        return entered

    def leave(self, scope: Scope, raw: Payload, result: Payload, state: StateName) -> Left:
        """Assign, and give what OutputPath selects of the input."""
        del raw
        scope.document = result.value
        variables = assigned(self.assign, scope) if self.assign else {}
        return variables, fitting(_select(self.output_path, scope, result), state)


@dataclass(frozen=True, slots=True)
class JsonPathCatch:
    """The data flow of a catcher: Assign and ResultPath; `$` is the error output."""

    assign: Assignments = ()
    result_path: Place | None = None

    def enter(self, scope: Scope, raw: Payload) -> Payload:
        """Give the input as it is."""
        del scope
        return raw

    def arguments(self, scope: Scope, entered: Payload, state: StateName) -> Payload:
        """Give the input."""
        del scope, state
        return entered

    def leave(self, scope: Scope, raw: Payload, result: Payload, state: StateName) -> Left:
        """Assign, and put the error output into the raw input."""
        scope.document = result.value
        variables = assigned(self.assign, scope) if self.assign else {}
        return variables, fitting(_put(self.result_path, raw, result), state)


def _enter(path: Template | None, scope: Scope, raw: Payload) -> Payload:
    scope.document = raw.value
    payload = _select(path, scope, raw)
    scope.document = payload.value
    if scope.trace is not None:
        scope.trace("afterInputPath", payload.value)
    return payload


def _select(path: Template | None, scope: Scope, document: Payload) -> Payload:
    if path is None:
        return document
    scope.document = document.value
    return Payload.of(evaluate(path, scope))


def _put(place: Place | None, raw: Payload, result: Payload) -> Payload:
    if place is None:
        return result
    document = place.put(raw.value, result.value)
    return raw if document is raw.value else Payload.of(document)
