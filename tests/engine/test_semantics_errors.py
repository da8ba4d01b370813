"""How states fail by themselves: the error names, and what catches them.

Source: AWS Step Functions Developer Guide, "Handling errors"; executions on AWS name a path that cannot be followed or
filled a States.ReferencePathConflict.
"""

from typing import Any

import pytest

from millrace.model.json import Json

from .simulation import INVOKE, Run, simulate

PASS = {"Type": "Pass", "End": True}
ITEMS = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {"StartAt": "I", "States": {"I": PASS}}, "End": True}
CONFLICT = "States.ReferencePathConflict"
RUNTIME = "States.Runtime"
WHERE = "An error occurred while executing the state 'S' (entered at the event id #2). "


def run(state: dict[str, Any], value: Json) -> Run:
    """Run one state, and a second one for its catchers."""
    return simulate(
        {"StartAt": "S", "States": {"S": state, "Caught": PASS} if "Catch" in state else {"S": state}}, value
    )


@pytest.mark.parametrize(
    ("state", "value", "error", "cause"),
    [
        (ITEMS, {}, CONFLICT, 'Unable to apply step "items" to input {}'),
        (ITEMS, {"items": {}}, RUNTIME, f'{WHERE}Reference path "$.items" must point to array.'),
        (PASS | {"Result": 1, "ResultPath": "$.a"}, [1], CONFLICT, 'Unable to apply step "a" to input [1]'),
        (
            PASS | {"Result": 1, "ResultPath": "$.a.b"},
            {"a": 5},
            CONFLICT,
            'Unable to apply step "b" to input {"a":5}',
        ),
        (PASS | {"InputPath": "$.a"}, {}, RUNTIME, f"{WHERE}Invalid path '$.a' : No results for path: $['a']"),
        (
            PASS | {"Parameters": {"x.$": "$.a"}},
            {},
            RUNTIME,
            f"{WHERE}The JSONPath '$.a' specified for the field 'x.$' could not be found in the input '{{}}'",
        ),
    ],
)
def test_paths_that_cannot_be_applied_fail_the_state(
    state: dict[str, Any], value: Json, error: str, cause: str
) -> None:
    ended = run(state, value)
    assert (ended.error, ended.cause) == (error, cause)


def test_a_reference_path_conflict_is_caught() -> None:
    ended = run(ITEMS | {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]}, {})
    assert ended.output == {"Error": CONFLICT, "Cause": 'Unable to apply step "items" to input {}'}


def test_a_runtime_error_is_not_caught() -> None:
    ended = run(ITEMS | {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]}, {"items": 1})
    assert ended.error == RUNTIME


@pytest.mark.parametrize("field", ["TimeoutSeconds", "HeartbeatSeconds"])
def test_a_task_is_given_a_second_at_least(field: str) -> None:
    task = {"Type": "Task", "QueryLanguage": "JSONata", "Resource": INVOKE, "End": True, field: "{% 0 %}"}
    ended = run(task, {})
    assert ended.error == "States.QueryEvaluationError"
    assert ended.cause == f"{WHERE}{field} must be between 1 and 99999999 but was: 0"
