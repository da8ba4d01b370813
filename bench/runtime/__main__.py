"""Measure the whole service: `python -m bench runtime [--quick] [PART ...]`; status 1 when a target is missed.

--quick measures for a shorter time and with fewer workflows; its figures are not those that the targets are about.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench.runtime.footprint import imports, memory, starts
from bench.runtime.requests import requests
from bench.runtime.table import HEADING, Figure
from bench.runtime.webhooks import webhooks

PARTS: Final[dict[str, Callable[[Path, bool], Iterator[Figure]]]] = {
    "webhooks": webhooks,
    "requests": requests,
    "starts": starts,
    "memory": memory,
    "imports": imports,
}


def main() -> int:
    """Print the table, and give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench runtime", description="Measure the whole service.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="for a shorter time, with fewer workflows")
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
