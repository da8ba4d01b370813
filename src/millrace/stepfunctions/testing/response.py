"""TestState's answer: how the state ended, and what its inspection level shows of the way there.

Source: AWS Step Functions API reference, TestState and InspectionData.
"""

from typing import Final

from millrace.engine.definition import MapState, ParallelState
from millrace.engine.errors import Failure
from millrace.engine.frames import Phase
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
    if failure is not None and failure.error is not None:
        answer["error"] = failure.error
    if failure is not None and failure.cause is not None:
        answer["cause"] = failure.cause
    if request.level is not InspectionLevel.INFO:
        answer["inspectionData"] = _inspection(request, course)
    return answer


def _ending(course: Course) -> dict[str, Json]:
    if course.frame.phase is Phase.RETRY:
        return {"status": "RETRIABLE"}
    if isinstance(course.ended, Failure):
        return {"status": "FAILED"}
    status = "SUCCEEDED" if course.failure is None else "CAUGHT_ERROR"
    if course.ended is not None:
        return {"status": status, "output": course.ended.text}
    return {"status": status, "output": course.frame.input.text, "nextState": course.frame.state}


def _inspection(request: Request, course: Course) -> dict[str, Json]:
    data: dict[str, Json] = {"input": request.input.text}
    hidden = set[str]() if request.level is InspectionLevel.TRACE else set(_TRACED)
    if isinstance(request.tested.state, MapState | ParallelState):
        # What the branches gave is shown as the later stages have it only (recorded of a Map).
        hidden.add("result")
    for stage, value in course.stages.items():
        if stage not in hidden:
            data[stage] = value if stage in _PLAIN else text_of(value)
    if request.variables is not None or course.frame.variables:
        data["variables"] = text_of(dict(course.frame.variables))
    return data
