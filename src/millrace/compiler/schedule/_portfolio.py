"""Several searches of one order, and the choice between the schedules that they find."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from random import Random
from typing import NamedTuple

from millrace.compiler.schedule._block import Block, block_makespan
from millrace.compiler.schedule._bounds import Bounds
from millrace.compiler.schedule._cuts import TOLERANCE
from millrace.compiler.schedule._decomposition import Decomposition
from millrace.compiler.schedule._poset import Poset
from millrace.compiler.schedule._relax import relax
from millrace.compiler.schedule._search import Plan, Search

PLANS = (
    Plan(width=1, cut_limit=4, pessimism=1.0),
    Plan(width=4, cut_limit=8, pessimism=0.25),
    Plan(width=4, cut_limit=8, pessimism=0.0),
    Plan(width=4, cut_limit=8, pessimism=0.5),
    Plan(width=4, cut_limit=8, pessimism=1.0),
)
"""How the expected durations are searched, until the makespan is known to be the least or the work is used up."""
DISTURBED_PLANS = (Plan(width=1, cut_limit=4, pessimism=1.0),)
"""How disturbed durations are searched."""

WORK = 8_000
"""Vertex visits, of about 0.3 microseconds each, granted to the search of the expected durations."""
WORK_PER_VERTEX = 120
"""More of them for each vertex."""
DISTURBED_WORK_PER_VERTEX = 40
"""Vertex visits granted to each search of disturbed durations."""
DISTURBED_VERTICES = 300
"""Orders with more vertices are searched for their expected durations alone."""
UNDISTURBED_WORK_PER_VERTEX = 900
UNDISTURBED_WORK = 1_000_000
"""Vertex visits granted to the search of such an order: so many a vertex, up to so many in all."""

HARD = 1.1
"""Where the makespan found is more than this many times the lower bound, the search may go on."""
HARD_WORK = 4
"""How many times the first grant of work it gets then."""

DISTURBANCES = 6
"""On how many assignments of disturbed durations schedules are compared."""
DISTURBED_SEARCHES = 2
"""How many of them are searched for a schedule of their own."""
SPREAD = 0.15
"""Standard deviation of the logarithm of a disturbed duration over the expected one."""
ROBUSTNESS = 0.5
"""Weight of the mean makespan under disturbed durations, beside the makespan under the expected ones."""


def best_block(order: Poset, durations: Sequence[float]) -> Block:
    """A schedule of a whole order: short for the expected durations, and not much longer for others near them.

    Expected durations are rarely met, and of many schedules that are equally short for them some are far better when a
    vertex takes longer. So the schedule found is compared, over disturbed durations, with schedules that suit these.
    """
    decomposition = Decomposition(order)
    size = len(durations)
    if size > DISTURBED_VERTICES:
        return _search(decomposition, durations, PLANS, min(UNDISTURBED_WORK_PER_VERTEX * size, UNDISTURBED_WORK))
    work = WORK + WORK_PER_VERTEX * size
    best = _search(decomposition, durations, PLANS, work, HARD_WORK * work)
    random = Random(size)  # noqa: S311 - not a secret: the same order gets the same schedule
    cases = [_Case(durations, _critical_path(order, durations), 1.0)]
    for _ in range(DISTURBANCES):
        disturbed = [duration * exp(random.gauss(0.0, SPREAD)) for duration in durations]
        cases.append(_Case(disturbed, _critical_path(order, disturbed), ROBUSTNESS / DISTURBANCES))
    if all(block_makespan(best, case.durations) <= case.critical_path * (1 + TOLERANCE) for case in cases):
        return best
    others = [
        _search(decomposition, case.durations, DISTURBED_PLANS, DISTURBED_WORK_PER_VERTEX * size)
        for case in cases[1 : 1 + DISTURBED_SEARCHES]
    ]
    return min((best, *others), key=lambda block: sum([case.cost(block) for case in cases]))


class _Case(NamedTuple):
    """Durations that schedules are compared on."""

    durations: Sequence[float]
    critical_path: float
    weight: float

    def cost(self, block: Block) -> float:
        return self.weight * block_makespan(block, self.durations) / self.critical_path


def _search(decomposition: Decomposition, durations: Sequence[float], plans: Sequence[Plan], *grants: int) -> Block:
    """The best schedule that the plans find for one assignment of durations.

    The first grant of work is for every order, each further one for those whose schedule still is far above the bound.
    """
    bounds = Bounds(decomposition, durations)
    search = Search(bounds)
    vertices = decomposition.order.everything
    for work in grants:
        if search.improve(vertices, plans, work) <= HARD * bounds.lower(vertices):
            break
    found = relax(search.block(vertices), decomposition)
    layering = bounds.layering(vertices)
    # A search that had to hurry may do worse than the simplest schedule.
    if search.exhausted and layering.makespan < block_makespan(found, durations):
        return relax(layering.block(), decomposition)
    return found


def _critical_path(order: Poset, durations: Sequence[float]) -> float:
    heads: list[float] = []
    for vertex, predecessors in enumerate(order.predecessors):
        heads.append(max([heads[predecessor] for predecessor in predecessors], default=0.0) + durations[vertex])
    return max(heads)
