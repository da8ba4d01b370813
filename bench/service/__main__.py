"""Measure the service: `python -m bench service [--quick] [PART ...]`; ends with status 1 when a target is missed.

--quick measures with fewer executions and items; its figures are not those that docs/engine.md promises.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.engine import transitions
from bench.program import Part, measure
from bench.service.comparison import comparison
from bench.service.scale import distributed_maps, finished_executions, waiting_executions
from bench.service.table import HEADING, Figure


def in_process(_folder: Path, _quick: bool) -> Iterator[Figure]:
    """Measure the engine without HTTP and without a file."""
    _, driven = transitions()
    yield Figure("in-process, Pass states with Assign: transitions/s", driven, 3_000, more_is_better=True)


PARTS: Final[dict[str, Part]] = {
    "comparison": comparison,
    "in-process": in_process,
    "waiting": waiting_executions,
    "finished": finished_executions,
    "distributed": distributed_maps,
}


def main() -> int:
    """Print the table, and give the exit status."""
    return measure("service", "Measure the engine as a service.", PARTS, HEADING)


if __name__ == "__main__":
    sys.exit(main())
