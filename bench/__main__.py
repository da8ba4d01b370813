"""Run the benchmarks: `make bench`, or `python -m bench [NAME [OPTION ...]]` for one of them.

Each prints a table; ends with status 1 when a target is missed. Options after a name are that benchmark's own.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def names() -> list[str]:
    """List the benchmarks: the modules here, and the packages that can be run."""
    modules = [path.stem for path in HERE.glob("[a-z]*.py")]
    return sorted([*modules, *(path.parent.name for path in HERE.glob("*/__main__.py"))])


def measure(name: str, *options: str) -> int:
    """Run one in a process of its own, and give its status."""
    print(f"\n== {name}\n", flush=True)
    return subprocess.run([sys.executable, "-m", f"bench.{name}", *options], cwd=HERE.parent, check=False).returncode


def main(arguments: list[str]) -> int:
    """Run all, or the one that is named."""
    if arguments:
        if arguments[0] not in names():
            print(f"expected one of {', '.join(names())}, found {arguments[0]!r}", file=sys.stderr)
            return 2
        return measure(*arguments)
    missed = [name for name in names() if measure(name)]
    print(f"\nmissed targets in: {', '.join(missed)}" if missed else "\nall benchmarks met their targets")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
