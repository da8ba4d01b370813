"""Several searches of one order, and the choice between the schedules that they find."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from random import Random

from millrace.compiler.schedule._block import Block, block_makespan
from millrace.compiler.schedule._bounds import Bounds
from millrace.compiler.schedule._cuts import TOLERANCE
from millrace.compiler.schedule._decomposition import Decomposition
from millrace.compiler.schedule._poset import Poset
from millrace.compiler.schedule._relax import relax
from millrace.compiler.schedule._search import Plan, Search

PLANS = (
    Plan(width=1, cut_limit=8, pessimism=0.25),
    Plan(width=4, cut_limit=8, pessimism=0.25),
    Plan(width=4, cut_limit=8, pessimism=0.0),
    Plan(width=4, cut_limit=8, pessimism=0.5),
    Plan(width=4, cut_limit=8, pessimism=1.0),
)
"""How the expected durations are searched, until the makespan is known to be the least or the work is used up."""
DISTURBED_PLAN = Plan(width=1, cut_limit=4, pessimism=1.0)
"""How disturbed durations are searched."""

WORK_PER_VERTEX = 450
"""Vertex visits that the search of the expected durations may use for each vertex, about 0.3 microseconds each."""
DISTURBED_WORK_PER_VERTEX = 60

DISTURBANCES = 6
"""On how many assignments of disturbed durations schedules are compared."""
DISTURBED_SEARCHES = 3
"""How many of them are searched for a schedule of their own."""
SPREAD = 0.15
"""Standard deviation of the logarithm of a disturbed duration over the expected one."""
ROBUSTNESS = 0.5
"""Weight of the mean makespan under disturbed durations, beside the makespan under the expected ones."""


def best_block(order: Poset, durations: Sequence[float]) -> Block:
    """A schedule of a whole order: short for the expected durations, and not much longer for others near them.

    Expected durations are rarely met, and of many schedules that are equally short for them some are far better when a vertex
    takes longer. So the schedule found is compared, over disturbed durations, with those that suit some of these best.
    """
    decomposition = Decomposition(order)
    best = _search(decomposition, durations, PLANS, WORK_PER_VERTEX)
    cases = [(durations, _critical_path(order, durations), 1.0)]
    random = Random(len(durations))
    for _ in range(DISTURBANCES):
        disturbed = [duration * exp(random.gauss(0.0, SPREAD)) for duration in durations]
        cases.append((disturbed, _critical_path(order, disturbed), ROBUSTNESS / DISTURBANCES))
    if all(block_makespan(best, case) <= critical * (1 + TOLERANCE) for case, critical, _ in cases):
        return best
    others = [
        _search(decomposition, disturbed, (DISTURBED_PLAN,), DISTURBED_WORK_PER_VERTEX)
        for disturbed, _, _ in cases[1 : 1 + DISTURBED_SEARCHES]
    ]
    return min(
        (best, *others),
        key=lambda block: sum(weight * block_makespan(block, case) / critical for case, critical, weight in cases),
    )


def _search(
    decomposition: Decomposition, durations: Sequence[float], plans: Sequence[Plan], work_per_vertex: int
) -> Block:
    """The best schedule that the plans find for one assignment of durations."""
    bounds = Bounds(decomposition, durations)
    limit = decomposition.work + work_per_vertex * len(durations)
    search = Search(bounds, work_limit=limit)
    vertices = decomposition.order.everything
    enough = bounds.lower(vertices) * (1 + TOLERANCE)
    for plan in plans:
        if search.improve(vertices, plan) <= enough or decomposition.work > limit:
            break
    return relax(search.block(vertices), decomposition)


def _critical_path(order: Poset, durations: Sequence[float]) -> float:
    heads: list[float] = []
    for vertex, predecessors in enumerate(order.predecessors):
        heads.append(max([heads[predecessor] for predecessor in predecessors], default=0.0) + durations[vertex])
    return max(heads)
