"""Definitions: what is wrong with one, and the refusal of it."""

from typing import Any

from millrace.engine.definition import ExecutionType
from millrace.engine.errors import DefinitionError
from millrace.engine.parsing import load
from millrace.stepfunctions.operations.service import Service
from millrace.stepfunctions.validation import invalid_definition, validate_definition


async def validate_state_machine_definition(_service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Say what is wrong with a definition, without creating anything."""
    return dict(validate_definition(parameters))


def check_definition(definition: str, type_: ExecutionType) -> None:
    """Check a state machine's definition.

    Raises:
        ApiError: InvalidDefinition, with every fault.
    """
    try:
        load(definition, type_)
    except DefinitionError as error:
        raise invalid_definition(error) from error
