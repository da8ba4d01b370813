"""TestState's answer: how the state ended, and what its inspection level shows of the way there.

Source: AWS Step Functions API reference, TestState and InspectionData.
"""

from typing import Final

from millrace.engine.definition import MapState, ParallelState
from millrace.engine.payload import text_of
from millrace.model.json import Json
from millrace.stepfunctions.testing.course import Course
from millrace.stepfunctions.testing.request import InspectionLevel, Request

# Stages that are shown as they are; the values of the others are JSON text.
_PLAIN: Final = frozenset(
    {
        "errorDetails",
        "maxConcurrency",
        "toleratedFailureCount",
        "toleratedFailurePercentage",
        "request",
        "response",
    }
)
# Stages that only TRACE shows.
_TRACED: Final = frozenset({"request", "response"})


def response(request: Request, course: Course) -> dict[str, Json]:
    """Write the answer."""
    answer = _ending(course)
    failure = course.failure
    if failure is not None and failure.error:
        answer["error"] = failure.error
    if failure is not None and failure.cause:
        answer["cause"] = failure.cause
    if request.level is not InspectionLevel.INFO:
        answer["inspectionData"] = _inspection(request, course)
    return answer


def _ending(course: Course) -> dict[str, Json]:
    if course.retriable:
        return {"status": "RETRIABLE"}
    if course.output is None:
        return {"status": "FAILED"}
    ending: dict[str, Json] = {
        "status": "SUCCEEDED" if course.failure is None else "CAUGHT_ERROR",
        "output": course.output,
    }
    if course.next_state is not None:
        ending["nextState"] = course.next_state
    return ending


def _inspection(request: Request, course: Course) -> dict[str, Json]:
    shown = {stage: value for stage, value in course.stages.items() if stage not in _hidden(request)}
    data: dict[str, Json] = {"input": request.input.text}
    for stage, value in shown.items():
        data[stage] = value if stage in _PLAIN else text_of(value)
    variables = course.stages.get("variables", request.variables)
    if variables or request.variables is not None:
        data["variables"] = text_of(variables)
    if "errorDetails" in shown:
        data["errorDetails"] = _error_details(shown["errorDetails"])
    return data


def _hidden(request: Request) -> frozenset[str]:
    hidden = frozenset({"input", "variables"})
    if request.level is not InspectionLevel.TRACE:
        hidden |= _TRACED
    if isinstance(request.tested.state, MapState | ParallelState):
        # What the branches gave shows in the later stages only (recorded of a Map).
        hidden |= {"result"}
    return hidden


def _error_details(details: Json) -> Json:
    """Write the back-off in whole seconds."""
    assert isinstance(details, dict)
    return {name: int(value) if isinstance(value, float) else value for name, value in details.items()}
