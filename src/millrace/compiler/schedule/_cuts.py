"""Candidate cuts of a prime set: where to put the barrier, and what to run before it."""

from __future__ import annotations

from collections.abc import Sequence

from millrace.compiler.schedule._bounds import Cut, Profile
from millrace.compiler.schedule._poset import vertices_of

TOLERANCE = 1e-9
"""Relative difference below which two makespans count as equal."""


def shortlist(profile: Profile, limit: int) -> list[Cut]:
    """The shortest cuts; of many equally short ones those nearest to the middle, which leave both sides more room."""
    cuts = profile.cuts
    if len(cuts) <= limit:
        return cuts
    bar = cuts[0].length * (1 + TOLERANCE)
    tied = [cut for cut in cuts if cut.length <= bar]
    if len(tied) <= limit:
        return cuts[:limit]
    return sorted(tied, key=lambda cut: abs(cut.head - cut.tail))[:limit]


def first_parts(profile: Profile, cut: Cut, durations: Sequence[float]) -> list[int]:
    """What may run before the cut: as much as fits, as little as is needed, and what has its middle before the cut."""
    bar = cut.tail * (1 + 1e-12)
    critical = max(profile.heads)
    needed = middle = 0
    for vertex in vertices_of(cut.earliest):
        tail = profile.tails[vertex]
        if tail > bar:
            needed |= 1 << vertex
            middle |= 1 << vertex
        # The mean of the earliest and the latest end within the critical path, both of which grow along edges.
        elif profile.heads[vertex] + critical - tail + durations[vertex] <= 2 * cut.head:
            middle |= 1 << vertex
    return [part for part in dict.fromkeys((cut.earliest, needed, middle)) if part]
