"""The recordings of AWS against the engine: `make conformance`, or `python -m tests.stepfunctions.conformance`.

The kit is a folder of its own, beside this checkout or where MILLRACE_CONFORMANCE says. Its runner's arguments may be
given, e.g. `--area map --case ID --json`. Ends with the runner's status: 0 when every case passes.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.stepfunctions.soak.server import HOST, Server, engine, free_port

KIT: Final = Path(
    os.environ.get("MILLRACE_CONFORMANCE", Path(__file__).resolve().parents[3] / "shared" / "conformance")
)
_JOBS: Final = "8"


def main(arguments: list[str]) -> int:
    """Run the kit's cases, and give the runner's status."""
    if not (KIT / "run.py").is_file():
        print(
            f"expected the conformance kit at {KIT}, found no run.py there; put it beside this checkout as "
            "../shared/conformance, or name its folder in MILLRACE_CONFORMANCE",
            file=sys.stderr,
        )
        return 2
    with tempfile.TemporaryDirectory() as name, ExitStack() as servers:
        folder = Path(name)
        port = free_port()
        aws = Server((sys.executable, str(KIT / "aws_host.py"), str(port)), port, folder / "aws.log", "/moto-api/")
        servers.callback(aws.stop)
        aws.start()
        serving = engine(folder, "--lambda-endpoint", aws.url, "--aws-endpoint", aws.url)
        servers.callback(serving.stop)
        serving.start()
        runner = [sys.executable, str(KIT / "run.py"), "--endpoint", serving.url, "--lambda-endpoint", aws.url]
        status = subprocess.run([*runner, "-v", "--jobs", _JOBS, *arguments], check=False).returncode
        if not serving.alive:
            print(f"the engine at {HOST}:{serving.port} ended; {serving.last_words()}", file=sys.stderr)
            return 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
