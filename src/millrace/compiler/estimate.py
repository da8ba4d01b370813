"""What a run costs and how long it takes, before it has run."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final, cast

from millrace.catalogue import Function, Pause, Task
from millrace.compiler.graph import Graph
from millrace.compiler.guards import Atom, Guard
from millrace.compiler.plan import (
    Act,
    Choose,
    Compute,
    Cycle,
    Delegate,
    Fork,
    Gate,
    Item,
    Iterate,
    Plan,
    assignments_of,
)
from millrace.expressions import Template, walk_template
from millrace.model import Json, NodeId

MEMORY_GB: Final[Mapping[str, float]] = {Function.STEPS: 0.5, Function.CODE: 1.0, Function.PEOPLE: 0.25}
"""Memory of the functions, in GB, as template.yaml sets it."""

ITEMS_ASSUMED: Final = 10
"""Rounds of a loop or while whose number is not known before the run."""

_EXPRESS_MEMORY_GB: Final = 0.0625
"""Memory that an Express execution is billed for at least: 64 MB (Step Functions pricing)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one run is expected to take.

    Attributes:
        transitions: State transitions, branches weighted by equal chances.
        lambda_invocations: Calls of our functions, without retries.
        lambda_gb_seconds: Memory in GB times the seconds of those calls.
        fargate_seconds: Seconds of Fargate tasks.
        tokens: Tokens of language models.
        seconds: Length of the critical path.
        critical_path: The nodes on it that take time.
        usd: Price of one run in US$.
    """

    transitions: float = 0.0
    lambda_invocations: float = 0.0
    lambda_gb_seconds: float = 0.0
    fargate_seconds: float = 0.0
    tokens: float = 0.0
    seconds: float = 0.0
    critical_path: tuple[NodeId, ...] = ()
    usd: float = 0.0

    def to_json(self) -> dict[str, Json]:
        """Give the estimate as the API and `--json` show it."""
        return {
            "transitions": round(self.transitions, 2),
            "lambdaInvocations": round(self.lambda_invocations, 2),
            "lambdaGbSeconds": round(self.lambda_gb_seconds, 4),
            "fargateSeconds": round(self.fargate_seconds, 2),
            "tokens": round(self.tokens),
            "criticalPathSeconds": round(self.seconds, 3),
            "criticalPath": list(self.critical_path),
            "usdPer1000Runs": round(self.usd * 1000, 6),
            "pricesAsOf": cast("str", prices()["asOf"]),
        }


@cache
def prices() -> Mapping[str, Any]:
    """Give the price table: US$ by unit, with its date and sources."""
    return cast("Mapping[str, Any]", json.loads((files("millrace.compiler") / "prices.json").read_text()))


def estimate(graph: Graph, plan: Plan, outputs: Template) -> Estimate:
    """Estimate one run of a plan that ends with the run's outputs."""
    total = _Estimator(graph).block(plan, outputs)
    table = prices()
    usd = total.lambda_invocations * table["lambdaRequest"] + total.lambda_gb_seconds * table["lambdaGbSecond"]
    if graph.settings.execution == "express":
        usd += table["stepFunctionsExpressRequest"]
        usd += total.seconds * _EXPRESS_MEMORY_GB * table["stepFunctionsExpressGbSecond"]
    else:
        usd += total.transitions * table["stepFunctionsStandardTransition"]
    return replace(total, usd=usd)


