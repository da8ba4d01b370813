"""What the store refuses.

StoreError
|-- RecordNotFoundError     there is no such record, or it is another workspace's
|-- RecordExistsError       a record with this id is there already
|-- RevisionConflictError   somebody saved meanwhile
|-- KeyTakenError           another trigger has the key
|-- InvalidCursorError      a cursor that this list did not give
|-- RecordTooLargeError     more than one item holds
`-- StoreUnavailableError   the database or the bucket does not answer, or refuses to
"""

from millrace.store.records import Trigger, Workflow


class StoreError(Exception):
    """The root of what the store raises; the text is one sentence for people."""


class RecordNotFoundError(StoreError):
    """There is no such record in the workspace."""

    def __init__(self, kind: str, identity: str) -> None:
        self.kind = kind
        self.identity = identity
        super().__init__(f"expected a {kind} {identity!r}, found none; it may have been removed")


class RecordExistsError(StoreError):
    """A record with this id is there already."""

    def __init__(self, kind: str, identity: str) -> None:
        self.kind = kind
        self.identity = identity
        super().__init__(f"expected a new {kind}, found one with the id {identity!r}; give it another id, or save it")


class RevisionConflictError(StoreError):
    """Somebody saved meanwhile.

    Attributes:
        seen: The revision that the caller saw.
        current: The record as it is now.
    """

    def __init__(self, kind: str, seen: int, current: Workflow | Trigger, revision: int) -> None:
        self.kind = kind
        self.seen = seen
        self.current = current
        super().__init__(
            f"expected revision {seen} of the {kind}, found {revision}: somebody saved meanwhile; "
            f"read it again, and save on top of it"
        )


class KeyTakenError(StoreError):
    """Another trigger has the key."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"expected a free key, found that another trigger has {key!r}; choose another path or method")


class InvalidCursorError(StoreError):
    """A cursor that this list, with this filter, did not give."""

    def __init__(self, cursor: str) -> None:
        super().__init__(
            f"expected the cursor of this list's previous page, with the same filter, found {cursor!r}; "
            f"list again from the start"
        )


class RecordTooLargeError(StoreError):
    """What the database keeps of a record is more than an item holds."""

    def __init__(self, identity: str, size: int, limit: int) -> None:
        super().__init__(
            f"expected at most {limit} bytes of names, descriptions, tags and errors, found {size} "
            f"in {identity!r}; shorten them"
        )


class StoreUnavailableError(StoreError):
    """The database or the bucket does not answer, or refuses to."""

    def __init__(self, what: str, reason: object) -> None:
        super().__init__(f"expected {what} to answer, found: {reason}; try again")
