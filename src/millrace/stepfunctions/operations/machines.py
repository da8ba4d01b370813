"""State machines: create, update, delete, describe, list.

Source: AWS Step Functions API Reference; wordings of errors as AWS gives them.
"""

import asyncio
import uuid
from dataclasses import replace
from typing import Any, Final, cast

import orjson

from millrace.engine.definition import ExecutionType
from millrace.engine.messages import Status
from millrace.stepfunctions import arns
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations.configurations import (
    check_role,
    encryption_of,
    logging_of,
    tracing_of,
)
from millrace.stepfunctions.operations.definitions import check_definition
from millrace.stepfunctions.operations.pages import page_answer, page_request
from millrace.stepfunctions.operations.references import deleting, referred
from millrace.stepfunctions.operations.service import Service
from millrace.stepfunctions.operations.tags import initial_tags
from millrace.stepfunctions.operations.variable_references import variable_references
from millrace.stepfunctions.operations.versions import publish
from millrace.stepfunctions.records import MachineArn, MachineRecord, Revision, RevisionId, VersionRecord
from millrace.stepfunctions.store.port import ExecutionFilter, PageRequest

INITIAL: Final = "INITIAL"
_STOP_BATCH: Final = 500


async def create_state_machine(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Create a machine, or answer as before when it exists as asked for."""
    name = parameters["name"]
    publishes = _publishes(parameters)
    arns.check_name(name)
    check_role(parameters["roleArn"])
    tags = initial_tags(parameters.get("tags"))
    type_ = ExecutionType(parameters.get("type") or ExecutionType.STANDARD)
    now = service.now()
    arn = service.arns.machine(name)
    revision = Revision(
        id=RevisionId(INITIAL),
        definition=parameters["definition"],
        role=parameters["roleArn"],
        logging=logging_of(parameters.get("loggingConfiguration")),
        tracing=tracing_of(parameters.get("tracingConfiguration")),
        encryption=encryption_of(parameters.get("encryptionConfiguration")),
        created=now,
    )
    async with service.alone_with(arn):
        existing = service.store.machine(arn)
        if existing is not None:
            return _created_before(service, existing, type_, revision, parameters)
        check_definition(revision.definition, type_)
        if service.store.revision(arn, revision.id) is not None:
            # Executions of a deleted machine of this name still name its first revision.
            revision = replace(revision, id=RevisionId(f"{INITIAL}-{uuid.uuid4().hex[:8]}"))
        machine = MachineRecord(arn, name, type_, now, revision)
        changes = [*service.store.put_machine(machine)]
        if tags:
            changes += service.store.put_tags(arn, tags)
        answer: dict[str, Any] = {"stateMachineArn": arn, "creationDate": now}
        if publishes:
            version, more = publish(service, machine, parameters.get("versionDescription"))
            changes += more
            answer["stateMachineVersionArn"] = version.arn
        await service.store.commit(changes)
    return answer


async def update_state_machine(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Give a machine a new current revision; one that changes nothing keeps the current."""
    machine_arn = arns.machine(parameters["stateMachineArn"]).machine
    publishes = _publishes(parameters)
    given = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
    if all(parameters.get(name) is None for name in given):
        raise ApiError(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, "
            "or the TracingConfiguration must be specified",
        )
    async with service.alone_with(machine_arn):
        machine = referred(service, parameters["stateMachineArn"]).unqualified()
        if machine_arn in service.deleting:
            raise deleting(machine_arn)
        now = service.now()
        revision = _updated(machine.revision, parameters)
        if revision != machine.revision:
            if revision.definition != machine.revision.definition:
                check_definition(revision.definition, machine.type)
            revision = replace(revision, id=RevisionId(str(uuid.uuid4())), created=now)
            machine = replace(machine, revision=revision)
            changes = [*service.store.put_machine(machine)]
        else:
            changes = []
        answer: dict[str, Any] = {"updateDate": now}
        if not is_initial(revision):
            answer["revisionId"] = revision.id
        if publishes:
            version, more = publish(service, machine, parameters.get("versionDescription"))
            changes += more
            answer["stateMachineVersionArn"] = version.arn
        if changes:
            await service.store.commit(changes)
    return answer


async def delete_state_machine(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Delete a machine with its versions and aliases, after its running executions were stopped."""
    reference = arns.machine(parameters["stateMachineArn"])
    arn = reference.machine
    if reference.qualifier or reference.label:
        raise _qualified(parameters["stateMachineArn"])
    if service.store.machine(arn) is None or arn in service.deleting:
        return {}
    service.deleting.add(arn)
    try:
        await _stop_executions(service, arn)
        async with service.alone_with(arn):
            await service.store.commit(service.store.delete_machine(arn))
    finally:
        service.deleting.discard(arn)
    return {}


async def describe_state_machine(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Describe a machine, or one of its versions."""
    if arns.machine(parameters["stateMachineArn"]).label:
        raise _qualified(parameters["stateMachineArn"])
    target = referred(service, parameters["stateMachineArn"])
    machine, version = target.machine, target.version
    answer: dict[str, Any] = {
        "stateMachineArn": machine.arn if version is None else version.arn,
        "name": machine.name,
        "status": "DELETING" if machine.arn in service.deleting else "ACTIVE",
        "type": machine.type.value,
        "creationDate": machine.created if version is None else version.created,
        **settings_of(target.revision, parameters.get("includedData")),
    }
    if version is not None and version.description:
        answer["description"] = version.description
    return answer


async def list_state_machines(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """List the machines."""
    return page_answer("stateMachines", service.store.machines(page_request(parameters)), _item)


def settings_of(revision: Revision, included: str | None) -> dict[str, Any]:
    """Write what a revision holds, as the Describe operations show it."""
    complete = included != "METADATA_ONLY"
    answer: dict[str, Any] = {
        "definition": revision.definition if complete else "{}",
        "roleArn": revision.role,
        "loggingConfiguration": revision.logging,
        "tracingConfiguration": revision.tracing,
        "encryptionConfiguration": revision.encryption,
    }
    if not is_initial(revision):
        answer["revisionId"] = revision.id
    references = variable_references(revision.definition) if complete else {}
    if references:
        answer["variableReferences"] = references
    return answer


def is_initial(revision: Revision) -> bool:
    """Tell whether a revision is its machine's first; AWS does not show that one's id."""
    return revision.id.startswith(INITIAL)


def _item(machine: MachineRecord) -> dict[str, Any]:
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "type": machine.type.value,
        "creationDate": machine.created,
    }


def _publishes(parameters: dict[str, Any]) -> bool:
    publishes = bool(parameters.get("publish"))
    if not publishes and parameters.get("versionDescription"):
        raise ApiError("ValidationException", "Version description can only be set when publish is true")
    return publishes


def _created_before(
    service: Service, existing: MachineRecord, type_: ExecutionType, asked: Revision, parameters: dict[str, Any]
) -> dict[str, Any]:
    """Answer a repeated creation; the role and the tags may differ, and are ignored then."""
    if existing.arn in service.deleting:
        raise deleting(existing.arn)
    current = existing.revision
    asked = replace(asked, id=current.id, role=current.role, created=current.created)
    version: VersionRecord | None = None
    if parameters.get("publish"):
        version = service.store.latest_version(existing.arn)
        same = version is not None and version.revision.id == current.id
        same = same and version is not None and version.description == (parameters.get("versionDescription") or "")
    else:
        same = True
    if not same or existing.type is not type_ or asked != current:
        raise ApiError("StateMachineAlreadyExists", f"State Machine Already Exists: '{existing.arn}'")
    answer: dict[str, Any] = {"stateMachineArn": existing.arn, "creationDate": existing.created}
    if version is not None:
        answer["stateMachineVersionArn"] = version.arn
    return answer


def _updated(current: Revision, parameters: dict[str, Any]) -> Revision:
    """Apply an update; a definition that differs in white space only changes nothing."""
    revision = current
    definition = cast("str | None", parameters.get("definition"))
    if definition is not None and not _same_json(definition, current.definition):
        revision = replace(revision, definition=definition)
    if parameters.get("roleArn") is not None:
        check_role(parameters["roleArn"])
        revision = replace(revision, role=parameters["roleArn"])
    if parameters.get("loggingConfiguration") is not None:
        revision = replace(revision, logging=logging_of(parameters["loggingConfiguration"]))
    if parameters.get("tracingConfiguration") is not None:
        revision = replace(revision, tracing=tracing_of(parameters["tracingConfiguration"]))
    if parameters.get("encryptionConfiguration") is not None:
        revision = replace(revision, encryption=encryption_of(parameters["encryptionConfiguration"]))
    return revision


def _same_json(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return orjson.loads(one) == orjson.loads(other)
    except orjson.JSONDecodeError:
        return False


async def _stop_executions(service: Service, arn: MachineArn) -> None:
    """Stop what runs, page by page until nothing is left."""
    filter_ = ExecutionFilter(machine=arn, status=Status.RUNNING)
    while running := service.store.executions(filter_, PageRequest(_STOP_BATCH)).records:
        ended = await asyncio.gather(*(service.executions.stop(one.arn, None, None) for one in running))
        if all(one.status is Status.RUNNING for one in ended):
            return


def _qualified(arn: str) -> ApiError:
    return ApiError(
        "ValidationException",
        f"State machine ARN must not refer to a version, an alias or a Distributed Map state: '{arn}'",
    )
