import socket
import sqlite3
from pathlib import Path

import pytest

from millrace.local.runtime.checks import check_home, check_ports, locked
from millrace.local.runtime.errors import DamagedHomeError, HomeInUseError, PortInUseError
from millrace.local.runtime.layout import Layout


def test_a_port_in_use_is_named_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"port {port} \(engine\) cannot be used: .* --port or MILLRACE_PORT"):
            check_ports([(port, "engine")])


def test_two_runtimes_cannot_share_a_folder(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "home")
    with (
        locked(layout),
        pytest.raises(HomeInUseError, match=r"already runs with the data folder .* \(process \d+\)"),
        locked(layout),
    ):
        pass


def test_a_folder_is_free_again_when_its_runtime_ended(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "home")
    with locked(layout):
        pass
    with locked(layout):
        pass


def test_sound_data_is_accepted(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    check_home(layout)
    with sqlite3.connect(layout.engine_file) as database:
        database.execute("CREATE TABLE one (two)")
    database.close()
    state = layout.emulator_folder / "state"
    state.mkdir(parents=True)
    (state / "s3.json").write_text("{}")
    check_home(layout)


@pytest.mark.parametrize("name", ["engine.sqlite3", "dynamodb.sqlite3", "aws/state/kms.json"])
def test_damaged_data_is_named_and_left_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0damaged" * 1000)
    with pytest.raises(DamagedHomeError, match=f"{name} is damaged"):
        check_home(Layout(tmp_path))
    assert path.read_bytes() == b"\0damaged" * 1000
