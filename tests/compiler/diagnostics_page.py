"""Writes docs/diagnostics.md from the examples: `python -m tests.compiler.diagnostics_page`."""

from pathlib import Path
from typing import Final

from millrace.model import Code

from .examples import examples, meaning

PAGE: Final = Path(__file__).parents[2] / "docs" / "diagnostics.md"

_HEAD: Final = """\
# Diagnostics

What `millrace validate`, the API and the builder say of a workflow that is not right, by code. Each diagnostic names
the node or edge, the field and, inside of expressions, the column; an error keeps the workflow from compiling, a
warning does not. This page is written from the examples in `tests/compiler/diagnostics` by `make docs`.
"""


def page() -> str:
    """Give the page."""
    return "\n".join((_HEAD, *(_section(code) for code in sorted(Code))))


def _section(code: Code) -> str:
    example = next(examples(code))
    found = next(problem for problem in example.compiled().diagnostics if problem.code is code)
    kind = "error" if found.is_error else "warning"
    return f"""\
## {code.value}

{meaning(code)}

- Example ({kind}): {found.message}
- Remedy: {found.remedy}
"""


if __name__ == "__main__":
    PAGE.write_text(page())
