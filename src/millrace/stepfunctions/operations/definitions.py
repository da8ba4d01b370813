"""Definitions as an operation gets them: refused with AWS's sentence when they have faults."""

from millrace.engine.definition import ExecutionType
from millrace.engine.parsing import validate
from millrace.stepfunctions.errors import ApiError


def check_definition(definition: str, type_: ExecutionType) -> None:
    """Check a state machine's definition.

    Raises:
        ApiError: InvalidDefinition, with every fault.
    """
    problems = validate(definition)
    if problems:
        faults = ", ".join(f"SCHEMA_VALIDATION_FAILED: {one.message} at {one.path or '/'}" for one in problems)
        raise ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{faults}'")
