"""The data flow of JSONata states: Arguments, Assign and Output."""

from dataclasses import dataclass

from millrace.engine.dataflow import Assignments, Left, assigned, fitting
from millrace.engine.expressions import Scope
from millrace.engine.payload import Payload
from millrace.engine.templates import Template, evaluate
from millrace.model.ids import StateName


@dataclass(frozen=True, slots=True)
class JsonataFlow:
    """A state's data flow, or a catcher's or rule's; each part is left out where it has none.

    Attributes:
        given: Arguments.
    """

    given: Template | None = None
    assign: Assignments = ()
    output: Template | None = None

    def enter(self, scope: Scope, raw: Payload) -> Payload:
        """Give the input as it is."""
        del scope
        return raw

    def arguments(self, scope: Scope, entered: Payload, state: StateName) -> Payload:
        """Give Arguments, or the input."""
        if self.given is None:
            return entered
        payload = fitting(Payload.of(evaluate(self.given, scope)), state)
        if scope.trace is not None:
            scope.trace("afterArguments", payload.value)
        return payload

    def leave(self, scope: Scope, raw: Payload, result: Payload, state: StateName) -> Left:
        """Give Assign and Output; without Output, the result."""
        del raw
        variables = assigned(self.assign, scope) if self.assign else {}
        output = result if self.output is None else Payload.of(evaluate(self.output, scope))
        return variables, fitting(output, state)
