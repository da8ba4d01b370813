"""States written for JSONPath: how their data flows, how they fail, and machines of both query languages."""

from typing import Any

import pytest

from millrace.engine import Status, TaskFailure, validate
from millrace.engine.messages import StartTask
from millrace.model.json import Json

from .simulation import INVOKE, START, Run, simulate

PASS = {"Type": "Pass", "End": True}


def machine(states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Make a definition; its first state starts it."""
    return {"StartAt": next(iter(states)), "States": states, **fields}


def one(value: Json = None, **state: Any) -> Run:
    """Run one state."""
    return simulate(machine({"S": {"End": True, **state}}), value)


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": INVOKE, "End": True, **fields}


def failing(_: StartTask) -> Any:
    raise TaskFailure("Oops", "It failed")


INPUT: Json = {"a": {"b": [1, 2]}, "n": 3}


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, INPUT),
        ({"InputPath": "$.a"}, {"b": [1, 2]}),
        ({"InputPath": None}, {}),
        ({"OutputPath": None}, {}),
        ({"OutputPath": "$.a.b[0]"}, 1),
        ({"Result": {"r.$": "$.a"}}, {"r.$": "$.a"}),
        ({"Result": 1, "ResultPath": "$.r"}, {"a": {"b": [1, 2]}, "n": 3, "r": 1}),
        ({"Result": 1, "ResultPath": None}, INPUT),
        ({"Result": 1, "ResultPath": "$.a.c.d"}, {"a": {"b": [1, 2], "c": {"d": 1}}, "n": 3}),
        ({"Parameters": {"x.$": "$.n", "y": {"z.$": "$.a.b[*]"}}}, {"x": 3, "y": {"z": [1, 2]}}),
        ({"Parameters": {"x.$": "States.MathAdd($.n, 1)"}}, {"x": 4}),
        # ResultPath goes into the raw input, not into what InputPath selects.
        (
            {"InputPath": "$.a", "Parameters": {"x.$": "$.b"}, "ResultPath": "$.n"},
            {"a": {"b": [1, 2]}, "n": {"x": [1, 2]}},
        ),
        ({"InputPath": "$.a", "Result": 1, "ResultPath": "$.n", "OutputPath": "$.n"}, 1),
        ({"Parameters": {"x.$": "$$.State.Name"}}, {"x": "S"}),
    ],
)
def test_data_of_a_pass_flows_by_its_paths(fields: dict[str, Any], output: Json) -> None:
    assert one(INPUT, Type="Pass", **fields).output == output


def test_result_of_a_task_is_selected_assigned_placed_and_selected_again() -> None:
    definition = machine(
        {
            "T": {
                **task(
                    Parameters={"FunctionName": "f", "Payload.$": "$.n"},
                    ResultSelector={"twice.$": "States.MathAdd($.Payload, $.Payload)"},
                    Assign={"kept.$": "$.twice", "fixed": [1]},
                    ResultPath="$.result",
                    OutputPath="$.result",
                    Next="P",
                ),
            },
            "P": {**PASS, "Parameters": {"input.$": "$", "kept.$": "$kept", "fixed.$": "$fixed[0]"}},
        }
    )
    del definition["States"]["T"]["End"]
    run = simulate(definition, {"n": 4})
    assert run.output == {"input": {"twice": 8}, "kept": 8, "fixed": 1}
    assert run.details("TaskStateExited")[0]["assignedVariables"] == {"kept": "8", "fixed": "[1]"}
    assert run.started[0].parameters.value == {"FunctionName": "f", "Payload": 4}


def test_variables_change_after_the_state_has_used_them() -> None:
    definition = machine(
        {
            "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"x": 2, "y.$": "$x"}, "Parameters": {"x.$": "$x"}, "Next": "C"},
            "C": {**PASS, "Parameters": {"b.$": "$.x", "x.$": "$x", "y.$": "$y"}},
        }
    )
    assert simulate(definition).output == {"b": 1, "x": 2, "y": 1}


def test_a_catcher_places_the_error_in_the_raw_input_and_assigns_from_it() -> None:
    catch = [{"ErrorEquals": ["Oops"], "ResultPath": "$.error", "Assign": {"cause.$": "$.Cause"}, "Next": "P"}]
    states = {
        "T": task(InputPath="$.in", Catch=catch),
        "P": {**PASS, "Parameters": {"all.$": "$", "cause.$": "$cause"}},
    }
    run = simulate(machine(states), {"in": 1}, script=failing)
    assert run.output == {"all": {"in": 1, "error": {"Error": "Oops", "Cause": "It failed"}}, "cause": "It failed"}


@pytest.mark.parametrize(("path", "expected"), [(None, {"in": 1}), ("$", {"Error": "Oops", "Cause": "It failed"})])
def test_a_catcher_drops_or_replaces(path: str | None, expected: Json) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": path, "Next": "P"}]
    assert simulate(machine({"T": task(Catch=catch), "P": PASS}), {"in": 1}, script=failing).output == expected


def test_rules_compare_the_selected_input_and_assign() -> None:
    choice = {
        "Type": "Choice",
        "InputPath": "$.a",
        "OutputPath": "$.b",
        "Choices": [{"Variable": "$.b[0]", "NumericEquals": 1, "Next": "P", "Assign": {"second.$": "$.b[1]"}}],
        "Default": "D",
        "Assign": {"second": 0},
    }
    states = {
        "C": choice,
        "P": {**PASS, "Parameters": {"in.$": "$", "second.$": "$second"}},
        "D": {**PASS, "InputPath": "$second"},
    }
    assert simulate(machine(states), INPUT).output == {"in": [1, 2], "second": 2}
    assert simulate(machine(states), {"a": {"b": [9]}}).output == 0


MAP = {"StartAt": "P", "States": {"P": PASS}}


@pytest.mark.parametrize("processor", ["ItemProcessor", "Iterator"])
@pytest.mark.parametrize("selector", ["ItemSelector", "Parameters"])
def test_map_works_on_a_path_s_items_under_its_former_names_too(processor: str, selector: str) -> None:
    fields = {
        processor: MAP,
        selector: {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "n.$": "$.n"},
        "InputPath": "$.in",
        "ItemsPath": "$.items",
        "MaxConcurrencyPath": "$.n",
        "ResultSelector": {"first.$": "$[0]"},
        "ResultPath": "$.out",
        "OutputPath": "$.out",
    }
    assert one({"in": {"items": ["x", "y"], "n": 1}}, Type="Map", **fields).output == {
        "first": {"v": "x", "i": 0, "n": 1}
    }


def test_parallel_hands_parameters_to_its_branches() -> None:
    branches = [
        {"StartAt": name, "States": {name: {**PASS, "InputPath": path}}} for name, path in (("A", "$.n"), ("B", "$"))
    ]
    fields = {"Branches": branches, "Parameters": {"n.$": "$.a.b[1]"}, "ResultPath": "$.r"}
    run = one(INPUT, Type="Parallel", **fields)
    assert run.output == {"a": {"b": [1, 2]}, "n": 3, "r": [2, {"n": 2}]}


def test_waits_are_as_long_as_a_path_says() -> None:
    assert one({"s": 5}, Type="Wait", SecondsPath="$.s").seconds == 5
    assert one({"t": "2023-11-14T22:13:27Z"}, Type="Wait", TimestampPath="$.t").seconds == 1_700_000_007 - START


def test_time_outs_come_from_paths() -> None:
    run = one({"t": 9, "h": 4}, Type="Task", Resource=INVOKE, TimeoutSecondsPath="$.t", HeartbeatSecondsPath="$.h")
    assert (run.started[0].timeout, run.started[0].heartbeat) == (9, 4)


def test_a_failure_is_named_by_paths() -> None:
    definition = machine({"F": {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.c)"}})
    run = simulate(definition, {"e": "E", "c": "because"})
    assert (run.error, run.cause) == ("E", "because!")


ISO_8601 = "ISO-8601 extended offset date-time format"
WHERE = "An error occurred while executing the state 'S' (entered at the event id #2). "


@pytest.mark.parametrize(
    ("state", "value", "cause"),
    [
        (
            {"Type": "Wait", "SecondsPath": "$.x"},
            {},
            "The SecondsPath parameter does not reference an input value: $.x",
        ),
        (
            {"Type": "Wait", "SecondsPath": "$.x"},
            {"x": 1.5},
            "The SecondsPath parameter cannot be parsed as a long value: $.x == 1.5",
        ),
        (
            {"Type": "Wait", "SecondsPath": "$.x"},
            {"x": -1},
            "The SecondsPath parameter references a negative value: $.x == -1",
        ),
        (
            {"Type": "Wait", "TimestampPath": "$.x"},
            {"x": "soon"},
            f"The TimestampPath parameter does not reference a valid {ISO_8601} string: $.x == soon",
        ),
        (
            {"Type": "Map", "ItemProcessor": MAP, "ItemsPath": "$.x"},
            {"x": 1},
            'Reference path "$.x" must point to array.',
        ),
        (
            {"Type": "Map", "ItemProcessor": MAP, "ItemsPath": "$.i", "MaxConcurrencyPath": "$.x"},
            {"x": "many", "i": []},
            'The MaxConcurrencyPath field refers to value "many" which is not a valid integer: $.x',
        ),
        (
            {"Type": "Map", "ItemProcessor": MAP, "ItemsPath": "$.i", "ToleratedFailurePercentagePath": "$.x"},
            {"x": 101, "i": []},
            "ToleratedFailurePercentage must be between 0 and 100.",
        ),
        (
            {"Type": "Pass", "Parameters": {"y.$": "$.x"}},
            {"z": 1},
            "The JSONPath '$.x' specified for the field 'y.$' could not be found in the input '{\"z\":1}'",
        ),
        ({"Type": "Pass", "OutputPath": "$.x"}, {}, "Invalid path '$.x' : No results for path: $['x']"),
    ],
)
def test_a_path_that_leads_to_nothing_usable_fails_the_state_in_aws_s_words(
    state: dict[str, Any], value: Json, cause: str
) -> None:
    run = one(value, **state)
    assert (run.status, run.error, run.cause) == (Status.FAILED, "States.Runtime", f"{WHERE}{cause}")
    assert "EvaluationFailed" not in run.types()


def test_states_of_both_languages_share_their_variables() -> None:
    definition = machine(
        {
            "A": {"Type": "Pass", "Assign": {"x.$": "$.n"}, "Next": "B"},
            "B": {
                "Type": "Pass",
                "QueryLanguage": "JSONata",
                "Assign": {"y": "{% $x + 1 %}"},
                "Output": {"sum": "{% $x + $states.input.n %}"},
                "Next": "C",
            },
            "C": {**PASS, "Parameters": {"y.$": "$y", "sum.$": "$.sum"}},
        }
    )
    assert simulate(definition, {"n": 2}).output == {"y": 3, "sum": 4}


def test_what_is_inside_of_a_jsonata_map_keeps_the_machine_s_language() -> None:
    processor = {"StartAt": "P", "States": {"P": {**PASS, "Parameters": {"v.$": "$"}}}}
    state = {"Type": "Map", "QueryLanguage": "JSONata", "Items": "{% $states.input %}", "ItemProcessor": processor}
    assert one([1, 2], **state).output == [{"v": 1}, {"v": 2}]


@pytest.mark.parametrize("restart", [False, True])
def test_an_execution_that_is_restarted_goes_on(restart: bool) -> None:
    states = {
        "W": {"Type": "Wait", "SecondsPath": "$.s", "Assign": {"w.$": "$.s"}, "OutputPath": "$.in", "Next": "M"},
        "M": {
            "Type": "Map",
            "ItemProcessor": MAP,
            "ItemSelector": {"v.$": "$$.Map.Item.Value", "w.$": "$w"},
            "End": True,
        },
    }
    run = simulate(machine(states), {"s": 3, "in": [1, 2]}, restart=restart)
    assert run.output == [{"v": 1, "w": 3}, {"v": 2, "w": 3}]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (
            {"Type": "Pass", "Output": 1},
            "field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/S",
        ),
        ({"Type": "Wait", "Seconds": 1, "SecondsPath": "$.s"}, "found Seconds and SecondsPath at /States/S"),
        ({"Type": "Pass", "InputPath": 5}, "expected a JSONPath, found 5 at /States/S/InputPath"),
        ({"Type": "Pass", "ResultPath": 5}, "expected a reference path or null, found 5 at /States/S/ResultPath"),
        ({"Type": "Wait", "Timestamp": "soon"}, "String does not match RFC3339 timestamp at /States/S/Timestamp"),
        (
            {"Type": "Map", "ItemProcessor": MAP, "MaxConcurrency": 1, "MaxConcurrencyPath": "$.n"},
            "expected at most one of 'MaxConcurrency', 'MaxConcurrencyPath'",
        ),
        (
            {"Type": "Pass", "Parameters": {"x.$": "States.Nothing("}},
            "'x.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters",
        ),
        ({"Type": "Pass", "Assign": {"1.$": "$.a"}}, "expected a variable's name"),
    ],
)
def test_faults_of_jsonpath_states_are_named(state: dict[str, Any], expected: str) -> None:
    found = [str(problem) for problem in validate(machine({"S": {"End": True, **state}}))]
    assert any(expected in problem for problem in found), found
