"""Published versions of state machines."""

from collections.abc import Sequence
from typing import Any

from millrace.stepfunctions import arns
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations.pages import page_answer, page_request
from millrace.stepfunctions.operations.references import deleting, referred
from millrace.stepfunctions.operations.service import Service
from millrace.stepfunctions.records import AliasRecord, MachineRecord, VersionArn, VersionRecord
from millrace.stepfunctions.store.port import Change, PageRequest


async def publish_state_machine_version(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Publish the current revision, once."""
    reference = arns.machine(parameters["stateMachineArn"])
    async with service.alone_with(reference.machine):
        machine = referred(service, parameters["stateMachineArn"]).unqualified()
        if machine.arn in service.deleting:
            raise deleting(machine.arn)
        asked, current = parameters.get("revisionId"), machine.revision.id
        if asked is not None and asked != current:
            raise ApiError(
                "ConflictException",
                f"Failed to publish the State Machine version for revision {asked}. "
                f"The current State Machine revision is {current}.",
            )
        version, changes = publish(service, machine, parameters.get("description"))
        if changes:
            await service.store.commit(changes)
    return {"creationDate": version.created, "stateMachineVersionArn": version.arn}


async def list_state_machine_versions(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """List a machine's versions, newest first."""
    arn = parameters["stateMachineArn"]
    reference = arns.machine(arn)
    if reference.qualifier or service.store.machine(reference.machine) is None:
        raise arns.invalid(arn)
    return page_answer(
        "stateMachineVersions", service.store.versions(reference.machine, page_request(parameters)), _item
    )


async def delete_state_machine_version(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Delete a version that no alias routes to."""
    reference = arns.machine(parameters["stateMachineVersionArn"])
    arn = reference.version
    if arn is None:
        raise arns.invalid(parameters["stateMachineVersionArn"])
    async with service.alone_with(reference.machine):
        if service.store.version(arn) is None:
            return {}
        aliases = _aliases_of(service, reference, arn)
        if aliases:
            raise ApiError(
                "ConflictException",
                "Version to be deleted must not be referenced by an alias. "
                f"Current list of aliases referencing this version: [{', '.join(alias.name for alias in aliases)}]",
            )
        await service.store.commit(service.store.delete_version(arn))
    return {}


def publish(
    service: Service, machine: MachineRecord, description: str | None
) -> tuple[VersionRecord, Sequence[Change]]:
    """Make a version of a machine's current revision; one that was published already is given without changes."""
    latest = service.store.latest_version(machine.arn)
    if latest is not None and latest.revision.id == machine.revision.id:
        return latest, ()
    number = service.store.next_version_number(machine.arn)
    version = VersionRecord(
        arn=VersionArn(f"{machine.arn}:{number}"),
        machine=machine.arn,
        number=number,
        revision=machine.revision,
        created=service.now(),
        description=description or "",
    )
    return version, service.store.put_version(version)


def _aliases_of(service: Service, reference: arns.MachineReference, version: VersionArn) -> Sequence[AliasRecord]:
    return service.store.aliases(reference.machine, version, PageRequest()).records


def _item(version: VersionRecord) -> dict[str, Any]:
    return {"stateMachineVersionArn": version.arn, "creationDate": version.created}
