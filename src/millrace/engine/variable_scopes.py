"""Which scopes assign which variables: an inner scope must not assign a name that an outer one assigns.

Source: AWS Step Functions Developer Guide, "Passing data between states with variables", "Scope".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from millrace.engine.dataflow import Assignments
from millrace.engine.definition import ChoiceState, State
from millrace.engine.errors import Problem


@dataclass(frozen=True, slots=True)
class VariableScope:
    """The variables that a scope's states assign, each with the places, and the scopes inside."""

    places: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    scopes: "list[VariableScope]" = field(default_factory=list["VariableScope"])

    def inner(self) -> "VariableScope":
        """Open a scope inside."""
        scope = VariableScope()
        self.scopes.append(scope)
        return scope

    def add(self, state: State, path: str) -> None:
        """Take a state's assignments in."""
        for assign, place in _assignments(state, path):
            for name, _ in assign:
                self.places.setdefault(name, []).append(f"{place}/{name}")


def check_scopes(scope: VariableScope, problems: list[Problem], outer: frozenset[str] = frozenset()) -> None:
    """Find variables that are assigned inside of a scope that assigns them."""
    for name, places in scope.places.items():
        if name in outer:
            problems.extend(
                Problem(
                    place,
                    f"expected a variable that no outer scope assigns, found {name!r}; give it another name: "
                    "a branch cannot change what is outside of it",
                )
                for place in places
            )
    for inner in scope.scopes:
        check_scopes(inner, problems, outer | scope.places.keys())


def _assignments(state: State, path: str) -> Iterator[tuple[Assignments, str]]:
    yield state.flow.assign, f"{path}/Assign"
    if isinstance(state, ChoiceState):
        for index, rule in enumerate(state.rules):
            yield rule.flow.assign, f"{path}/Choices[{index}]/Assign"
    for index, catcher in enumerate(state.catch):
        yield catcher.flow.assign, f"{path}/Catch[{index}]/Assign"
