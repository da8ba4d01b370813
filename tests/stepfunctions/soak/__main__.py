"""Run the soak: `make soak`, or `python -m tests.stepfunctions.soak [--executions N] [--kills N] [--seed N]`.

Ends with status 1 when anything is wrong; the same seed draws the same executions and pauses (not the same moments).
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path
from random import Random

from tests.stepfunctions.soak.kills import random_kills
from tests.stepfunctions.soak.soak import SCENARIOS, Soak, draw_plans


def main() -> int:
    """Run it, print what was found, and give the exit status."""
    parser = argparse.ArgumentParser(description="Executions under repeated SIGKILL.")
    parser.add_argument("--executions", type=int, default=500)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--scenario", action="append", choices=[*SCENARIOS], help="only these; may be repeated")
    parser.add_argument("--keep", type=Path, help="a folder for the data file and the engine's log, to look at later")
    options = parser.parse_args()
    print(f"seed {options.seed}: {options.executions} executions, {options.kills} kills", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        random = Random(options.seed)
        plans = draw_plans(random, options.executions, options.scenario or [*SCENARIOS])
        report = asyncio.run(Soak(folder, plans, random).run(random_kills(random, options.kills)))
    print(
        f"{report.kills} kills in {report.seconds:.0f} s; {report.acknowledged} starts acknowledged, "
        f"{report.unacknowledged} not, of which {report.begun} had begun\n"
        f"{report.calls} function calls, {report.repeated_calls} of them again for a task in flight; "
        f"{report.log_events} log events, {report.repeated_log_events} of them delivered again"
    )
    for fault in report.faults:
        print(f"FAULT {fault}")
    print(f"{len(report.faults)} faults" if report.faults else "nothing lost, nothing wrong, nothing run again")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