class _Estimator:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def plan(self, plan: Plan) -> Estimate:
        return _one_after_the_other(self._item(item) for item in plan.items)

    def block(self, plan: Plan, output: Template = None) -> Estimate:
        """Estimate a plan that leaves its block with an output.

        What cannot give the output itself goes on to a Succeed state: ways that lead nowhere, and a state whose values
        the output reads, where they must not be computed twice.
        """
        read = {used for expression in walk_template(output) for used in expression.references}
        last = assignments_of(plan.items[-1]) if plan.items else ()
        repeated = any(assignment.target in read and not assignment.repeatable for assignment in last)
        return _one_after_the_other((self.plan(plan), Estimate(1.0 if repeated else _loose_ends(plan))))

    def _item(self, item: Item) -> Estimate:
        match item:
            case Compute():
                return Estimate() if item.only_marks else self._native([a.node for a in item.assignments])
            case Act():
                return _one_after_the_other((self._act(item), self._arms(item)))
            case Choose(bound=bound):
                return _one_after_the_other((self._native([bound.step.id]), self._arms(item)))
            case Gate():
                return _one_after_the_other((Estimate(1.0), self._gate(item)))
            case Fork(branches=branches):
                return _one_after_the_other((Estimate(1.0), _beside([self.block(branch) for branch in branches])))
            case Iterate(operation=operation, body=body):
                rounds = _length(operation.items)
                at_once = max(1.0, min(rounds, operation.concurrency if isinstance(operation.concurrency, int) else 10))
                inner = _one_after_the_other((Estimate(_wrapping(item)), self.block(body, operation.collect)))
                looped = _times(inner, rounds, math.ceil(rounds / at_once))
                return _one_after_the_other((Estimate(1.0), looped, self._arms(item)))
            case Cycle(operation=operation, body=body):
                rounds = float(
                    min(ITEMS_ASSUMED, operation.limit if isinstance(operation.limit, int) else ITEMS_ASSUMED)
                )
                inner = _one_after_the_other((Estimate(2.0), self.plan(body)))
                return _one_after_the_other((Estimate(4.0), _times(inner, rounds, rounds), self._arms(item)))
            case Delegate(body=body):
                return _one_after_the_other((Estimate(1.0), self.block(body)))

    def _native(self, nodes: list[NodeId]) -> Estimate:
        expected = self._graph.settings.expected_seconds
        timed = tuple(node for node in dict.fromkeys(nodes) if expected.get(node, 0.0) > 0)
        return Estimate(1.0, seconds=sum(expected[node] for node in timed), critical_path=timed)

    def _act(self, item: Act) -> Estimate:
        node = item.bound.step.id
        operation = item.operation
        default = 0.0
        if isinstance(operation, Task):
            default = operation.expected_seconds
        elif isinstance(operation, Pause) and isinstance(operation.seconds, (int, float)):
            default = float(operation.seconds)
        seconds = self._graph.settings.expected_seconds.get(node, default)
        own = Estimate(2.0 if operation is None else 1.0, seconds=seconds, critical_path=(node,) if seconds else ())
        if isinstance(operation, Task) and operation.function is not None:
            billed = 1.0 if operation.waits_for_token else seconds
            return replace(
                own, lambda_invocations=1.0, lambda_gb_seconds=billed * MEMORY_GB.get(operation.function, 0.5)
            )
        return own

    def _arms(self, item: Act | Choose | Iterate | Cycle) -> Estimate:
        """Weigh the arms of a decision by equal chances of its ports; the longest counts for the critical path."""
        node, ways = item.bound.step.id, len(item.bound.step.ports)
        ports: dict[int, tuple[Plan, set[Atom]]] = {}
        for port, plan in item.arms.items():
            ports.setdefault(id(plan), (plan, set()))[1].add((node, port))
        return _beside(
            [_times(self._arm(plan, frozenset(taken)), len(taken) / ways, 1.0) for plan, taken in ports.values()]
        )

    def _arm(self, plan: Plan, guard: Guard) -> Estimate:
        """Estimate a way; where it begins by telling apart the cases of its guard, no state stands for that."""
        first = plan.items[0] if plan.items else None
        if not isinstance(first, Gate) or frozenset[Atom]().union(*(inner for inner, _ in first.arms)) != guard:
            return self.plan(plan)
        cases = [_times(self._arm(arm, inner), len(inner) / len(guard), 1.0) for inner, arm in first.arms]
        return _one_after_the_other((_beside(cases), self.plan(Plan(plan.items[1:]))))

    def _gate(self, gate: Gate) -> Estimate:
        """Weigh the cases of a gate, and the way past them, by equal chances."""
        chance = 1 / (len(gate.arms) + 1)
        return _beside([_times(self._arm(arm, guard), chance, 1.0) for guard, arm in gate.arms])


def _wrapping(item: Iterate) -> float:
    """Give the states around the body of a loop: a Parallel that catches an item's failure, a Succeed that collects."""
    return float(item.collects_fallibly) + float(item.operation.skip_failed and item.only_task is None)


def _loose_ends(plan: Plan) -> float:
    """Give the share of runs that leave a plan by a Choice or a Catch, which cannot end a block themselves."""
    match plan.items[-1] if plan.items else None:
        case Choose(bound=bound, arms=arms):
            ends = [_loose_ends(arms[port]) if port in arms else 1.0 for port in bound.step.ports]
        case Act(bound=bound, arms=arms) if bound.step.decides:
            others = bound.step.ports[1:]
            ends = [0.0, *(_loose_ends(arms[port]) if port in arms else 1.0 for port in others)]
        case Gate(arms=cases):
            ends = [1.0, *(_loose_ends(arm) for _, arm in cases)]
        case _:
            return 0.0
    return sum(ends) / len(ends)


def _one_after_the_other(parts: Iterable[Estimate]) -> Estimate:
    kept = list(parts)
    return _sum(kept, sum(part.seconds for part in kept), tuple(node for part in kept for node in part.critical_path))


def _beside(parts: list[Estimate]) -> Estimate:
    longest = max(parts, key=lambda part: part.seconds, default=Estimate())
    return _sum(parts, longest.seconds, longest.critical_path)


def _sum(parts: list[Estimate], seconds: float, path: tuple[NodeId, ...]) -> Estimate:
    return Estimate(
        sum(part.transitions for part in parts),
        sum(part.lambda_invocations for part in parts),
        sum(part.lambda_gb_seconds for part in parts),
        sum(part.fargate_seconds for part in parts),
        sum(part.tokens for part in parts),
        seconds,
        path,
    )


def _times(part: Estimate, count: float, rounds: float) -> Estimate:
    return Estimate(
        part.transitions * count,
        part.lambda_invocations * count,
        part.lambda_gb_seconds * count,
        part.fargate_seconds * count,
        part.tokens * count,
        part.seconds * rounds,
        part.critical_path if rounds else (),
    )


def _length(items: Template) -> float:
    return float(len(items)) if isinstance(items, list) else float(ITEMS_ASSUMED)
