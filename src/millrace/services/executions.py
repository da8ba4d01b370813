"""Step Functions executions, as far as runs need them: start, look at, stop, redrive, and end a waiting task."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from botocore.exceptions import BotoCoreError, ClientError

from millrace.model import Json
from millrace.services.errors import ErrorCode, Fault, InvalidRequestError, ServiceError, UnavailableError
from millrace.services.moments import written

PAUSED: Final = "Paused"
CANCELLED: Final = "Cancelled"
"""Causes of StopExecution, by which the end of an execution says whether its run is paused or cancelled."""

INPUT_LIMIT: Final = 262_144
"""Bytes of an execution's input (Step Functions quotas, "Quotas related to state machine executions")."""

_OVER: Final = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
_REFUSED: Final = frozenset({"InvalidExecutionInput", "InvalidOutput", "InvalidName"})


class TaskOverError(Exception):
    """The task of a token has ended: by another answer, by its time limit, or with its execution."""


class NotRedrivableError(Exception):
    """An execution cannot be redriven; the text is Step Functions' reason."""


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution as Step Functions describes it.

    Attributes:
        status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE.
        reason: Why it cannot be redriven.
        stopped: When it ended; None while it runs.
    """

    status: str
    output: Json = None
    error: str | None = None
    cause: str | None = None
    redrivable: bool = False
    reason: str = ""
    stopped: str | None = None

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.status in ("RUNNING", "PENDING_REDRIVE")

    @property
    def is_paused(self) -> bool:
        """Whether it was stopped to go on later."""
        return self.status == "ABORTED" and self.cause == PAUSED


class Executions:
    """Calls Step Functions.

    Args:
        client: boto3's client of `stepfunctions`.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def start(self, machine: str, name: str, given: Json) -> str | None:
        """Start an execution; a second start of the same name is harmless.

        Args:
            machine: The ARN of a state machine, a version or an alias.
            name: The execution's name.
            given: Its input.

        Returns:
            The execution's ARN; None where one of that name has been started before, and has ended.

        Raises:
            InvalidRequestError: The input is too large.
            UnavailableError: Step Functions does not answer.
        """
        text = json.dumps(given, separators=(",", ":"), ensure_ascii=False)
        size = len(text.encode())
        if size > INPUT_LIMIT:
            raise InvalidRequestError(
                [Fault("inputs", f"expected at most {INPUT_LIMIT:,} bytes, found {size:,}; pass large data as a file")],
                ErrorCode.INVALID_INPUTS,
            )
        try:
            answer = self._call(self._client.start_execution, stateMachineArn=machine, name=name, input=text)
        except ClientError as error:
            if _code(error) == "ExecutionAlreadyExists":
                return None
            raise _failure(error) from error
        return str(answer["executionArn"])

    def run(self, machine: str, name: str, given: Json) -> tuple[str, Execution]:
        """Run an Express execution to its end; gives its ARN, too."""
        text = json.dumps(given, separators=(",", ":"), ensure_ascii=False)
        try:
            answer = self._call(self._client.start_sync_execution, stateMachineArn=machine, name=name, input=text)
        except ClientError as error:
            raise _failure(error) from error
        return str(answer["executionArn"]), _execution(answer)

    def describe(self, execution: str) -> Execution | None:
        """Describe an execution; None where there is none."""
        try:
            answer = self._call(self._client.describe_execution, executionArn=execution)
        except ClientError as error:
            if _code(error) == "ExecutionDoesNotExist":
                return None
            raise _failure(error) from error
        return _execution(answer)

    def stop(self, execution: str, cause: str) -> None:
        """End an execution; one that has ended keeps its end."""
        try:
            self._call(self._client.stop_execution, executionArn=execution, error=cause, cause=cause)
        except ClientError as error:
            if _code(error) != "ExecutionDoesNotExist":
                raise _failure(error) from error

    def redrive(self, execution: str) -> None:
        """Let an execution go on from where it ended.

        Raises:
            NotRedrivableError: It cannot.
        """
        try:
            self._call(self._client.redrive_execution, executionArn=execution)
        except ClientError as error:
            if _code(error) in ("ExecutionNotRedrivable", "ExecutionDoesNotExist"):
                raise NotRedrivableError(_message(error)) from error
            raise _failure(error) from error

    def answer(self, token: str, output: Json) -> None:
        """End a waiting task with its output.

        Raises:
            TaskOverError: It has ended already.
        """
        try:
            self._call(self._client.send_task_success, taskToken=token, output=json.dumps(output, ensure_ascii=False))
        except ClientError as error:
            if _code(error) in _OVER:
                raise TaskOverError(_message(error)) from error
            raise _failure(error) from error

    def _call(self, operation: Callable[..., Any], **parameters: str) -> Mapping[str, Any]:
        try:
            return cast("Mapping[str, Any]", operation(**parameters))
        except BotoCoreError as error:
            raise UnavailableError(
                ErrorCode.UNAVAILABLE, f"expected Step Functions to answer, found: {error}; try again"
            ) from error


def _execution(answer: Mapping[str, Any]) -> Execution:
    stopped: datetime | None = answer.get("stopDate")
    return Execution(
        status=str(answer["status"]),
        output=json.loads(answer["output"]) if answer.get("output") else None,
        error=answer.get("error"),
        cause=answer.get("cause"),
        redrivable=answer.get("redriveStatus") == "REDRIVABLE",
        reason=str(answer.get("redriveStatusReason", "")),
        stopped=written(stopped.timestamp()) if stopped is not None else None,
    )


def _failure(error: ClientError) -> ServiceError:
    if _code(error) in _REFUSED:
        return InvalidRequestError([Fault("", _message(error))])
    return UnavailableError(
        ErrorCode.UNAVAILABLE,
        f"expected Step Functions to carry out the request, found {_code(error)}: {_message(error)}; try again",
    )


def _code(error: ClientError) -> str:
    return str(cast("Any", error).response["Error"]["Code"])


def _message(error: ClientError) -> str:
    return str(cast("Any", error).response["Error"].get("Message", ""))
