"""Pass: move parts of a machine that would pass Step Functions' limits into machines of their own."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import orjson

from millrace.compiler.emission import Emission
from millrace.compiler.graph import Graph
from millrace.compiler.plan import Act, Choose, Compute, Cycle, Delegate, Fork, Gate, Item, Iterate, Plan
from millrace.compiler.weights import MAX_DEFINITION_BYTES, MAX_EVENTS, Weigher, Weight
from millrace.model import Json

_BUDGET: Final = Weight(MAX_DEFINITION_BYTES // 2, MAX_EVENTS * 7 // 10)
"""What one machine may take; the rest is left for what weighing cannot know, such as exported values and loops."""

_ROUNDS: Final = 4
"""How often the parts of a machine are packed into larger parts."""


def split(graph: Graph, plan: Plan, emission: Emission, definition: dict[str, Json]) -> Plan:
    """Give the same plan where it fits, else one whose parts run as machines of their own."""
    if graph.settings.execution == "express":
        return plan
    state_of = {node: state for state, nodes in emission.source_map.items() for node in nodes}
    weigher = Weigher(definition, state_of)
    size = len(orjson.dumps(definition))
    if size <= MAX_DEFINITION_BYTES * 9 // 10 and weigher.plan(plan).events <= MAX_EVENTS * 9 // 10:
        return plan
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", graph.workflow.name).strip("-")[:60] or "workflow"
    return _Splitter(weigher, slug).fit(plan)


class _Splitter:
    def __init__(self, weigher: Weigher, slug: str) -> None:
        self._weigher = weigher
        self._slug = slug
        self._parts = 0

    def fit(self, plan: Plan) -> Plan:
        """Shrink a plan until it fits, the parts of its largest items first."""
        items: list[Item] = [
            self._shrunk(item) if self._exceeds(self._weigher.item(item)) else item for item in plan.items
        ]
        for _ in range(_ROUNDS):
            if not self._exceeds(self._weigher.plan(Plan(tuple(items)))):
                break
            items = self._packed(items)
        return Plan(tuple(items))

    def _exceeds(self, weight: Weight) -> bool:
        return weight.size > _BUDGET.size or weight.events > _BUDGET.events

    def _shrunk(self, item: Item) -> Item:
        match item:
            case Act(arms=arms) | Choose(arms=arms):
                # Ports may share one plan, which must stay one.
                fitted = {id(plan): self._alone(plan) for plan in arms.values()}
                return replace(item, arms={port: fitted[id(plan)] for port, plan in arms.items()})
            case Gate(arms=cases):
                return Gate(tuple((guard, self._alone(plan)) for guard, plan in cases))
            case Fork(branches=branches):
                return self._grouped(replace(item, branches=tuple(self._alone(branch) for branch in branches)))
            case Iterate(body=body) | Cycle(body=body):
                return replace(item, body=self.fit(body))
            case Compute() | Delegate():
                return item

    def _grouped(self, fork: Fork) -> Fork:
        """Let branches that are many, though each is small, fork again in machines of their own."""
        if not self._exceeds(self._weigher.item(fork)):
            return fork
        groups: list[list[Plan]] = [[]]
        weight = Weight(0, 0)
        for branch in fork.branches:
            own = self._weigher.plan(branch)
            if groups[-1] and self._exceeds(weight + own):
                groups.append([])
                weight = Weight(0, 0)
            groups[-1].append(branch)
            weight = weight + own
        return replace(fork, branches=tuple(self._together(group) for group in groups))

    def _together(self, branches: Sequence[Plan]) -> Plan:
        if len(branches) == 1 or any(_takes_input(item) for branch in branches for item in branch.items[:1]):
            return branches[0] if len(branches) == 1 else Plan((Fork(tuple(branches)),))
        return Plan((self._delegate((Fork(tuple(branches)),)),))

    def _alone(self, plan: Plan) -> Plan:
        """Give a branch as one machine of its own where it is worth it."""
        fitted = self.fit(plan)
        if self._weigher.plan(fitted).size < _BUDGET.size // 50 or any(_takes_input(item) for item in fitted.items):
            return fitted
        return Plan((self._delegate(fitted.items),))

    def _packed(self, items: Sequence[Item]) -> list[Item]:
        """Join neighbours to parts that fit."""
        packed: list[Item] = []
        chunk: list[Item] = []
        weight = Weight(0, 0)

        def close() -> None:
            nonlocal weight
            packed.extend((self._delegate(chunk),) if len(chunk) > 1 else chunk)
            chunk.clear()
            weight = Weight(0, 0)

        for item in items:
            own = self._weigher.item(item)
            if _takes_input(item):
                close()
                packed.append(item)
                continue
            if chunk and self._exceeds(weight + own):
                close()
            chunk.append(item)
            weight = weight + own
        close()
        return packed

    def _delegate(self, items: Sequence[Item]) -> Delegate:
        self._parts += 1
        return Delegate(Plan(tuple(items)), f"{self._slug}-part-{self._parts}")


def _takes_input(item: Item) -> bool:
    """Whether an item's state reads its input, which a machine of its own would not get."""
    match item:
        case Act(entry=entry):
            return bool(entry)
        case Compute(assignments=assignments):
            return any(not assignment.node for assignment in assignments)
        case _:
            return False
