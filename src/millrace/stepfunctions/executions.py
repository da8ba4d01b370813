"""Executions: those that run live here, on one event loop, and nothing of them is seen before it is committed."""

from dataclasses import dataclass

from millrace.engine.messages import TaskFailed, TaskHeartbeat, TaskSucceeded
from millrace.engine.payload import Payload
from millrace.stepfunctions.records import (
    ActivityArn,
    AliasArn,
    ExecutionArn,
    ExecutionRecord,
    MachineRecord,
    Revision,
    VersionArn,
)


@dataclass(frozen=True, slots=True)
class Launch:
    """What is needed to start an execution.

    Attributes:
        arn: The execution's; of an Express one with the number that makes it unique.
        revision: What runs: the machine's current one, or that of the version or alias that was named.
    """

    arn: ExecutionArn
    name: str
    machine: MachineRecord
    revision: Revision
    input: Payload
    version: VersionArn | None = None
    alias: AliasArn | None = None
    trace_header: str | None = None


@dataclass(frozen=True, slots=True)
class ActivityTask:
    """A task that a worker got."""

    token: str
    input: str


class Executions:
    """The executions that run, and the way to all others."""

    def execution(self, arn: ExecutionArn) -> ExecutionRecord | None:
        """Describe an execution, as of its last commit; one that is about to be committed for the first time counts."""
        raise NotImplementedError

    async def start(self, launch: Launch) -> ExecutionRecord:
        """Start an execution; it is durable when this returns."""
        raise NotImplementedError

    async def run(self, launch: Launch) -> ExecutionRecord:
        """Run an Express execution to its end, in memory only."""
        raise NotImplementedError

    async def stop(self, arn: ExecutionArn, error: str | None, cause: str | None) -> ExecutionRecord:
        """End an execution from outside; one that has ended is left as it is."""
        raise NotImplementedError

    async def redrive(self, arn: ExecutionArn) -> ExecutionRecord:
        """Go on with an execution that failed, from the states that failed."""
        raise NotImplementedError

    async def ended(self, arn: ExecutionArn) -> ExecutionRecord:
        """Wait for an execution's end."""
        raise NotImplementedError

    async def send(self, message: TaskSucceeded | TaskFailed | TaskHeartbeat) -> None:
        """Hand an outcome or a heartbeat to the task that holds the token.

        Raises:
            TaskTokenError: No running task holds it.
        """
        raise NotImplementedError

    async def activity_task(self, activity: ActivityArn, worker: str | None, wait: float) -> ActivityTask | None:
        """Take a task of an activity, waiting at most `wait` seconds for one."""
        raise NotImplementedError
