"""What is looked at before anything starts, so that people read one sentence in place of a part's log."""

import fcntl
import os
import socket
import sqlite3
import time
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from millrace.local.emulator import damaged_state
from millrace.local.runtime.errors import DamagedHomeError, HomeInUseError, PortInUseError, RuntimeFault
from millrace.local.runtime.layout import HOST, Layout

# Processes of a runtime that was killed a moment ago may still be going.
_PATIENCE_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.05


@contextmanager
def locked(layout: Layout) -> Generator[None]:
    """Hold the data folder for this process; the system lets it go when the process ends, however it does.

    Raises:
        HomeInUseError: Another runtime has it.
        RuntimeFault: The folder cannot be written.
    """
    try:
        layout.home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(layout.lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise RuntimeFault(f"the data folder {layout.home} cannot be used: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            other = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            raise HomeInUseError(
                f"Millrace already runs with the data folder {layout.home} (process {other}); "
                "stop it, or give another folder with --home"
            ) from error
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def check_ports(ports: Iterable[tuple[int, str]]) -> None:
    """Refuse to start where another program listens.

    Args:
        ports: Ports, and what is to listen there.

    Raises:
        PortInUseError: One of them is taken.
    """
    for port, name in ports:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (reason := _taken(port)) is not None:
            if time.monotonic() > deadline or reason != "Address already in use":
                raise PortInUseError(
                    f"port {port} ({name}) cannot be used: {reason}; "
                    "stop what listens there, or move all ports with --port or MILLRACE_PORT"
                )
            time.sleep(_LOOK_SECONDS)


def check_home(layout: Layout) -> None:
    """Refuse to start on data that cannot be read, rather than lose it.

    Raises:
        DamagedHomeError: A file is damaged.
    """
    for path in (layout.engine_file, layout.dynamodb_file):
        reason = _damage(path)
        if reason is not None:
            raise _damaged(path, reason)
    state = damaged_state(layout.emulator_folder)
    if state is not None:
        raise _damaged(state, "it is no JSON")


def _damaged(path: Path, reason: str) -> DamagedHomeError:
    return DamagedHomeError(
        f"the data file {path} is damaged ({reason}); "
        "put a copy of it back, or move it away to start without what it holds"
    )


def _damage(path: Path) -> str | None:
    """Tell why a SQLite file cannot be used; None where it can, or is not there yet."""
    if not path.is_file() or path.stat().st_size == 0:
        return None
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as database:
            database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return None


def _taken(port: int) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            return error.strerror or str(error)
    return None
