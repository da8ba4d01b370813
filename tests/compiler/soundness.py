"""What holds of every compilation, whatever the document."""

from collections.abc import Iterator, Mapping
from typing import Any

from millrace.compiler import Compilation

States = Mapping[str, Any]


def machines(compilation: Compilation) -> Iterator[Mapping[str, Any]]:
    """Give the definition and its children."""
    assert compilation.definition is not None
    yield compilation.definition
    for child in compilation.children.values():
        assert isinstance(child, dict)
        yield child


def blocks(block: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give a machine, branch or iteration with all those in it, outer ones first."""
    yield block
    for inner in inner_blocks(block["States"].values()):
        yield from blocks(inner)


def inner_blocks(states: Any) -> Iterator[Mapping[str, Any]]:
    """Give the branches and iterations of states."""
    for state in states:
        yield from state.get("Branches", ())
        if "ItemProcessor" in state:
            yield state["ItemProcessor"]


def check_soundness(compilation: Compilation) -> None:
    """Check names, ways on, the source map and the scopes of variables."""
    names: list[str] = []
    tasks: dict[str, str] = {}
    for machine in machines(compilation):
        for block in blocks(machine):
            _check_ways(block)
            names += block["States"]
            tasks |= {name: state["Resource"] for name, state in block["States"].items() if state["Type"] == "Task"}
        _check_scopes(machine, frozenset())
    assert len(names) == len(set(names)), "expected state names that are unique in all machines"
    assert all(0 < len(name) <= 80 for name in names), "expected state names of at most 80 characters"
    assert set(compilation.source_map) == set(names), "expected the source map's keys to be the states"
    _check_tasks(compilation, tasks)


def _check_ways(block: Mapping[str, Any]) -> None:
    states = block["States"]
    assert block["StartAt"] in states
    reached: set[str] = set()
    waiting = [block["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        following = list(_following(states[name]))
        assert all(target in states for target in following), f"expected every Next of {name!r} to exist"
        assert following or states[name].get("End") or states[name]["Type"] in ("Succeed", "Fail")
        waiting += following
    assert reached == set(states), f"expected every state to be reached, found {set(states) - reached} left over"


def _following(state: Mapping[str, Any]) -> Iterator[str]:
    if "Next" in state:
        yield state["Next"]
    if "Default" in state:
        yield state["Default"]
    for way in (*state.get("Choices", ()), *state.get("Catch", ())):
        yield way["Next"]


def _check_scopes(block: Mapping[str, Any], outer: frozenset[str]) -> None:
    """Check Step Functions' rule: a scope assigns no variable that a scope around it assigns."""
    own = frozenset(name for state in block["States"].values() for name in _assigned(state))
    assert not own & outer, f"expected no variable of an outer scope to be assigned, found {own & outer}"
    for inner in inner_blocks(block["States"].values()):
        _check_scopes(inner, outer | own)


def _assigned(state: Mapping[str, Any]) -> Iterator[str]:
    yield from state.get("Assign", ())
    for way in (*state.get("Choices", ()), *state.get("Catch", ())):
        yield from way.get("Assign", ())


def _check_tasks(compilation: Compilation, tasks: Mapping[str, str]) -> None:
    """Check that a node that runs as a Task is mapped by exactly that Task state."""
    of_task: dict[str, list[str]] = {}
    for name, resource in tasks.items():
        nodes = compilation.source_map[name]  # type: ignore[index] - a name of a state
        if not nodes:
            assert "startExecution.sync:2" in resource, f"expected the Task {name!r} to stand for a node"
            continue
        of_task.setdefault(nodes[0], []).append(name)
    for node, states in of_task.items():
        mapped = [state for state, nodes in compilation.source_map.items() if node in nodes]
        assert len(states) == 1, f"expected {node!r} to be one Task, found {states}"
        assert mapped == states, f"expected {node!r} to be mapped by its Task alone, found {mapped}"
