"""How much of Step Functions' limits a part of a plan takes."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import orjson

from millrace.catalogue import Task
from millrace.compiler.plan import Act, Choose, Compute, Cycle, Delegate, Fork, Gate, Item, Iterate, Plan, plans_in
from millrace.model import Json, NodeId, StateName

MAX_DEFINITION_BYTES: Final = 1_048_576
"""Size of a state machine's definition (Step Functions quotas)."""

MAX_EVENTS: Final = 25_000
"""Events in an execution's history (Step Functions quotas)."""

_STATE_BYTES: Final = 200
_TASK_EVENTS: Final = 5
_STATE_EVENTS: Final = 2


class Weight(NamedTuple):
    """Bytes of definition and events of history."""

    size: int
    events: int

    def __add__(self, other: object) -> "Weight":
        """Add up both."""
        assert isinstance(other, Weight)
        return Weight(self.size + other.size, self.events + other.events)


class Weigher:
    """Weighs items by the states that a first emission gave their nodes."""

    def __init__(self, definition: Mapping[str, Json], state_of: Mapping[NodeId, StateName]) -> None:
        self._sizes: dict[str, int] = {}
        self._state_of = state_of
        self._known: dict[Item, Weight] = {}
        self._measure(definition)

    def _measure(self, definition: Mapping[str, Json]) -> None:
        pending: list[Mapping[str, Json]] = [definition]
        while pending:
            states = pending.pop().get("States", {})
            assert isinstance(states, dict)
            for name, state in states.items():
                assert isinstance(state, dict)
                nested = [*_objects(state.get("Branches")), *_objects([state.get("ItemProcessor")])]
                pending += nested
                bare = {key: value for key, value in state.items() if key not in ("Branches", "ItemProcessor")}
                self._sizes[name] = len(orjson.dumps(bare)) + len(name) + 10

    def plan(self, plan: Plan) -> Weight:
        """Weigh a plan."""
        return sum((self.item(item) for item in plan.items), Weight(0, 0))

    def item(self, item: Item) -> Weight:
        """Weigh an item with all that is in it."""
        if item not in self._known:
            self._known[item] = self._item(item)
        return self._known[item]

    def _item(self, item: Item) -> Weight:
        inside = sum((self.plan(plan) for plan in plans_in(item)), Weight(0, 0))
        match item:
            case Compute(assignments=assignments):
                if item.only_marks:
                    return Weight(0, 0)
                working = next(assignment.node for assignment in assignments if assignment.target is not None)
                return Weight(self._own(working), _STATE_EVENTS)
            case Act(bound=bound, operation=operation):
                events = _TASK_EVENTS if isinstance(operation, Task) else _STATE_EVENTS
                return Weight(self._own(bound.step.id), events) + inside
            case Choose(bound=bound):
                return Weight(self._own(bound.step.id), _STATE_EVENTS) + inside
            case Gate(arms=arms):
                return Weight(_STATE_BYTES * (1 + len(arms)), _STATE_EVENTS) + inside
            case Fork(branches=branches):
                return Weight(_STATE_BYTES * (1 + len(branches)), 2 * _STATE_EVENTS) + inside
            case Iterate(bound=bound) | Cycle(bound=bound):
                # How often a loop runs is rarely known; what is not known is no reason to take a machine apart.
                rounds = Weight(inside.size, (inside.events + _STATE_EVENTS) * _rounds(item))
                return Weight(self._own(bound.step.id) + 4 * _STATE_BYTES, 2 * _STATE_EVENTS) + rounds
            case Delegate():
                return Weight(4 * _STATE_BYTES, _TASK_EVENTS)

    def _own(self, node: NodeId) -> int:
        state = self._state_of.get(node)
        return _STATE_BYTES if state is None else self._sizes[state]


def _rounds(item: Iterate | Cycle) -> int:
    items = item.operation.items if isinstance(item, Iterate) else None
    return len(items) if isinstance(items, list) else 1


def _objects(values: Json) -> list[Mapping[str, Json]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
