"""What random documents are made of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mix:
    """How often what comes up, as parts of one.

    Attributes:
        failing: Nodes that fail, or may.
        forgiving: Failing nodes that do not stop the run.
        containers: Nodes that are loops or whiles.
        wide: Edges from anywhere instead of from the nodes made last.
        settled: Nodes that are disabled or pinned.
        slow: Nodes whose duration is given.
    """

    failing: float = 0.1
    forgiving: float = 0.85
    containers: float = 0.12
    wide: float = 0.3
    settled: float = 0.08
    slow: float = 0.5
