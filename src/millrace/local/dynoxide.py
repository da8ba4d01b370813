"""The program that serves DynamoDB's API from a SQLite file: npm's @dynoxide/<os>-<arch>, put there by `make setup`."""

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_MODULES: Final = Path(__file__).resolve().parents[3] / "runtime" / "node_modules"
# npm's names of systems and processors (Node's process.platform and process.arch).
_SYSTEMS: Final = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}
_PROCESSORS: Final = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def dynoxide_binary() -> Path | None:
    """Find the program of this platform; None where there is none, or it is not installed."""
    system = _SYSTEMS.get(platform.system())
    processor = _PROCESSORS.get(platform.machine().lower())
    if system is None or processor is None:
        return None
    name = "dynoxide.exe" if system == "win32" else "dynoxide"
    binary = _MODULES / "@dynoxide" / f"{system}-{processor}" / name
    return binary if binary.is_file() else None


def dynoxide_command(binary: Path, port: int, data: Path) -> Sequence[str]:
    """Give the command that serves on a port of the loopback address, and keeps everything in a file."""
    return (str(binary), "serve", "--host", "127.0.0.1", "--port", str(port), "--db-path", str(data))
