"""Measure the service: `python -m bench service [--quick] [PART ...]`; ends with status 1 when a target is missed.

--quick measures with fewer executions and items; its figures are not those that docs/engine.md promises.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench.engine import transitions
from bench.service.comparison import comparison
from bench.service.scale import distributed_maps, finished_executions, waiting_executions
from bench.service.table import HEADING, Figure


def in_process(_folder: Path, _quick: bool) -> Iterator[Figure]:
    """Measure the engine without HTTP and without a file."""
    _, driven = transitions()
    yield Figure("in-process, Pass states with Assign: transitions/s", driven, 3_000, more_is_better=True)


PARTS: Final[dict[str, Callable[[Path, bool], Iterator[Figure]]]] = {
    "comparison": comparison,
    "in-process": in_process,
    "waiting": waiting_executions,
    "finished": finished_executions,
    "distributed": distributed_maps,
}


def main() -> int:
    """Print the table, and give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench service", description="Measure the engine as a service.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer executions and items")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"expected parts among {', '.join(PARTS)}, found {', '.join(sorted(unknown))}")
    print(HEADING)
    met = True
    for name in options.parts or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            for figure in PARTS[name](Path(folder), options.quick):
                print(figure.line(), flush=True)
                met = met and figure.met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
