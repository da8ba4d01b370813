"""ValidateStateMachineDefinition, and how other operations word what it finds.

Source: AWS Step Functions API reference, ValidateStateMachineDefinition and ValidateStateMachineDefinitionDiagnostic.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

import orjson

from millrace.engine.definition import ExecutionType
from millrace.engine.errors import DefinitionError, Problem, Severity
from millrace.engine.parsing import validate
from millrace.model.json import Json
from millrace.stepfunctions.errors import ApiError

__all__ = ["invalid_definition", "validate_definition"]

# The most diagnostics that one answer holds, and as many as it holds unless fewer are asked for.
RESULT_LIMIT: Final = 100

_PATH: Final = re.compile(r"\${1,2}(?:[.\[].*)?\Z", re.DOTALL)
_INTRINSIC: Final = re.compile(r"States\.[A-Za-z0-9]+\(.*\)\Z", re.DOTALL)
# The fields that hold payload templates, where a name that ends in ".$" has its value read as a path.
_TEMPLATES: Final = ("Parameters", "ResultSelector", "ItemSelector", "Assign")
_NESTED_TEMPLATES: Final = (("ItemReader", "Parameters"), ("ItemBatcher", "BatchInput"), ("ResultWriter", "Parameters"))
# The warnings, worded as AWS's list of them does.
_NO_DOLLAR: Final = ("NO_DOLLAR", "No '.$' on a field that appears to be a JSONPath or Intrinsic Function.")
_NO_PATH: Final = ("NO_PATH", "Field value looks like a path, but field name does not end with 'Path'.")
_STATIC_RESULT: Final = ("PASS_RESULT_IS_STATIC", "Attempt to use a path in the result of a pass state.")


def validate_definition(parameters: Mapping[str, Json]) -> dict[str, Json]:
    """Say what is wrong with a definition.

    Args:
        parameters: definition; type, by default STANDARD; severity, the least that is listed, by default ERROR;
            maxResults, by default and at most 100.
    """
    given = parameters.get("definition")
    definition = given if isinstance(given, str) else ""
    problems = validate(definition, ExecutionType(str(parameters.get("type", "STANDARD"))))
    diagnostics = [_diagnostic(problem) for problem in problems]
    if parameters.get("severity") == Severity.WARNING:
        diagnostics += _warnings(definition)
    asked = parameters.get("maxResults")
    limit = asked if isinstance(asked, int) and asked > 0 else RESULT_LIMIT
    return {
        "result": "FAIL" if problems else "OK",
        "diagnostics": cast("Json", diagnostics[:limit]),
        "truncated": len(diagnostics) > limit,
    }


def invalid_definition(error: DefinitionError) -> ApiError:
    """Word the refusal of a definition."""
    problems = ", ".join(map(str, error.problems))
    return ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{problems}'")


def _diagnostic(problem: Problem) -> dict[str, Json]:
    diagnostic: dict[str, Json] = {
        "severity": problem.severity.value,
        "code": problem.code.value,
        "message": problem.message,
    }
    return {**diagnostic, "location": problem.path} if problem.path else diagnostic


def _warnings(definition: str) -> Iterator[dict[str, Json]]:
    """Find what is right by its form and hardly meant, in states whose query language is JSONPath."""
    try:
        machine = cast("Json", orjson.loads(definition))
    except orjson.JSONDecodeError:
        return
    if isinstance(machine, dict):
        for location, (code, message) in _scope(machine, machine.get("QueryLanguage"), ""):
            yield {"severity": Severity.WARNING.value, "code": code, "message": message, "location": location}


def _scope(scope: Json, language: Json, place: str) -> Iterator[tuple[str, tuple[str, str]]]:
    states = scope.get("States") if isinstance(scope, dict) else None
    for name, state in states.items() if isinstance(states, dict) else ():
        if not isinstance(state, dict):
            continue
        inside = f"{place}/States/{name}"
        if state.get("QueryLanguage", language) != "JSONata":
            yield from _state(state, inside)
        for field in ("ItemProcessor", "Iterator"):
            yield from _scope(state.get(field), language, f"{inside}/{field}")
        for index, branch in enumerate(_list(state, "Branches")):
            yield from _scope(branch, language, f"{inside}/Branches[{index}]")


def _state(state: Mapping[str, Json], place: str) -> Iterator[tuple[str, tuple[str, str]]]:
    for field in _TEMPLATES:
        yield from _template(state.get(field), f"{place}/{field}")
    for outer, field in _NESTED_TEMPLATES:
        part = state.get(outer)
        if isinstance(part, dict):
            yield from _template(part.get(field), f"{place}/{outer}/{field}")
    match state.get("Type"):
        case "Pass" if _has_path(state.get("Result")):
            yield f"{place}/Result", _STATIC_RESULT
        case "Fail":
            for field in ("Error", "Cause"):
                if _is_path(state.get(field)) or _is_intrinsic(state.get(field)):
                    yield f"{place}/{field}", _NO_PATH
        case "Choice":
            for index, rule in enumerate(_list(state, "Choices")):
                yield from _rule(rule, f"{place}/Choices[{index}]")
        case _:
            pass
    for index, catcher in enumerate(_list(state, "Catch")):
        if isinstance(catcher, dict):
            yield from _template(catcher.get("Assign"), f"{place}/Catch[{index}]/Assign")


def _template(template: Json, place: str) -> Iterator[tuple[str, tuple[str, str]]]:
    if isinstance(template, dict):
        for name, value in template.items():
            if not name.endswith(".$") and (_is_path(value) or _is_intrinsic(value)):
                yield f"{place}/{name}", _NO_DOLLAR
            yield from _template(value, f"{place}/{name}")
    elif isinstance(template, list):
        for index, value in enumerate(template):
            yield from _template(value, f"{place}[{index}]")


def _rule(rule: Json, place: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Look at a Choice's rule: an operator without Path compares with the text that the path is."""
    if not isinstance(rule, dict):
        return
    for name, value in rule.items():
        if name == "Assign":
            yield from _template(value, f"{place}/{name}")
        elif name == "Not":
            yield from _rule(value, f"{place}/{name}")
        elif name in ("And", "Or"):
            for index, part in enumerate(_list(rule, name)):
                yield from _rule(part, f"{place}/{name}[{index}]")
        elif name not in ("Variable", "Comment", "Next") and not name.endswith("Path") and _is_path(value):
            yield f"{place}/{name}", _NO_PATH


def _has_path(value: Json) -> bool:
    match value:
        case dict():
            return any(name.endswith(".$") or _has_path(member) for name, member in value.items())
        case list():
            return any(map(_has_path, value))
        case _:
            return _is_path(value)


def _is_path(value: Json) -> bool:
    return isinstance(value, str) and _PATH.match(value) is not None


def _is_intrinsic(value: Json) -> bool:
    return isinstance(value, str) and _INTRINSIC.match(value) is not None


def _list(part: Mapping[str, Json], name: str) -> list[Json]:
    value = part.get(name)
    return value if isinstance(value, list) else []
