"""The context object: what $states.context holds.

Source: AWS Step Functions Developer Guide, "Accessing execution data from the Context object".
"""

import datetime as dt
from dataclasses import dataclass

from millrace.engine.definition import ExecutionType
from millrace.model.ids import StateName
from millrace.model.json import Json

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class ExecutionInfo:
    """Who an execution is.

    Attributes:
        name: The execution's name, unique for the machine.
        machine: The state machine's name.
        type: Standard executions have a limit of history events.
        role: The ARN of the role that it runs with.
        redrives: How often it was redriven.
        arn: Its ARN, where that does not follow from the names: those of Express executions, and of a Map Run's.
    """

    name: str
    machine: str = "workflow"
    type: ExecutionType = ExecutionType.STANDARD
    region: str = DEFAULT_REGION
    account: str = DEFAULT_ACCOUNT
    role: str = f"arn:aws:iam::{DEFAULT_ACCOUNT}:role/millrace"
    redrives: int = 0
    arn: str = ""

    @property
    def id(self) -> str:
        """The execution's ARN."""
        return self.arn or f"arn:aws:states:{self.region}:{self.account}:execution:{self.machine}:{self.name}"

    @property
    def machine_arn(self) -> str:
        """The state machine's ARN."""
        return f"arn:aws:states:{self.region}:{self.account}:stateMachine:{self.machine}"


@dataclass(frozen=True, slots=True)
class MapItem:
    """The item that a Map's iteration works on.

    Attributes:
        key: The item's name, when the items are the members of an object.
    """

    index: int
    value: Json
    key: str | None = None

    @property
    def input(self) -> Json:
        """What an iteration gets that no ItemSelector makes an input for."""
        return self.value if self.key is None else {"Key": self.key, "Value": self.value}


def context_object(
    info: ExecutionInfo,
    *,
    input: Json,  # noqa: A002 - the member's name
    started: float,
    state: StateName,
    entered: float,
    retries: int | None,
    token: str | None,
    item: MapItem | None,
) -> Json:
    """Make the context object for one state.

    Args:
        info: The execution.
        input: Its input.
        started: When it started, in seconds since the epoch.
        state: The state.
        entered: When it was entered, in seconds since the epoch.
        retries: None for the types of state that cannot retry.
        token: The task's token, in a Task that waits for it.
        item: The innermost Map's item.
    """
    state_member: dict[str, Json] = {"Name": state, "EnteredTime": timestamp(entered)}
    if retries is not None:
        state_member["RetryCount"] = retries
    context: dict[str, Json] = {
        "Execution": {
            "Id": info.id,
            "Input": input,
            "StartTime": timestamp(started),
            "Name": info.name,
            "RoleArn": info.role,
            "RedriveCount": info.redrives,
        },
        "StateMachine": {"Id": info.machine_arn, "Name": info.machine},
        "State": state_member,
    }
    if token is not None:
        context["Task"] = {"Token": token}
    if item is not None:
        context.update(map_member(item))
    return context


def map_member(item: MapItem) -> dict[str, Json]:
    """Make the context object's member for a Map's item."""
    key: dict[str, Json] = {} if item.key is None else {"Key": item.key}
    return {"Map": {"Item": {"Index": item.index, **key, "Value": item.value}}}


def timestamp(seconds: float) -> str:
    """Write seconds since the epoch as the context object does: UTC, with milliseconds."""
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
