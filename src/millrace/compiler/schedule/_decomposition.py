"""The exact part: where a set of vertices falls apart, nothing is lost by scheduling the pieces on their own."""

from __future__ import annotations

from typing import Literal, NamedTuple

from millrace.compiler.schedule._poset import Poset


class Shape(NamedTuple):
    """How a set is composed of its parts: unordered components, consecutive parts, or neither (prime).

    A dominated set has one part, its core (see Dominance), which takes just as long.
    """

    kind: Literal["vertex", "parallel", "series", "prime", "dominated"]
    parts: tuple[int, ...]


class Decomposition:
    """The shapes of a poset's convex sets, each computed once."""

    __slots__ = ("_shapes", "order", "work")

    def __init__(self, order: Poset) -> None:
        self.order = order
        self.work = 0
        """Vertex visits so far, here and in the searches that share this object: the measure of effort."""
        self._shapes: dict[int, Shape] = {}

    def shape(self, vertices: int) -> Shape:
        """How a non-empty convex set is composed."""
        known = self._shapes.get(vertices)
        if known is None:
            known = self._shapes[vertices] = self._compute(vertices)
        return known

    def _compute(self, vertices: int) -> Shape:
        if not vertices & (vertices - 1):
            return Shape("vertex", (vertices,))
        components = self._closures(vertices, complement=False)
        if len(components) > 1:
            return Shape("parallel", components)
        # Two vertices without an order between them lie on the same side of every complete cut. So the consecutive
        # parts are the components of incomparability, and the topological numbers put them in order.
        consecutive = self._closures(vertices, complement=True)
        return Shape("series", consecutive) if len(consecutive) > 1 else Shape("prime", (vertices,))

    def _closures(self, vertices: int, *, complement: bool) -> tuple[int, ...]:
        """The connected components of comparability, or with complement of incomparability, by smallest vertex.

        Two components grow in turn, one from each end of the numbering, and unite where they meet. So peeling a small
        component off costs no more than its size, at whichever end it is.
        """
        related = self.order.related
        found: list[int] = []
        rest = vertices
        part = frontier = other_part = other_frontier = 0
        from_start, united = True, False
        while rest or (part and other_part):
            if united and not part:
                part, frontier, other_part, other_frontier = other_part, other_frontier, 0, 0
            elif not part and rest:
                part = frontier = rest & -rest if from_start else 1 << rest.bit_length() - 1
                rest ^= part
            if part:
                vertex = (frontier & -frontier if from_start else frontier).bit_length() - 1
                frontier ^= 1 << vertex
                self.work += 1
                near = ~related[vertex] if complement else related[vertex]
                if near & other_part:
                    united = True
                    part |= other_part
                    frontier |= other_frontier
                    other_part = other_frontier = 0
                reached = near & rest
                rest ^= reached
                part |= reached
                frontier |= reached
                if not frontier:
                    found.append(part)
                    part, united = 0, False
            part, frontier, other_part, other_frontier = other_part, other_frontier, part, frontier
            from_start = not from_start
        # Whatever is left is one component, explored or not.
        if part or other_part:
            found.append(part | other_part)
        return tuple(sorted(found, key=lambda component: component & -component))
