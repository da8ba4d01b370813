"""ValidateStateMachineDefinition, and how other operations word what it finds.

Source: AWS Step Functions API reference, ValidateStateMachineDefinition.
"""

from collections.abc import Mapping
from typing import Final

from millrace.engine.definition import ExecutionType
from millrace.engine.errors import DefinitionError, Problem, Severity
from millrace.engine.parsing import validate
from millrace.model.json import Json
from millrace.stepfunctions.errors import ApiError

__all__ = ["invalid_definition", "validate_definition"]

# The most diagnostics that one answer holds, and as many as it holds unless fewer are asked for.
RESULT_LIMIT: Final = 100


def validate_definition(parameters: Mapping[str, Json]) -> dict[str, Json]:
    """Say what is wrong with a definition.

    Args:
        parameters: definition; type, by default STANDARD; severity, the least that is listed, by default ERROR;
            maxResults, by default and at most 100.
    """
    definition = parameters.get("definition")
    problems = validate(
        definition if isinstance(definition, str) else "", ExecutionType(str(parameters.get("type", "STANDARD")))
    )
    wanted = [
        problem
        for problem in problems
        if problem.severity is Severity.ERROR or parameters.get("severity") == Severity.WARNING
    ]
    asked = parameters.get("maxResults")
    limit = asked if isinstance(asked, int) and asked > 0 else RESULT_LIMIT
    failed = any(problem.severity is Severity.ERROR for problem in problems)
    return {
        "result": "FAIL" if failed else "OK",
        "diagnostics": [_diagnostic(problem) for problem in wanted[:limit]],
        "truncated": len(wanted) > limit,
    }


def invalid_definition(error: DefinitionError) -> ApiError:
    """Word the refusal of a definition."""
    problems = ", ".join(map(str, error.problems))
    return ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{problems}'")


def _diagnostic(problem: Problem) -> Json:
    diagnostic: dict[str, Json] = {
        "severity": problem.severity.value,
        "code": problem.code.value,
        "message": problem.message,
    }
    if problem.path:
        diagnostic["location"] = problem.path
    return diagnostic
