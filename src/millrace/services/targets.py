"""What EventBridge and EventBridge Scheduler call when a trigger is due: functions/trigger."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from millrace.services.errors import ErrorCode, Fault, InvalidRequestError, UnavailableError
from millrace.services.pacing import error_code, error_message


@dataclass(frozen=True, slots=True)
class Targets:
    """Names of what a stage calls; template.yaml gives the same.

    Attributes:
        prefix: Begins the name of everything that belongs to the stage.
        function: ARN of functions/trigger.
        scheduler_role: ARN of the role by which EventBridge Scheduler invokes it.
    """

    prefix: str
    function: str
    scheduler_role: str


def targets_of(stage: str, run_role: str, region: str) -> Targets:
    """Give a stage's targets, in the account and the partition of the role that workflows run as."""
    _, partition, _, _, account, *_ = run_role.split(":")
    prefix = f"millrace-{stage}"
    return Targets(
        prefix=prefix,
        function=f"arn:{partition}:lambda:{region}:{account}:function:{prefix}-trigger",
        scheduler_role=f"arn:{partition}:iam::{account}:role/{prefix}-scheduler",
    )


def call(operation: Callable[..., Any], **parameters: Any) -> Any:
    """Call an operation of EventBridge or its Scheduler; None where what it is about does not exist.

    Raises:
        InvalidRequestError: It refuses what a trigger's config says.
        UnavailableError: It does not answer, or fails.
    """
    try:
        return operation(**parameters)
    except ClientError as error:
        code = error_code(error)
        if code == "ResourceNotFoundException":
            return None
        if code in ("ValidationException", "InvalidEventPatternException"):
            raise InvalidRequestError([Fault("config", error_message(error))]) from error
        raise UnavailableError(
            ErrorCode.UNAVAILABLE,
            f"expected EventBridge to carry out the change, found {code}: {error_message(error)}; try again",
        ) from error
    except BotoCoreError as error:
        raise UnavailableError(
            ErrorCode.UNAVAILABLE, f"expected EventBridge to answer, found: {error}; try again"
        ) from error
