"""Which program serves DynamoDB; what is installed here decides what can be tried."""

from pathlib import Path

import pytest

from millrace.local.dynoxide import dynoxide_binary
from millrace.local.runtime import Layout, RuntimeFault
from millrace.local.runtime.database import choose_database


@pytest.mark.skipif(dynoxide_binary() is None, reason="dynoxide is not installed for this platform")
def test_dynoxide_serves_where_it_is_installed(tmp_path: Path) -> None:
    told: list[str] = []
    assert choose_database(Layout(tmp_path), told.append) == dynoxide_binary()
    assert told == []


def test_data_that_was_begun_without_dynoxide_stays_so(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    (layout.emulator_folder / "state").mkdir(parents=True)
    (layout.emulator_folder / "state" / "dynamodb.json").write_text("{}")
    told: list[str] = []
    assert choose_database(layout, told.append) is None
    assert "a crash may lose the last second" in told[0]


@pytest.mark.skipif(dynoxide_binary() is not None, reason="dynoxide is installed")
def test_data_that_needs_dynoxide_is_not_started_without(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.dynamodb_file.write_bytes(b"")
    with pytest.raises(RuntimeFault, match="needs dynoxide"):
        choose_database(layout, lambda _: None)
