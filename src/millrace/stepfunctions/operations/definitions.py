"""Definitions: what is wrong with one, the refusal of it, and how one of its states goes."""

from typing import Any

from millrace.engine.definition import ExecutionType
from millrace.engine.errors import DefinitionError
from millrace.engine.parsing import load
from millrace.integrations import recognised
from millrace.stepfunctions import testing
from millrace.stepfunctions.operations.service import Service
from millrace.stepfunctions.validation import invalid_definition, validate_definition


async def validate_state_machine_definition(_service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Say what is wrong with a definition, without creating anything."""
    return dict(validate_definition(parameters))


async def test_state(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Run one state by itself, by a mock or by its real task."""
    arns = service.arns
    return dict(
        await testing.test_state(parameters, tasks=service.executions.tasks, region=arns.region, account=arns.account)
    )


def check_definition(definition: str, type_: ExecutionType) -> None:
    """Check a state machine's definition.

    Raises:
        ApiError: InvalidDefinition, with every fault.
    """
    try:
        load(definition, type_, recognised=recognised)
    except DefinitionError as error:
        raise invalid_definition(error) from error
