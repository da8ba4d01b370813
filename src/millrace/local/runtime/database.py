"""Which program serves DynamoDB: dynoxide, installed where it is missing, or MiniStack where it cannot be."""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from millrace.local.dynoxide import dynoxide_binary
from millrace.local.function_host import functions_folder
from millrace.local.runtime.errors import RuntimeFault
from millrace.local.runtime.layout import Layout

_COST: Final = "MiniStack serves DynamoDB instead: all data must fit into memory, and a crash may lose the last second"
_INSTALL_SECONDS: Final = 180


def choose_database(layout: Layout, tell: Callable[[str], None]) -> Path | None:
    """Give dynoxide's binary; None where MiniStack serves. Data stays with the program that has written it.

    Args:
        layout: Where the data is.
        tell: Told what is installed, and what it costs that something is missing.

    Raises:
        RuntimeFault: The data needs dynoxide, and it cannot be installed.
    """
    if not layout.dynamodb_file.exists() and (layout.emulator_folder / "state" / "dynamodb.json").exists():
        tell(f"The data in {layout.home} was begun without dynoxide, and goes on so. {_COST}.")
        return None
    binary = dynoxide_binary()
    reason = "it is not installed"
    if binary is None:
        reason = _install(tell) or reason
        binary = dynoxide_binary()
    if binary is not None:
        return binary
    if layout.dynamodb_file.exists():
        raise RuntimeFault(f"the data in {layout.dynamodb_file} needs dynoxide: {reason}")
    tell(f"There is no dynoxide: {reason}. {_COST}.")
    return None


def _install(tell: Callable[[str], None]) -> str | None:
    """Install dynoxide from npm; gives what kept it from being installed."""
    folder = functions_folder().parent / "runtime"
    if not (folder / "package-lock.json").is_file():
        return "this installation does not bring its list of npm packages"
    npm = shutil.which("npm")
    if npm is None:
        return "it comes from npm, which is not there; install Node 20 or newer"
    tell("Installing dynoxide, which keeps DynamoDB's data in one file; this happens once.")
    started = time.monotonic()
    command = [npm, "ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
    try:
        done = subprocess.run(  # noqa: S603 - a command of ours
            command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"npm could not install it: {error}"
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        return f"npm could not install it: {lines[0] if lines else f'it ended with exit code {done.returncode}'}"
    if dynoxide_binary() is None:
        return "there is none for this platform"
    tell(f"Installed dynoxide ({time.monotonic() - started:.1f} s).")
    return None
