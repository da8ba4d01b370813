"""How the failures of calls read in an execution.

Recorded behaviour: `aws-sdk` tasks name the service and the error as AWS's SDK for Java 2 does and word the cause as it
does; optimised integrations follow its predecessor.
"""

import json
from dataclasses import dataclass

from millrace.engine import TaskFailure
from millrace.engine.errors import RUNTIME
from millrace.integrations import naming
from millrace.integrations.errors import ArgumentsError, ClientError, IntegrationError, ServiceAnswer, ServiceError
from millrace.model.json import Json

_NO_ANSWER = "SdkClientException"


@dataclass(frozen=True, slots=True)
class SdkFailures:
    """The failures of `aws-sdk` tasks.

    Attributes:
        service: The service as errors name it ("DynamoDb").
    """

    service: str

    def failure(self, error: IntegrationError, arguments: Json) -> TaskFailure:
        """Make an error the task's failure."""
        if isinstance(error, ServiceError):
            answer = error.answer
            name = naming.exception(answer.shape) if answer.shape else f"{self.service}Exception"
            extended = f", Extended Request ID: {answer.extended_request}" if answer.extended_request else ""
            cause = (
                f"{answer.message} (Service: {self.service}, Status Code: {answer.status}, "
                f"Request ID: {answer.request}{extended}) (SDK Attempt Count: 1)"
            )
            return TaskFailure(f"{self.service}.{name}", cause)
        return _other(error, self.service, arguments)


@dataclass(frozen=True, slots=True)
class OptimisedFailures:
    """The failures of optimised integrations.

    Attributes:
        service: The service as errors name it ("DynamoDB").
        product: The service as causes name it ("AmazonDynamoDBv2").
        generic: The error for codes that the service's model does not list ("AmazonDynamoDBException").
    """

    service: str
    product: str
    generic: str

    def failure(self, error: IntegrationError, arguments: Json) -> TaskFailure:
        """Make an error the task's failure."""
        if isinstance(error, ServiceError):
            answer = error.answer
            name = naming.exception(answer.shape) if answer.shape else self.generic
            cause = (
                f"{answer.message} (Service: {self.product}; Status Code: {answer.status}; "
                f"Error Code: {answer.code}; Request ID: {answer.request}; Proxy: null)"
            )
            return TaskFailure(f"{self.service}.{name}", cause)
        return _other(error, self.service, arguments)


def absent(member: str, request: str, *, query: bool) -> ServiceAnswer:
    """Give what a service says of a call without a required member.

    Stand-ins for AWS seldom check this, and botocore would refuse in words of its own.
    """
    if query:
        message = f"The request must contain the parameter {member}."
        return ServiceAnswer("MissingParameter", None, message, 400, request)
    message = (
        f"1 validation error detected: Value null at '{naming.uncapitalized(member)}' failed to satisfy constraint: "
        "Member must not be null"
    )
    return ServiceAnswer("ValidationException", None, message, 400, request)


def _other(error: IntegrationError, service: str, arguments: Json) -> TaskFailure:
    match error:
        case ArgumentsError():
            given = json.dumps(arguments, separators=(",", ":"), ensure_ascii=False)
            return TaskFailure(RUNTIME, f"The Parameters '{given}' could not be used to start the Task: [{error}]")
        case ClientError():
            return TaskFailure(f"{service}.{_NO_ANSWER}", str(error))
        case _:
            return TaskFailure(RUNTIME, str(error))
