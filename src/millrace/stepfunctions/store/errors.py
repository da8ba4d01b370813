"""What can go wrong with the data file.

StoreError                    the file cannot be opened, read or written; every message ends with what to do
|- StoreDamagedError          it is no data file, or not a whole one
|- StoreFullError             no room is left for what is to be written
|- StoreNewerError            a newer Millrace has written it
|- StoreLockedError           another process has it open
`- InvalidPageTokenError      a page token that this list did not give
"""


class StoreError(Exception):
    """The data file cannot be opened, read or written."""


class StoreDamagedError(StoreError):
    """The file is no data file of Millrace's, or not a whole one."""


class StoreFullError(StoreError):
    """The disk has no room for what is to be written; what was committed is unharmed."""


class StoreNewerError(StoreError):
    """The file's schema is newer than what this version knows."""


class StoreLockedError(StoreError):
    """Another process has the file open."""


class InvalidPageTokenError(StoreError):
    """A page token that this list, with this filter, did not give."""

    def __init__(self, token: str) -> None:
        super().__init__(
            f"expected the token of this list's previous page, with the same filter, found {token!r}; "
            f"list again from the start"
        )
