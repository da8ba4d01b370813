"""One process owns a data file: a lock that ends with the process, however it ends."""

import os
import sys
from pathlib import Path
from typing import Final

from millrace.stepfunctions.store.errors import StoreLockedError

# Windows forbids others to read what is locked, so the lock lies behind the owner's number.
_LOCKED_BYTE: Final = 1 << 20


class FileLock:
    """The lock of a data file, on a file beside it that stays when the lock is given back.

    Removing the file with the lock would let two processes lock two files of the same name.

    Raises:
        StoreLockedError: Another process holds it.
        OSError: The lock's file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor)
        except OSError as error:
            owner = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise StoreLockedError(
                f"the data file {str(path)!r} is in use by process {owner}; "
                f"end that process, or choose another file with --data"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Give the lock back, unless that was done."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
