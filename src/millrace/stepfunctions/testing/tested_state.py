"""The state under test, alone in a machine: where it leads is not run.

AWS calls it "StateName", whatever its own name is (recorded in the context object and in errors).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

import orjson

from millrace.engine.definition import State, StateMachine
from millrace.engine.errors import DefinitionError
from millrace.engine.parsing import load
from millrace.model.ids import StateName
from millrace.model.json import Json
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.validation import invalid_definition

NAME: Final = StateName("StateName")


@dataclass(frozen=True, slots=True)
class TestedState:
    """A state to test.

    Attributes:
        machine: A machine of this state, and of placeholders for the states that it leads to.
        inner: The names of the states inside of it, at any depth.
        iterated: It stands inside of a Map.
    """

    machine: StateMachine
    inner: frozenset[str]
    iterated: bool = False

    @property
    def state(self) -> State:
        """The state."""
        return self.machine.states[NAME]


def read_tested_state(definition: str, name: str | None) -> TestedState:
    """Load the state under test.

    Args:
        definition: The JSON of a state; of a whole machine when a name is given.
        name: The state's name; nested states are found, too.

    Raises:
        ApiError: InvalidDefinition, or ValidationException for a name that no state has.
    """
    try:
        if name is None:
            return _alone(_parsed(definition), None)
        load(definition)
        machine = _parsed(definition)
        for found, state, iterated in _states(machine):
            if found == name:
                return _alone(state, machine.get("QueryLanguage") if isinstance(machine, dict) else None, iterated)
    except DefinitionError as error:
        raise invalid_definition(error) from error
    raise ApiError("ValidationException", "State not found in definition")


def _parsed(definition: str) -> Json:
    try:
        return cast("Json", orjson.loads(definition))
    except orjson.JSONDecodeError:
        # The loader says what is wrong with it.
        load(definition)
        raise


def _alone(state: Json, language: Json, iterated: bool = False) -> TestedState:
    stand_ins: dict[str, Json] = {target: {"Type": "Succeed"} for target in _targets(state) if target != NAME}
    machine: dict[str, Json] = {"StartAt": NAME, "States": {NAME: state, **stand_ins}}
    if language is not None:
        machine["QueryLanguage"] = language
    return TestedState(load(machine), frozenset(name for name, _, _ in _inner(state)), iterated)


def _targets(state: Json) -> Iterator[str]:
    """Name the states that a state leads to, by itself, by its rules and by its catchers."""
    if not isinstance(state, dict):
        return
    for field in ("Next", "Default"):
        target = state.get(field)
        if isinstance(target, str):
            yield target
    for field in ("Choices", "Catch"):
        rules = state.get(field)
        for rule in rules if isinstance(rules, list) else ():
            yield from _targets(rule)


def _states(scope: Json, *, iterated: bool = False) -> Iterator[tuple[str, Json, bool]]:
    """Give the states of a scope and of all scopes inside of them, each with whether a Map iterates over it."""
    states = scope.get("States") if isinstance(scope, dict) else None
    for name, state in states.items() if isinstance(states, dict) else ():
        yield name, state, iterated
        yield from _inner(state, iterated=iterated)


def _inner(state: Json, *, iterated: bool = False) -> Iterator[tuple[str, Json, bool]]:
    if isinstance(state, dict):
        for field in ("ItemProcessor", "Iterator"):
            yield from _states(state.get(field), iterated=True)
        branches = state.get("Branches")
        for branch in branches if isinstance(branches, list) else ():
            yield from _states(branch, iterated=iterated)
