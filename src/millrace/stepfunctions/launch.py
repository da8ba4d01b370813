"""How executions come to be: what is launched, and the loaded machines that they run."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from millrace.engine.context import ExecutionInfo
from millrace.engine.definition import StateMachine
from millrace.engine.parsing import load
from millrace.engine.payload import Payload
from millrace.model.ids import StateName
from millrace.stepfunctions.arns import label_of
from millrace.stepfunctions.records import (
    AliasArn,
    ExecutionArn,
    ExecutionRecord,
    MachineArn,
    MachineRecord,
    Revision,
    RevisionId,
    VersionArn,
)

# How many loaded definitions are kept.
MACHINE_LIMIT: Final = 1_000

_Key: TypeAlias = tuple[MachineArn, RevisionId, float, StateName | None]


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


class Machines:
    """Loaded definitions, the latest used ones."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[_Key, StateMachine] = OrderedDict()

    def load(self, machine: MachineArn, revision: Revision, start_at: StateName | None = None) -> StateMachine:
        """Give a revision's machine.

        Args:
            machine: Whose.
            revision: What.
            start_at: The first state of a Map Run's child, for which the Map's processor is a machine.
        """
        # A machine that is made again has its first revision's id again.
        key = (machine, revision.id, revision.created, start_at)
        loaded = self._loaded.get(key)
        if loaded is not None:
            self._loaded.move_to_end(key)
            return loaded
        if start_at is None:
            loaded = load(revision.definition)
        else:
            loaded = replace(self.load(machine, revision), start_at=start_at, timeout=None)
        self._loaded[key] = loaded
        if len(self._loaded) > MACHINE_LIMIT:
            self._loaded.popitem(last=False)
        return loaded


def info_of(record: ExecutionRecord, revision: Revision) -> ExecutionInfo:
    """Tell an interpreter who its execution is."""
    _, _, _, region, account, _, machine, *_ = record.machine.split(":")
    return ExecutionInfo(
        name=record.name,
        machine=machine if record.map_run is None else f"{machine}/{label_of(record.map_run)}",
        type=record.type,
        region=region,
        account=account,
        role=revision.role,
        redrives=record.redrives,
        arn=record.arn,
    )
