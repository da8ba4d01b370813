"""Checking where states lead.

Source: Amazon States Language specification, "Transitions"; the wording is AWS's.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from millrace.engine.errors import Problem, ProblemCode
from millrace.engine.fields import Fields, found
from millrace.engine.shapes import WITHOUT_NEXT
from millrace.model.json import Json


class Edge(NamedTuple):
    """Where a state leads: the field's path, and the name that it says."""

    path: str
    target: str


def edges_of(kind: str, fields: Fields) -> list[Edge]:
    """List where a state leads; whatever should name a state and does not is a problem."""
    edges: list[Edge] = []

    def add(part: Fields, name: str) -> None:
        target = part.values.get(name)
        if isinstance(target, str):
            edges.append(Edge(f"{part.path}/{name}", target))
        else:
            part.fault(name, f"expected the name of a state, found {found(target)}")

    if kind == "Choice":
        if "Default" in fields.values:
            add(fields, "Default")
    elif kind not in WITHOUT_NEXT:
        _check_ending(fields)
        if "Next" in fields.values:
            add(fields, "Next")
    for name in ("Choices", "Catch"):
        rules = fields.values.get(name)
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict):
                part = Fields(rule, f"{fields.path}/{name}[{index}]", "", fields.problems)
                if part.require("Next"):
                    add(part, "Next")
    return edges


def check_transitions(scope: Fields, start: str, edges: Mapping[str, Sequence[Edge] | None]) -> None:
    """Find names of states that are not there, and states that nothing leads to.

    As AWS, it takes a state for reachable when any other names it, be that one reachable or not.

    Args:
        scope: The machine, a branch or a processor.
        start: Its first state.
        edges: Where its states lead; None where that is not known.
    """
    missing = [] if start in edges else [Edge(f"{scope.path}/StartAt", start)]
    missing += [edge for targets in edges.values() for edge in targets or () if edge.target not in edges]
    scope.problems.extend(
        Problem(edge.path, f"Missing 'Next' target: {edge.target}", ProblemCode.TRANSITION) for edge in missing
    )
    if None in edges.values():
        return
    if not scope.path and edges and not any(_is_terminal(state) for state in _states(scope).values()):
        scope.problems.append(Problem("", "Workflow has no terminal state", ProblemCode.NO_END))
        return
    targets = {start, *(edge.target for leaving in edges.values() for edge in leaving or ())}
    scope.problems.extend(
        Problem(f"{scope.path}/States/{name}", f'State "{name}" is not reachable.', ProblemCode.TRANSITION)
        for name in edges
        if name not in targets
    )


def _check_ending(fields: Fields) -> None:
    end = fields.values.get("End")
    if "End" in fields.values and not isinstance(end, bool):
        fields.fault("End", f"expected true, found {found(end)}")
    elif ("Next" in fields.values) == (end is True):
        fields.fault("", f'expected either "Next" or "End": true, found {"both" if end is True else "neither"}')


def _states(scope: Fields) -> Mapping[str, Json]:
    states = scope.values.get("States")
    return states if isinstance(states, dict) else {}


def _is_terminal(state: Json) -> bool:
    return isinstance(state, dict) and (state.get("End") is True or state.get("Type") in ("Succeed", "Fail"))
