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


def referred(service: Service, arn: str, *, draw: bool = False) -> Referred:
    """Find what an ARN refers to.

    Args:
        service: Where it is looked for.
        arn: That of a machine, a version or an alias.
        draw: Let an alias draw one of its versions by their weights; without, it is the one with the most weight.

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
        route = max(alias.routes, key=lambda route: route.weight)
        if draw:
            route = service.random.choices(alias.routes, [route.weight for route in alias.routes])[0]
        return Referred(arn, machine, store.version(route.version), alias)
    return Referred(arn, machine)


def deleting(arn: str) -> ApiError:
    """Make the error for a machine whose executions are being stopped, before it is gone."""
    return ApiError("StateMachineDeleting", f"State Machine is being deleted: '{arn}'")


def missing(arn: str) -> ApiError:
    """Make the error for a machine, version or alias that is not there."""
    return ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
