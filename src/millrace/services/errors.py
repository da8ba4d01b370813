"""What services refuse and fail with; functions/api turns each into one HTTP response.

ServiceError
|-- InvalidRequestError      400, lists every fault
|-- SignInError              401
|-- ForbiddenError           403
|-- NotFoundError            404, also for what belongs to another workspace
|-- ConflictError            409, somebody or something else was there first
|   `-- RevisionError        409, carries what the record and the document are now
|-- PreconditionError        409, the thing is not in a state for that
|-- GoneError                410, it was there once
|-- InvalidDocumentError     422, carries every diagnostic
|-- RevisionRequiredError    428, a save that does not say what it was made on
`-- UnavailableError         503, may work when tried again
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from millrace.model import Diagnostic, Json
from millrace.store.records import Workflow


class ErrorCode(StrEnum):
    """The API's error codes. They are stable; docs/api.md explains each."""

    # The request itself
    MALFORMED_JSON = "MALFORMED_JSON"
    INVALID_REQUEST = "INVALID_REQUEST"
    INVALID_CURSOR = "INVALID_CURSOR"
    INVALID_INPUTS = "INVALID_INPUTS"
    INVALID_ANSWER = "INVALID_ANSWER"
    INVALID_DOCUMENT = "INVALID_DOCUMENT"
    REVISION_REQUIRED = "REVISION_REQUIRED"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    ROUTE_NOT_FOUND = "ROUTE_NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    IDEMPOTENCY_IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"
    # Who asks
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    SIGN_IN_NOT_SET_UP = "SIGN_IN_NOT_SET_UP"
    # What is asked for
    WORKFLOW_NOT_FOUND = "WORKFLOW_NOT_FOUND"
    VERSION_NOT_FOUND = "VERSION_NOT_FOUND"
    NODE_TYPE_NOT_FOUND = "NODE_TYPE_NOT_FOUND"
    NODE_NOT_FOUND = "NODE_NOT_FOUND"
    EXECUTION_NOT_FOUND = "EXECUTION_NOT_FOUND"
    TRIGGER_NOT_FOUND = "TRIGGER_NOT_FOUND"
    # What stands against it
    REVISION_CONFLICT = "REVISION_CONFLICT"
    WORKFLOW_NOT_DELETED = "WORKFLOW_NOT_DELETED"
    NOT_PUBLISHED = "NOT_PUBLISHED"
    PUBLISH_IN_PROGRESS = "PUBLISH_IN_PROGRESS"
    EXECUTION_ENDED = "EXECUTION_ENDED"
    EXECUTION_NOT_PAUSED = "EXECUTION_NOT_PAUSED"
    EXECUTION_NOT_FAILED = "EXECUTION_NOT_FAILED"
    EXECUTION_RUNNING = "EXECUTION_RUNNING"
    NOT_WAITING = "NOT_WAITING"
    ALREADY_ANSWERED = "ALREADY_ANSWERED"
    TRIGGER_KEY_TAKEN = "TRIGGER_KEY_TAKEN"
    # Faults that are not the caller's
    PUBLISH_FAILED = "PUBLISH_FAILED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL_ERROR = "INTERNAL_ERROR"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request.

    Attributes:
        field: Dotted path in the body, such as `tags[0]`, or the name of a parameter.
    """

    field: str
    message: str

    def to_json(self) -> dict[str, Json]:
        """Give the fault as responses show it."""
        return {"field": self.field, "message": self.message}


class ServiceError(Exception):
    """A request that is not carried out.

    Attributes:
        status: The HTTP status.
        details: What a program needs to know of it, as JSON.
    """

    status: ClassVar[int] = 500

    def __init__(self, code: ErrorCode, message: str, details: Mapping[str, Json] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: dict[str, Json] = dict(details or {})


class InvalidRequestError(ServiceError):
    """A request that makes no sense; `details.faults` lists everything that is wrong with it."""

    status = 400

    def __init__(self, faults: Iterable[Fault], code: ErrorCode = ErrorCode.INVALID_REQUEST, message: str = "") -> None:
        found = tuple(faults)
        self.faults = found
        told = message or "; ".join(
            f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in found
        )
        super().__init__(code, told, {"faults": [fault.to_json() for fault in found]})


class SignInError(ServiceError):
    """Nobody, or nobody known, asks."""

    status = 401


class ForbiddenError(ServiceError):
    """The caller may not do that."""

    status = 403


class NotFoundError(ServiceError):
    """There is no such thing in the caller's workspace."""

    status = 404


class ConflictError(ServiceError):
    """Somebody or something else was there first."""

    status = 409


class RevisionError(ConflictError):
    """Somebody saved meanwhile.

    Attributes:
        current, document: What was saved.
    """

    def __init__(self, current: Workflow, document: Json, seen: int) -> None:
        super().__init__(
            ErrorCode.REVISION_CONFLICT,
            f"expected workflow {current.id!r} at revision {seen}, found revision {current.revision}; "
            "bring your change into the current definition, and save it with the current revision",
            {"seen_revision": seen, "current_revision": current.revision},
        )
        self.current = current
        self.document = document


class PreconditionError(ServiceError):
    """The thing is not in a state in which that can be done."""

    status = 409


class GoneError(ServiceError):
    """It was there once, and will not be again."""

    status = 410


class InvalidDocumentError(ServiceError):
    """A workflow that does not compile; `details.diagnostics` lists everything that is wrong with it."""

    status = 422

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        found = tuple(diagnostics)
        errors = sum(diagnostic.is_error for diagnostic in found)
        super().__init__(
            ErrorCode.INVALID_DOCUMENT,
            f"expected a workflow that compiles, found {errors} error{'s' if errors != 1 else ''}",
            {"diagnostics": [diagnostic.to_json() for diagnostic in found]},
        )
        self.diagnostics = found


class RevisionRequiredError(ServiceError):
    """A save that does not say on which revision it was made could undo another's."""

    status = 428

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.REVISION_REQUIRED,
            "expected the revision that was changed, found none; give `revision`, or the header If-Match "
            "(`*` to save over whatever is there)",
        )


class UnavailableError(ServiceError):
    """Something that we need does not answer as it should; the same request may succeed later."""

    status = 503
