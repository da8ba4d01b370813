"""Loading a definition: every fault is found before any is reported.

Source: Amazon States Language specification.
"""

from collections.abc import Callable
from typing import Final, TypeAlias, cast

import orjson

from millrace.engine.definition import Branch, ExecutionType, MapState, State, StateMachine, TaskState
from millrace.engine.dialect import Dialect
from millrace.engine.errors import DefinitionError, Problem, ProblemCode
from millrace.engine.fields import NAME_LIMIT, Fields, found
from millrace.engine.jsonata_dialect import JSONATA
from millrace.engine.jsonpath_dialect import JSONPATH
from millrace.engine.resource import Integration, Pattern, Resource, unrecognised
from millrace.engine.shapes import MACHINE_SHAPE, STATE_SHAPES
from millrace.engine.state_parsing import READERS
from millrace.engine.transition_checks import Edge, check_transitions, edges_of
from millrace.engine.variable_scopes import VariableScope, check_scopes
from millrace.model.ids import StateName
from millrace.model.json import Json

_DIALECTS: Final[dict[str, Dialect]] = {"JSONPath": JSONPATH, "JSONata": JSONATA}
_OTHER: Final = {"JSONPath": "JSONata", "JSONata": "JSONPath"}
_NO_MACHINE: Final = StateMachine(StateName(""), {})
# Tells whether something does what a resource names.
Recognised: TypeAlias = Callable[[Resource], bool]


def load(
    definition: Json | str | bytes,
    kind: ExecutionType = ExecutionType.STANDARD,
    *,
    recognised: Recognised | None = None,
) -> StateMachine:
    """Load a definition, given as JSON text or as the value that it stands for.

    Args:
        definition: The definition.
        kind: The type of workflow; an Express one must not wait for others.
        recognised: Knows the resources of Tasks; None takes every well-formed one.

    Raises:
        DefinitionError: It has faults; all are listed, each with its place.
    """
    problems: list[Problem] = []
    try:
        machine = _Loader(problems, kind, recognised).machine(definition)
    except RecursionError:
        problems.append(Problem("", "expected a definition that is nested less deeply"))
        machine = _NO_MACHINE
    if problems:
        raise DefinitionError(problems)
    return machine


def validate(
    definition: Json | str | bytes,
    kind: ExecutionType = ExecutionType.STANDARD,
    *,
    recognised: Recognised | None = None,
) -> tuple[Problem, ...]:
    """List everything that is wrong with a definition; nothing when it loads."""
    try:
        load(definition, kind, recognised=recognised)
    except DefinitionError as error:
        return error.problems
    return ()


class _Loader:
    """Loads one definition."""

    def __init__(self, problems: list[Problem], kind: ExecutionType, recognised: Recognised | None) -> None:
        self._problems = problems
        self._kind = kind
        self._recognised = recognised
        self._states: dict[StateName, State] = {}
        self._names: set[StateName] = set()
        self._language = JSONPATH.name
        self._variables = VariableScope()

    def machine(self, definition: Json | str | bytes) -> StateMachine:
        """Read the machine."""
        if isinstance(definition, str | bytes):
            try:
                definition = cast("Json", orjson.loads(definition))
            except orjson.JSONDecodeError:
                definition = None
        if not isinstance(definition, dict):
            self._problems.append(Problem("", "Definition must be a valid JSON object"))
            return _NO_MACHINE
        fields = Fields(definition, "", "", self._problems)
        fields.only(MACHINE_SHAPE)
        self._language = fields.choice("QueryLanguage", tuple(_DIALECTS), JSONPATH.name)
        fields.choice("Version", ("1.0",), "1.0")
        timeout = fields.number("TimeoutSeconds", low=1)
        comment = fields.values.get("Comment")
        branch = self._scope(fields)
        check_scopes(self._variables, self._problems)
        return StateMachine(branch.start_at, self._states, timeout, comment if isinstance(comment, str) else "")

    def _scope(self, fields: Fields) -> Branch:
        """Read the states of the machine, of a branch or of a processor."""
        present = fields.require("StartAt", "States")
        states = fields.object("States", "an object of states") if "States" in fields.values else None
        start = fields.values.get("StartAt")
        if states is None:
            return Branch(StateName(""))
        if not states.values:
            fields.fault("States", "Value cannot be empty")
        if "StartAt" in fields.values and not isinstance(start, str):
            fields.fault("StartAt", f"expected the name of a state, found {found(start)}")
        outer, self._variables = self._variables, self._variables.inner()
        edges = {name: self._state(StateName(name), states) for name in states.values}
        self._variables = outer
        if present and isinstance(start, str):
            check_transitions(fields, start, edges)
        return Branch(StateName(start if isinstance(start, str) else ""))

    def _state(self, name: StateName, states: Fields) -> list[Edge] | None:
        """Read a state; give where it leads, None when that cannot be known."""
        if not 1 <= len(name) <= NAME_LIMIT:
            states.fault(name, f"expected a state name of 1 to {NAME_LIMIT} characters, found {len(name)}")
        if name in self._names:
            states.fault(name, f"Duplicate State name: {name}", ProblemCode.DUPLICATE)
        self._names.add(name)
        fields = Fields.of(states.values[name], f"{states.path}/{name}", "a state", self._problems)
        if fields is None or not fields.require("Type"):
            return None
        kind = fields.values["Type"]
        if not isinstance(kind, str) or kind not in READERS:
            fields.fault("Type", f"expected one of {', '.join(READERS)}, found {found(kind)}")
            return None
        dialect = self._dialect(fields)
        if dialect is None:
            return None
        self._check_shape(kind, fields, dialect.name)
        state = READERS[kind](name, fields, self._scope, dialect)
        self._states[name] = state
        self._variables.add(state, fields.path)
        if isinstance(state, TaskState) and self._recognised is not None and not self._recognised(state.resource):
            fields.fault("Resource", unrecognised(state.resource.arn))
        if self._kind is ExecutionType.EXPRESS:
            _check_express(fields, state)
        return edges_of(kind, fields)

    def _dialect(self, fields: Fields) -> Dialect | None:
        language = fields.choice("QueryLanguage", tuple(_DIALECTS), self._language)
        if language != self._language and self._language == JSONATA.name:
            fields.fault("", "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine")
            return None
        return _DIALECTS[language]

    def _check_shape(self, kind: str, fields: Fields, language: str) -> None:
        """Find fields that a state of the type does not have, or not in its query language."""
        known, other = STATE_SHAPES[language][kind], STATE_SHAPES[_OTHER[language]][kind]
        for name in fields.values:
            if name in known:
                continue
            if name in other:
                fields.fault(
                    "",
                    f"The QueryLanguage is set to '{language}', but field '{name}' is only supported for the "
                    f"'{_OTHER[language]}' QueryLanguage",
                )
            else:
                fields.unknown(name)


def _check_express(fields: Fields, state: State) -> None:
    """Find what an Express workflow, which keeps nothing, cannot wait for."""
    if isinstance(state, MapState) and state.distributed is not None:
        fields.fault("ItemProcessor", "Express state machine does not support a Map in DISTRIBUTED mode")
    if not isinstance(state, TaskState):
        return
    if state.resource.pattern is not Pattern.REQUEST:
        refused = f"Express state machine does not support '{state.resource.suffix}' service integration"
        fields.fault("Resource", refused)
    elif state.resource.integration is Integration.ACTIVITY:
        fields.fault("Resource", "Express state machine does not support Activity ARN")
