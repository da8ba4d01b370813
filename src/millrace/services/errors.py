"""What services refuse and fail with; functions/api turns each into one HTTP response.

ServiceError
|-- InvalidRequestError      400, lists every fault
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
from typing import ClassVar, Self

from millrace.model import Diagnostic, Json
from millrace.store.records import Workflow


class ErrorCode(StrEnum):
    """The API's error codes, which are stable, each with what it means.

    Attributes:
        meaning: One sentence for docs/api.md.
    """

    meaning: str

    def __new__(cls, code: str, meaning: str) -> Self:
        """Make a member that equals its code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    # The request itself
    MALFORMED_JSON = "MALFORMED_JSON", "The body is no JSON in UTF-8, or nests too deeply."
    INVALID_REQUEST = (
        "INVALID_REQUEST",
        "Parameters or members are missing, unknown or wrong; `faults` lists all of them.",
    )
    INVALID_CURSOR = "INVALID_CURSOR", "The cursor is not this list's; start again without one."
    INVALID_INPUTS = "INVALID_INPUTS", "The inputs do not fit the workflow's input node; `faults` lists everything."
    INVALID_ANSWER = (
        "INVALID_ANSWER",
        "The answer does not fit the question's form or options; `faults` lists everything.",
    )
    INVALID_DOCUMENT = (
        "INVALID_DOCUMENT",
        "The workflow does not compile; `diagnostics` lists everything, as validation does.",
    )
    REVISION_REQUIRED = "REVISION_REQUIRED", "A save names the revision that it was made on, by `revision` or If-Match."
    BODY_TOO_LARGE = "BODY_TOO_LARGE", "The body has more than 6 MB; `limit` and `size` are in bytes."
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE", "Bodies are JSON, with Content-Type: application/json."
    ROUTE_NOT_FOUND = "ROUTE_NOT_FOUND", "There is no such path."
    METHOD_NOT_ALLOWED = (
        "METHOD_NOT_ALLOWED",
        "The path is there, but not with that method; the header Allow lists what is.",
    )
    IDEMPOTENCY_KEY_REUSED = (
        "IDEMPOTENCY_KEY_REUSED",
        "The Idempotency-Key came with another request within the last 24 hours.",
    )
    IDEMPOTENCY_IN_PROGRESS = (
        "IDEMPOTENCY_IN_PROGRESS",
        "The request with that Idempotency-Key is still being carried out.",
    )
    # Who asks
    UNAUTHORIZED = "UNAUTHORIZED", "The request does not bring what proves who sends it."
    SIGN_IN_NOT_SET_UP = "SIGN_IN_NOT_SET_UP", "There is no sign-in here; every request is the local user's."
    # What is asked for
    WORKFLOW_NOT_FOUND = (
        "WORKFLOW_NOT_FOUND",
        "The workspace has no such workflow; `deleted_at` where it can be restored.",
    )
    VERSION_NOT_FOUND = "VERSION_NOT_FOUND", "The workflow has no such version."
    NODE_TYPE_NOT_FOUND = "NODE_TYPE_NOT_FOUND", "There is no such node type."
    NODE_NOT_FOUND = "NODE_NOT_FOUND", "The workflow has no such node."
    EXECUTION_NOT_FOUND = "EXECUTION_NOT_FOUND", "The workspace has no such execution."
    TRIGGER_NOT_FOUND = "TRIGGER_NOT_FOUND", "The workspace has no such trigger."
    # What stands against it
    REVISION_CONFLICT = (
        "REVISION_CONFLICT",
        "Somebody saved meanwhile; `current` and `definition` are what is there now.",
    )
    WORKFLOW_NOT_DELETED = "WORKFLOW_NOT_DELETED", "Only a deleted workflow can be restored."
    NOT_PUBLISHED = "NOT_PUBLISHED", "The workflow has no published version."
    PUBLISH_IN_PROGRESS = "PUBLISH_IN_PROGRESS", "The workflow is being published or rolled back by another request."
    EXECUTION_ENDED = "EXECUTION_ENDED", "The execution has ended."
    EXECUTION_NOT_PAUSED = "EXECUTION_NOT_PAUSED", "Only a paused execution can be resumed."
    EXECUTION_NOT_FAILED = "EXECUTION_NOT_FAILED", "Only an execution that failed or was cancelled can be tried again."
    EXECUTION_RUNNING = "EXECUTION_RUNNING", "The execution is still running."
    NOT_WAITING = "NOT_WAITING", "The node does not wait for an answer."
    ALREADY_ANSWERED = "ALREADY_ANSWERED", "Somebody else answered first, or time was up."
    TRIGGER_KEY_TAKEN = "TRIGGER_KEY_TAKEN", "Another webhook has the method and path."
    # Faults that are not the caller's
    EXECUTION_FAILED = "EXECUTION_FAILED", "The run that a webhook waited for has failed, or was cancelled."
    PUBLISH_FAILED = "PUBLISH_FAILED", "Step Functions refused `step`; what was live before still is."
    UNAVAILABLE = "UNAVAILABLE", "Something that is needed does not answer; the same request may succeed in a moment."
    INTERNAL_ERROR = "INTERNAL_ERROR", "A fault on our side; quote `request_id` when you report it."


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
