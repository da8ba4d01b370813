"""How long the commands take from the shell's view, and what importing costs.

Each figure is the best of several runs of a fresh interpreter.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROUNDS = 5
FIVE_NODES: dict[str, Any] = {
    "name": "Five native nodes",
    "nodes": {
        "in": {"type": "input", "data": {"schema": {"n": {"type": "number", "default": 3}}}},
        "double": {"type": "set", "data": {"fields": {"v": "${inputs.n * 2}"}}},
        "large": {"type": "conditional", "data": {"condition": "${double.output.v > 5}"}},
        "note": {"type": "set", "data": {"fields": {"text": "${double.output.v} is large"}}},
        "out": {"type": "output", "data": {}},
    },
    "edges": [
        {"source": "in", "target": "double"},
        {"source": "double", "target": "large"},
        {"source": "large", "sourceHandle": "true", "target": "note"},
        {"source": "note", "target": "out"},
    ],
}


def seconds(*arguments: str) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        best = min(best, time.perf_counter() - started)
    return best


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "five.json"
        file.write_text(json.dumps(FIVE_NODES))
        bare = seconds("-c", "pass")
        figures: list[tuple[str, float, float | None]] = [
            ("millrace --help", seconds("-m", "millrace", "--help"), 0.3),
            ("millrace validate, five native nodes", seconds("-m", "millrace", "validate", str(file)), None),
            ("millrace compile, five native nodes", seconds("-m", "millrace", "compile", str(file)), None),
            ("millrace run, five native nodes", seconds("-m", "millrace", "run", str(file)), 0.8),
            ("millrace nodes", seconds("-m", "millrace", "nodes"), None),
            ("import of the catalogue", seconds("-c", "import millrace.catalogue") - bare, None),
            ("import of the compiler", seconds("-c", "import millrace.compiler") - bare, None),
            ("import of the engine", seconds("-c", "import millrace.engine") - bare, None),
            ("import of jsonschema", seconds("-c", "import jsonschema") - bare, None),
            ("an interpreter that does nothing", bare, None),
        ]
    print(f"{'what':40} {'seconds':>8}  target")
    missed = False
    for what, measured, target in figures:
        print(f"{what:40} {measured:8.3f}  {'' if target is None else f'<= {target}'}")
        missed = missed or (target is not None and measured > target)
    sys.exit(missed)


if __name__ == "__main__":
    main()
