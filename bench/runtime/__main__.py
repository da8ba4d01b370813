"""Measure the whole service: `python -m bench runtime [--quick] [PART ...]`; status 1 when a target is missed.

--quick measures for a shorter time and with fewer workflows; its figures are not those that the targets are about.
"""

import sys
from typing import Final

from bench.program import Part, measure
from bench.runtime.footprint import imports, memory, starts
from bench.runtime.requests import requests
from bench.runtime.table import HEADING
from bench.runtime.webhooks import webhooks

PARTS: Final[dict[str, Part]] = {
    "webhooks": webhooks,
    "requests": requests,
    "starts": starts,
    "memory": memory,
    "imports": imports,
}


def main() -> int:
    """Print the table, and give the exit status."""
    return measure("runtime", "Measure the whole service.", PARTS, HEADING)


if __name__ == "__main__":
    sys.exit(main())
