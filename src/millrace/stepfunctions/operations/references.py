"""What a state machine's ARN leads to: the machine, one of its versions, or by an alias to one of two versions."""

from dataclasses import dataclass

from millrace.stepfunctions import arns
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations.service import Service
from millrace.stepfunctions.records import AliasRecord, MachineRecord, Revision, VersionRecord


@dataclass(frozen=True, slots=True)
class Referred:
    """A machine, and the version and the alias by which it was named."""

    arn: str
    machine: MachineRecord
    version: VersionRecord | None = None
    alias: AliasRecord | None = None

    @property
    def revision(self) -> Revision:
        """What runs when this is started."""
        return self.machine.revision if self.version is None else self.version.revision

    def unqualified(self) -> MachineRecord:
        """Give the machine where only a machine itself will do.

        Raises:
            ApiError: StateMachineDoesNotExist, as AWS calls a version that is no machine.
        """
        if self.version is not None or self.alias is not None:
            raise missing(self.arn)
        return self.machine


def referred(service: Service, arn: str) -> Referred:
    """Find what an ARN refers to; an alias draws one of its versions by their weights.

    Raises:
        ApiError: InvalidArn, StateMachineDoesNotExist.
    """
    reference = arns.machine(arn)
    store = service.store
    machine = store.machine(reference.machine)
    if machine is None:
        raise missing(arn)
    if reference.version is not None:
        version = store.version(reference.version)
        if version is None:
            raise missing(arn)
        return Referred(arn, machine, version)
    if reference.alias is not None:
        alias = store.alias(reference.alias)
        if alias is None:
            raise missing(arn)
        drawn = service.random.choices(alias.routes, [route.weight for route in alias.routes])[0]
        return Referred(arn, machine, store.version(drawn.version), alias)
    return Referred(arn, machine)


def missing(arn: str) -> ApiError:
    """Make the error for a machine, version or alias that is not there."""
    return ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
