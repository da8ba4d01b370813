"""Loading a definition: every fault is found before any is reported.

Source: Amazon States Language specification.
"""

from typing import Final, NamedTuple, cast

import orjson

from millrace.engine.definition import Branch, State, StateMachine
from millrace.engine.errors import DefinitionError, Problem
from millrace.engine.fields import NAME_LIMIT, Fields, found, one_of
from millrace.engine.shapes import FIELDS, MACHINE_FIELDS, WITHOUT_NEXT
from millrace.engine.state_parsing import READERS
from millrace.engine.templates import escape
from millrace.model.ids import StateName
from millrace.model.json import Json

_LANGUAGES: Final = ("JSONata", "JSONPath")


def load(definition: Json | str | bytes) -> StateMachine:
    """Load a definition, given as JSON text or as the value that it stands for.

    Raises:
        DefinitionError: It has faults; all are listed, each with its path.
    """
    problems: list[Problem] = []
    try:
        machine = _Loader(problems).machine(definition)
    except RecursionError:
        problems.append(Problem("", "expected a definition that is nested less deeply"))
        machine = _NO_MACHINE
    if problems:
        raise DefinitionError(problems)
    return machine


def validate(definition: Json | str | bytes) -> tuple[Problem, ...]:
    """List everything that is wrong with a definition; nothing when it loads."""
    try:
        load(definition)
    except DefinitionError as error:
        return error.problems
    return ()


class _Edge(NamedTuple):
    """Where a state leads: the field's path, and the name that it says."""

    path: str
    target: str


_NO_MACHINE: Final = StateMachine(StateName(""), {})


class _Loader:
    """Loads one definition."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self._states: dict[StateName, State] = {}
        self._names: set[StateName] = set()
        self._language = "JSONPath"

    def machine(self, definition: Json | str | bytes) -> StateMachine:
        """Read the machine."""
        if isinstance(definition, str | bytes):
            try:
                definition = cast("Json", orjson.loads(definition))
            except orjson.JSONDecodeError as error:
                self._problems.append(Problem("", f"expected the JSON of a state machine: {error}"))
                return _NO_MACHINE
        fields = Fields.of(definition, "", "a state machine", self._problems)
        if fields is None:
            return _NO_MACHINE
        fields.only(MACHINE_FIELDS, "a state machine")
        self._language = fields.choice("QueryLanguage", _LANGUAGES, "JSONPath")
        timeout = fields.number("TimeoutSeconds", low=1)
        comment = fields.values.get("Comment")
        branch = self._scope(fields)
        return StateMachine(branch.start_at, self._states, timeout, comment if isinstance(comment, str) else "")

    def _scope(self, fields: Fields) -> Branch:
        states = fields.object("States", "an object of states")
        start = fields.values.get("StartAt")
        if states is None:
            return Branch(StateName(""))
        if not states.values:
            fields.fault("States", "expected at least one state, found none")
        if not isinstance(start, str):
            fields.fault("StartAt", f"expected the name of a state, found {found(start)}")
            return Branch(StateName(""))
        if start not in states.values:
            fields.fault("StartAt", f"expected one of the scope's states, found {start!r}{one_of(states.values)}")
        edges = {name: self._state(StateName(name), states) for name in states.values}
        _check_targets(states, edges)
        if start in edges and None not in edges.values():
            _check_reachability(states, start, edges)
        return Branch(StateName(start))

    def _state(self, name: StateName, states: Fields) -> list[_Edge] | None:
        """Read a state; give where it leads, None when that cannot be known."""
        if not 1 <= len(name) <= NAME_LIMIT:
            states.fault(name, f"expected a state name of 1 to {NAME_LIMIT} characters, found {len(name)}")
        if name in self._names:
            states.fault(
                name, f"expected state names to be unique in the whole machine, found {name!r} twice; rename one"
            )
        self._names.add(name)
        fields = Fields.of(states.values[name], f"{states.path}/{escape(name)}", "a state", self._problems)
        if fields is None:
            return None
        kind = fields.values.get("Type")
        if not isinstance(kind, str) or kind not in READERS:
            fields.fault("Type", f"expected one of {', '.join(READERS)}, found {found(kind)}")
            return None
        if not self._is_jsonata(name, fields):
            return None
        fields.only(FIELDS[kind], f"a {kind} state")
        self._states[name] = READERS[kind](name, fields, self._scope)
        return _edges(kind, fields)

    def _is_jsonata(self, name: StateName, fields: Fields) -> bool:
        language = fields.choice("QueryLanguage", _LANGUAGES, self._language)
        if language == "JSONata":
            return True
        if self._language == "JSONata":
            fields.fault(
                "QueryLanguage", "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            )
        else:
            fields.fault(
                "",
                f"state {name!r} is written for JSONPath, which is not supported yet; "
                'write it in JSONata and set "QueryLanguage": "JSONata" on the machine or on the state',
            )
        return False


def _edges(kind: str, fields: Fields) -> list[_Edge]:
    """List where a state leads; whatever should name a state and does not is a problem."""
    edges: list[_Edge] = []

    def add(part: Fields, name: str) -> None:
        target = part.values.get(name)
        if isinstance(target, str):
            edges.append(_Edge(f"{part.path}/{name}", target))
        else:
            part.fault(name, f"expected the name of a state, found {found(target)}")

    if kind == "Choice":
        if "Default" in fields.values:
            add(fields, "Default")
    elif kind not in WITHOUT_NEXT:
        _check_transition(fields)
        if "Next" in fields.values:
            add(fields, "Next")
    for name in ("Choices", "Catch"):
        rules = fields.values.get(name)
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict):
                add(Fields(rule, f"{fields.path}/{name}/{index}", "", fields.problems), "Next")
    return edges


def _check_transition(fields: Fields) -> None:
    end = fields.values.get("End")
    if "End" in fields.values and not isinstance(end, bool):
        fields.fault("End", f"expected true, found {found(end)}")
    elif ("Next" in fields.values) == (end is True):
        fields.fault("", f'expected either "Next" or "End": true, found {"both" if end is True else "neither"}')


def _check_targets(states: Fields, edges: dict[str, list[_Edge] | None]) -> None:
    for targets in edges.values():
        for edge in targets or ():
            if edge.target not in edges:
                message = f"expected one of the scope's states, found {edge.target!r}{one_of(edges)}"
                states.problems.append(Problem(edge.path, message))


def _check_reachability(states: Fields, start: str, edges: dict[str, list[_Edge] | None]) -> None:
    seen = {start}
    waiting = [start]
    while waiting:
        for edge in edges.get(waiting.pop()) or ():
            if edge.target in edges and edge.target not in seen:
                seen.add(edge.target)
                waiting.append(edge.target)
    for name in edges:
        if name not in seen:
            states.fault(name, f"state {name!r} is not reachable; lead a Next to it or remove it")
