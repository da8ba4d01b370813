"""A benchmark as a program: its parts are chosen by name, and its status says whether all targets were met."""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias


class Measured(Protocol):
    """One measured figure."""

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        ...

    def line(self) -> str:
        """Give the row of the table."""
        ...


Part: TypeAlias = Callable[[Path, bool], Iterator[Measured]]


def measure(name: str, description: str, parts: Mapping[str, Part], heading: str) -> int:
    """Measure the parts that the command line names, print the table, and give the exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m bench {name}", description=description)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(parts)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="with less of everything; not what the targets are about")
    options = parser.parse_args()
    if unknown := set(options.parts) - parts.keys():
        parser.error(f"expected parts among {', '.join(parts)}, found {', '.join(sorted(unknown))}")
    print(heading)
    met = True
    for part in options.parts or parts:
        with tempfile.TemporaryDirectory() as folder:
            for figure in parts[part](Path(folder), options.quick):
                print(figure.line(), flush=True)
                met = met and figure.met
    return 0 if met else 1
