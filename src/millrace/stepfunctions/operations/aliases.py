"""Aliases: names of one version, or of two that share the starts by weight."""

from dataclasses import replace
from typing import Any

import orjson

from millrace.stepfunctions import arns
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations.pages import page_answer, page_request
from millrace.stepfunctions.operations.service import Service
from millrace.stepfunctions.records import AliasArn, AliasRecord, MachineArn, Route, VersionArn


async def create_state_machine_alias(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Create an alias, or answer as before when it exists as asked for."""
    routes = _routes(parameters["routingConfiguration"])
    machine = _machine_of(routes)
    name, description = parameters["name"], parameters.get("description") or ""
    arn = AliasArn(f"{machine}:{name}")
    async with service.alone_with(machine):
        _check_versions(service, routes)
        existing = service.store.alias(arn)
        if existing is not None:
            if (existing.routes, existing.description) != (routes, description):
                raise ApiError(
                    "ConflictException",
                    "Failed to create alias because an alias with the same name and a "
                    "different routing configuration already exists.",
                )
            return {"stateMachineAliasArn": arn, "creationDate": existing.created}
        now = service.now()
        alias = AliasRecord(arn, machine, name, routes, now, now, description)
        await service.store.commit(service.store.put_alias(alias))
    return {"stateMachineAliasArn": arn, "creationDate": now}


async def update_state_machine_alias(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Change where an alias leads, or its description."""
    arn = parameters["stateMachineAliasArn"]
    alias_arn, machine = _alias_arn(arn)
    description, configuration = parameters.get("description"), parameters.get("routingConfiguration")
    if description is None and configuration is None:
        raise ApiError(
            "MissingRequiredParameter", "Either the description or the RoutingConfiguration must be specified"
        )
    async with service.alone_with(machine):
        alias = _existing(service, alias_arn)
        if configuration is not None:
            routes = _routes(configuration)
            _check_versions(service, routes)
            if _machine_of(routes) != machine:
                raise ApiError(
                    "ValidationException",
                    "Routing configuration must contain versions of the alias's state machine. "
                    f"Received: {_list(routes)}",
                )
            alias = replace(alias, routes=routes)
        if description is not None:
            alias = replace(alias, description=description)
        alias = replace(alias, updated=service.now())
        await service.store.commit(service.store.put_alias(alias))
    return {"updateDate": alias.updated}


async def delete_state_machine_alias(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Delete an alias; one that does not exist is as good as deleted."""
    alias_arn, machine = _alias_arn(parameters["stateMachineAliasArn"])
    async with service.alone_with(machine):
        if service.store.alias(alias_arn) is not None:
            await service.store.commit(service.store.delete_alias(alias_arn))
    return {}


async def describe_state_machine_alias(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Describe an alias."""
    alias_arn, _ = _alias_arn(parameters["stateMachineAliasArn"])
    alias = _existing(service, alias_arn)
    answer: dict[str, Any] = {
        "stateMachineAliasArn": alias.arn,
        "name": alias.name,
        "routingConfiguration": [
            {"stateMachineVersionArn": route.version, "weight": route.weight} for route in alias.routes
        ],
        "creationDate": alias.created,
        "updateDate": alias.updated,
    }
    if alias.description:
        answer["description"] = alias.description
    return answer


async def list_state_machine_aliases(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """List a machine's aliases, or those that route to a version."""
    arn = parameters["stateMachineArn"]
    reference = arns.machine(arn)
    if reference.alias is not None or service.store.machine(reference.machine) is None:
        raise arns.invalid(arn)
    page = service.store.aliases(reference.machine, reference.version, page_request(parameters))
    return page_answer("stateMachineAliases", page, _item)


def _item(alias: AliasRecord) -> dict[str, Any]:
    return {"stateMachineAliasArn": alias.arn, "creationDate": alias.created}


def _alias_arn(arn: str) -> tuple[AliasArn, MachineArn]:
    reference = arns.machine(arn)
    if reference.alias is None:
        raise arns.invalid(arn)
    return reference.alias, reference.machine


def _existing(service: Service, arn: AliasArn) -> AliasRecord:
    alias = service.store.alias(arn)
    if alias is None:
        raise ApiError("ResourceNotFound", "Request references a resource that does not exist.", resourceName=arn)
    return alias


def _routes(configuration: list[dict[str, Any]]) -> tuple[Route, ...]:
    """Read a routing configuration: one version or two of one machine, which share 100 percent."""
    routes = tuple(Route(VersionArn(item["stateMachineVersionArn"]), item["weight"]) for item in configuration)
    if len({route.version for route in routes}) < len(routes):
        raise ApiError(
            "ValidationException",
            f"Routing configuration must contain distinct state machine version ARNs. Received: {_list(routes)}",
        )
    weights = [route.weight for route in routes]
    if sum(weights) != 100:
        raise ApiError(
            "ValidationException",
            f"Sum of routing configuration weights must equal 100. Received: {orjson.dumps(weights).decode()}",
        )
    return routes


def _machine_of(routes: tuple[Route, ...]) -> MachineArn:
    references = [arns.machine(route.version) for route in routes]
    if any(reference.version is None for reference in references):
        raise _no_version(routes)
    if len({reference.machine for reference in references}) > 1:
        raise ApiError(
            "ValidationException",
            f"Routing configuration must contain versions of the same state machine. Received: {_list(routes)}",
        )
    return references[0].machine


def _check_versions(service: Service, routes: tuple[Route, ...]) -> None:
    if any(service.store.version(route.version) is None for route in routes):
        raise _no_version(routes)


def _no_version(routes: tuple[Route, ...]) -> ApiError:
    return ApiError(
        "ValidationException",
        f"Routing configuration must contain state machine version ARNs. Received: {_list(routes)}",
    )


def _list(routes: tuple[Route, ...]) -> str:
    return f"[{', '.join(route.version for route in routes)}]"
