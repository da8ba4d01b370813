"""Documents for the commands."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local.workflows import save, workflow

SMALL = workflow(
    {
        "in": ("input", {"schema": {"n": {"type": "number", "required": True}}}),
        "double": ("set", {"label": "Double it", "fields": {"v": "${inputs.n * 2}"}}),
        "out": ("output", {"name": "doubled", "value": "${double.output.v}"}),
    },
    ["in > double > out"],
)
FIVE_MISTAKES = workflow(
    {
        "in": ("input", {"schema": {"n": {"type": "nmber"}}}),
        "double": ("set", {"label": "Double it", "fields": {"v": "${inputs.n *}"}}),
        "odd": ("unknown-type", {}),
        "choice": ("conditional", {}),
        "out": ("output", {"value": "${nowhere.output}"}),
    },
    ["in > double > out"],
)
FAILING = workflow({"js": ("code", {"label": "My code", "source": "throw new Error('broken')"})})


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[object], str]:
    """Give a function that writes a document and gives its file's name."""
    count = iter(range(100))
    return lambda document: save(tmp_path, f"document{next(count)}", document)
