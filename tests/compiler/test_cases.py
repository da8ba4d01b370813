"""Documents and what they compile to; `make snapshots` writes the latter anew."""

from pathlib import Path

import pytest

from .snapshots import cases, compiled


@pytest.mark.parametrize("case", tuple(cases()), ids=lambda case: case.name)
def test_a_document_compiles_to_what_was_approved(case: Path) -> None:
    expected = case / "expected.json"
    assert expected.exists(), f"expected {expected}; `make snapshots` writes it"
    assert compiled(case) == expected.read_text(), "run `make snapshots` and read the difference"
