"""Run every benchmark: `make bench`. Each prints a table; ends with status 1 when a target is missed."""

import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    here = Path(__file__).parent
    missed: list[str] = []
    for script in sorted(here.glob("[a-z]*.py")):
        print(f"\n== {script.stem}\n", flush=True)
        if subprocess.run([sys.executable, str(script)], check=False).returncode:
            missed.append(script.stem)
    print(f"\nmissed targets in: {', '.join(missed)}" if missed else "\nall benchmarks met their targets")
    sys.exit(bool(missed))
