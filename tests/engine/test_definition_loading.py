"""Loading definitions: what is refused, and how it is said."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.engine import DefinitionError, ExecutionType, load, validate

from .simulation import INVOKE, jsonata, simulate

PASS = {"Type": "Pass", "End": True}


def problems(definition: Any) -> list[str]:
    return [f"{problem.path or '-'}: {problem.message}" for problem in validate(definition)]


def of_state(**state: Any) -> list[str]:
    return problems(jsonata({"A": state}))


def test_good_definition_has_no_problems() -> None:
    assert problems(jsonata({"A": PASS}, Comment="c", TimeoutSeconds=9, Version="1.0")) == []


def test_definition_may_be_text() -> None:
    assert load(json.dumps(jsonata({"A": PASS}))).start_at == "A"
    assert load(json.dumps(jsonata({"A": PASS})).encode()).start_at == "A"


def test_all_problems_are_found_at_once() -> None:
    definition = jsonata(
        {
            "A": {"Type": "Pass", "Next": "Nowhere", "Output": {"x": ["{% 1 + %}"]}, "Colour": 1},
            "B": {"Type": "Wait", "End": True},
            "C": {"Type": "Dance"},
        },
        start="Z",
    )
    with pytest.raises(DefinitionError) as raised:
        load(definition)
    paths = [problem.path for problem in raised.value.problems]
    assert paths == [
        "/States/A",
        "/States/A/Output/x[0]",
        "/States/B",
        "/States/C/Type",
        "/StartAt",
        "/States/A/Next",
    ]
    assert "MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/A/Next" in str(raised.value)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("{", "-: Definition must be a valid JSON object"),
        ([], "-: Definition must be a valid JSON object"),
        ({"QueryLanguage": "JSONata"}, "/: These fields are required: [StartAt, States]"),
        (jsonata({"A": PASS}, start="B"), "/StartAt: Missing 'Next' target: B"),
        ({"QueryLanguage": "JSONata", "States": {"A": PASS}}, "/: These fields are required: [StartAt]"),
        ({"QueryLanguage": "SQL", "StartAt": "A", "States": {"A": PASS}}, "/QueryLanguage: expected 'JSONPath' or"),
        (
            jsonata({"A": PASS}, TimeoutSeconds=0),
            "/TimeoutSeconds: expected a whole number from 1 to 99999999, found 0",
        ),
        (jsonata({"A": PASS, "B": PASS}), '/States/B: State "B" is not reachable.'),
        (jsonata({"x" * 81: PASS}), "expected a state name of 1 to 80 characters, found 81"),
    ],
)
def test_faults_of_the_machine_are_named(definition: Any, expected: str) -> None:
    assert any(expected in problem for problem in problems(definition)), problems(definition)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"Type": "Pass"}, '/States/A: expected either "Next" or "End": true, found neither'),
        ({"Type": "Pass", "Next": "A", "End": True}, "found both"),
        ({"Type": "Pass", "End": "yes"}, "/States/A/End: expected true, found 'yes'"),
        (
            {**PASS, "Result": 1},
            "The QueryLanguage is set to 'JSONata', but field 'Result' is only supported for the 'JSONPath' Query",
        ),
        ({**PASS, "Colour": 1}, "/States/A: Field 'Colour' is not supported"),
        ({**PASS, "Catch": []}, "/States/A: Field 'Catch' is not supported"),
        ({"Type": "Succeed", "Assign": {}}, "/States/A: Field 'Assign' is not supported"),
        ({}, "/States/A: These fields are required: [Type]"),
        ({**PASS, "Output": "{% $x[ %}"}, '/States/A/Output: Expected "]" before end of expression'),
        ({**PASS, "Assign": {"1x": 1}}, "/States/A/Assign/1x: expected a variable's name"),
        ({**PASS, "Assign": {"states": 1}}, "not the reserved name 'states'"),
        ({**PASS, "Assign": []}, "/States/A/Assign: expected an object of variables, found []"),
        (
            {"Type": "Wait", "Seconds": 1, "Timestamp": "t", "End": True},
            'exactly one of "Seconds" and "Timestamp" (or their Path), found Seconds and Timestamp',
        ),
        ({"Type": "Wait", "Seconds": -1, "End": True}, "/States/A/Seconds: expected a whole number from 0"),
        (
            {"Type": "Wait", "Timestamp": "x", "End": True},
            "/States/A/Timestamp: String does not match RFC3339 timestamp",
        ),
        ({"Type": "Fail", "Error": 5}, "/States/A/Error: expected a string, found 5"),
        (
            {"Type": "Choice", "Choices": []},
            "/States/A/Choices: Value cannot be empty",
        ),
        ({"Type": "Choice", "Choices": [{"Condition": "x", "Next": "A"}]}, "/States/A/Choices[0]/Condition: expected"),
        (
            {"Type": "Choice", "Choices": [{"Condition": True}]},
            "/States/A/Choices[0]: These fields are required: [Next]",
        ),
        ({"Type": "Choice", "Choices": [7]}, "/States/A/Choices[0]: expected a rule, found 7"),
        ({"Type": "Task", "End": True}, "/States/A: These fields are required: [Resource]"),
        (
            {"Type": "Task", "End": True, "Resource": "lambda"},
            "/States/A/Resource: The resource provided lambda is not recognized.",
        ),
        ({"Type": "Task", "End": True, "Resource": f"{INVOKE}.later"}, "The resource provided"),
        ({"Type": "Task", "End": True, "Resource": INVOKE, "TimeoutSeconds": 0}, "whole number from 1"),
        (
            {"Type": "Task", "End": True, "Resource": INVOKE, "TimeoutSeconds": 5, "HeartbeatSeconds": 5},
            "/States/A/HeartbeatSeconds: expected less than TimeoutSeconds (5), found 5",
        ),
        (
            {
                "Type": "Map",
                "End": True,
                "ItemReader": {},
                "ItemProcessor": {"StartAt": "B", "States": {"B": PASS}},
            },
            "/States/A/ItemReader: ItemReader needs a processor in DISTRIBUTED mode",
        ),
        (
            {"Type": "Task", "End": True, "Resource": INVOKE, "Parameters": {}},
            "field 'Parameters' is only supported for the 'JSONPath'",
        ),
        ({"Type": "Parallel", "End": True}, "/States/A: These fields are required: [Branches]"),
        ({"Type": "Map", "End": True}, "/States/A: These fields are required: [ItemProcessor]"),
        (
            {"Type": "Map", "End": True, "Items": "x", "ItemProcessor": {"StartAt": "B", "States": {"B": PASS}}},
            "/States/A/Items: expected an array or an expression",
        ),
    ],
)
def test_faults_of_states_are_named(state: dict[str, Any], expected: str) -> None:
    assert any(expected in problem for problem in of_state(**state)), of_state(**state)


@pytest.mark.parametrize(
    ("retry", "expected"),
    [
        ([{"MaxAttempts": 1}], "/Retry[0]: These fields are required: [ErrorEquals]"),
        ([{"ErrorEquals": ["States.ALL", "x"]}], "expected States.ALL to stand alone and in the last rule"),
        ([{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["x"]}], "/Retry[0]/ErrorEquals: expected States.ALL"),
        ([{"ErrorEquals": ["x"], "BackoffRate": 0.5}], "/Retry[0]/BackoffRate: expected a number from 1"),
        ([{"ErrorEquals": ["x"], "MaxAttempts": -1}], "/Retry[0]/MaxAttempts: expected a whole number from 0"),
        ([{"ErrorEquals": ["x"], "JitterStrategy": "HALF"}], "/Retry[0]/JitterStrategy: expected 'FULL' or 'NONE'"),
        (5, "/Retry: expected a list, each item a retrier; found 5"),
    ],
)
def test_faults_of_retriers_are_named(retry: Any, expected: str) -> None:
    found = of_state(Type="Task", Resource=INVOKE, End=True, Retry=retry)
    assert any(expected in problem for problem in found), found


def test_faults_inside_branches_and_processors_carry_their_path() -> None:
    branch = {"StartAt": "B", "States": {"B": {**PASS, "Output": "{% ( %}"}}}
    definition = jsonata(
        {
            "A": {"Type": "Parallel", "Branches": [branch], "Next": "M"},
            "M": {"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "C", "States": {"C": {**PASS, "X": 1}}}},
        }
    )
    assert [problem.path for problem in validate(definition)] == [
        "/States/A/Branches[0]/States/B/Output",
        "/States/M/ItemProcessor/States/C",
    ]


def test_names_must_be_unique_in_the_whole_machine() -> None:
    branch = {"StartAt": "A", "States": {"A": PASS}}
    definition = jsonata({"A": {"Type": "Parallel", "End": True, "Branches": [branch]}})
    assert "DUPLICATE_STATE_NAME: Duplicate State name: A at /States/A/Branches[0]/States/A" in [
        str(problem) for problem in validate(definition)
    ]


def test_next_may_not_leave_its_scope() -> None:
    branch = {"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "End"}}}
    definition = jsonata({"A": {"Type": "Parallel", "Branches": [branch], "Next": "End"}, "End": {"Type": "Succeed"}})
    assert problems(definition) == ["/States/A/Branches[0]/States/B/Next: Missing 'Next' target: End"]


def test_a_state_may_choose_jsonata_for_itself() -> None:
    assert problems({"StartAt": "A", "States": {"A": {**PASS, "QueryLanguage": "JSONata"}}}) == []


def test_a_state_may_not_go_back_to_jsonpath() -> None:
    assert "can not be 'JSONPath'" in problems(jsonata({"A": {**PASS, "QueryLanguage": "JSONPath"}}))[0]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (
            f"{INVOKE}.waitForTaskToken",
            "Express state machine does not support '.waitForTaskToken' service integration",
        ),
        ("arn:aws:states:::states:startExecution.sync:2", "does not support '.sync:2' service integration"),
        ("arn:aws:states:us-east-1:000000000000:activity:a", "Express state machine does not support Activity ARN"),
    ],
)
def test_an_express_machine_must_not_wait_for_others(resource: str, expected: str) -> None:
    definition = jsonata({"A": {"Type": "Task", "Resource": resource, "End": True}})
    assert validate(definition) == ()
    (problem,) = validate(definition, ExecutionType.EXPRESS)
    assert problem.path == "/States/A/Resource"
    assert expected in problem.message


def test_an_express_machine_has_no_distributed_map() -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "P", "States": {"P": PASS}}
    definition = jsonata({"M": {"Type": "Map", "ItemProcessor": processor, "End": True}})
    (problem,) = validate(definition, ExecutionType.EXPRESS)
    assert (problem.path, validate(definition)) == ("/States/M/ItemProcessor", ())


def test_resources_that_nothing_does_are_refused() -> None:
    definition = jsonata({"A": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:query", "End": True}})
    (problem,) = validate(definition, recognised=lambda resource: resource.service != "dynamodb")
    assert str(problem) == (
        "SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::dynamodb:query is not recognized. The value "
        "is not a valid resource ARN, or the resource is not available in this region. at /States/A/Resource"
    )


def test_only_states_that_nothing_names_are_unreachable() -> None:
    definition = jsonata({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}, start="Z")
    assert [str(problem) for problem in validate(definition)] == [
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /StartAt",
        'MISSING_TRANSITION_TARGET: State "A" is not reachable. at /States/A',
    ]


def test_a_machine_without_an_end_is_refused() -> None:
    definition = jsonata({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}})
    assert [str(problem) for problem in validate(definition)] == ["MISSING_END_STATE: Workflow has no terminal state"]


def test_hostile_definitions_are_refused_in_bounded_time() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    started = time.perf_counter()
    hostiles: tuple[Any, ...] = (
        deep,
        jsonata({"A": {**PASS, "Output": deep}}),
        "[" * 100_000,
        jsonata({"A": {**PASS, "Output": "{% " + "(" * 50_000 + " %}"}}),
    )
    for hostile in hostiles:
        assert problems(hostile) or simulate(hostile).error == "States.Runtime"
    assert time.perf_counter() - started < 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
FIELD = st.sampled_from(["Type", "Next", "End", "Choices", "Branches", "Items", "Catch", "Retry", "Assign", "Seconds"])
TYPE = st.sampled_from(["Pass", "Task", "Map", "Parallel", "Choice", "Wait", "Fail", "Succeed"])


@given(st.dictionaries(st.sampled_from(["A", "B"]), st.dictionaries(FIELD, JSON | TYPE, max_size=5), max_size=2))
def test_any_definition_loads_or_gives_problems(states: dict[str, Any]) -> None:
    validate({"QueryLanguage": "JSONata", "StartAt": "A", "States": states})


def test_three_hundred_states_load_in_thirty_milliseconds() -> None:
    states: dict[str, Any] = {
        f"S{number}": {"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}, "Next": f"S{number + 1}"}
        for number in range(299)
    }
    definition = jsonata({**states, "S299": PASS})
    durations: list[float] = []
    for _ in range(5):
        started = time.perf_counter()
        load(definition)
        durations.append(time.perf_counter() - started)
    assert min(durations) < 0.03
