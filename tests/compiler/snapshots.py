"""Writes what the cases compile to, for people to read the difference: `python -m tests.compiler.snapshots`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from millrace.compiler import compile_document

CASES: Final = Path(__file__).parent / "cases"
_SHOWN: Final = ("type", "definition", "sourceMap", "diagnostics")


def cases() -> Iterator[Path]:
    """Give the folders of the cases."""
    return (path.parent for path in sorted(CASES.glob("*/workflow.json")))


def compiled(case: Path) -> str:
    """Give what a case's `expected.json` should be."""
    whole: dict[str, Any] = compile_document(json.loads((case / "workflow.json").read_text())).to_json()
    return json.dumps({name: whole[name] for name in _SHOWN}, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for case in cases():
        (case / "expected.json").write_text(compiled(case))
