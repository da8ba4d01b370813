"""Several searches of one order, and the choice between the schedules that they find."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from millrace.compiler.schedule._block import Block, block_makespan
from millrace.compiler.schedule._bounds import Bounds
from millrace.compiler.schedule._cuts import TOLERANCE
from millrace.compiler.schedule._decomposition import Decomposition
from millrace.compiler.schedule._poset import Poset
from millrace.compiler.schedule._relax import relax
from millrace.compiler.schedule._search import Search

PESSIMISM = (0.25, 0.0, 0.5, 1.0)
"""Weights of the upper bounds in estimates, the one that serves most graphs first."""


def best_block(order: Poset, durations: Sequence[float]) -> Block:
    """The best schedule found for a whole order with positive durations."""
    decomposition = Decomposition(order)
    bounds = Bounds(decomposition, durations)
    search = Search(bounds, cut_limit=8, work_limit=10**9)
    vertices = order.everything
    enough = bounds.lower(vertices) * (1 + TOLERANCE)
    for pessimism in PESSIMISM:
        if search.improve(vertices, 4, pessimism) <= enough:
            break
    return relax(search.block(vertices), decomposition)
