"""What can go wrong in an integration, before it becomes the failure of a task.

IntegrationError
|-- ServiceError     a service answered with an error
|-- ClientError      no answer came: no connection, no credentials, an endpoint that cannot be known
|-- ArgumentsError   the task's arguments do not fit the action
|-- UnknownAction    there is no such service, or it has no such action
`-- ApiError         the engine's own API refuses a call
"""

from dataclasses import dataclass


class IntegrationError(Exception):
    """The root of the integrations' errors."""


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What an AWS service says of a call that it refused.

    Attributes:
        code: The error code as the service sent it ("ResourceNotFoundException", "NotFound").
        shape: The name of the error in the service's model; None for a code that the model does not list.
        status: The HTTP status.
        extended_request: S3's second request id; empty elsewhere.
    """

    code: str
    shape: str | None
    message: str
    status: int
    request: str
    extended_request: str = ""


class ServiceError(IntegrationError):
    """A service answered with an error."""

    def __init__(self, answer: ServiceAnswer) -> None:
        self.answer = answer
        super().__init__(f"{answer.code}: {answer.message}")


class ClientError(IntegrationError):
    """No answer came from a service."""


class ArgumentsError(IntegrationError):
    """The task's arguments do not fit the action."""


class UnknownAction(IntegrationError):  # noqa: N818 - the field's term; "UnknownActionError" would be another error's name
    """There is no such service, or it has no such action."""


class ApiError(IntegrationError):
    """The engine's own API refuses a call.

    Args:
        code: The error's name in the API ("InvalidToken", "ExecutionAlreadyExists").
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")
