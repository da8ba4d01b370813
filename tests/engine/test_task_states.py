"""Tasks: their events, results, failures, timeouts, tokens, retries and catchers."""

import json
from typing import Any

import pytest

from millrace.engine import Status, TaskFailure
from millrace.engine.dataflow import data_limit_cause
from millrace.engine.messages import StartTask, TaskFailed, TaskHeartbeat, TaskStarted, TaskSubmitted, TaskSucceeded
from millrace.engine.payload import PAYLOAD_LIMIT, Payload

from .simulation import INVOKE, NEVER, jsonata, simulate


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": INVOKE, "End": True, **fields}


def failing(*errors: str | None) -> Any:
    """Fail with each error in turn, then succeed with "done"."""
    left = list(errors)

    def script(_task: StartTask) -> Any:
        if left:
            raise TaskFailure(left.pop(0), "cause")
        return "done"

    return script


def test_task_sends_its_arguments_and_leaves_with_output_of_its_result() -> None:
    run = simulate(
        jsonata(
            {
                "T": task(
                    Arguments={"n": "{% $states.input.n + 1 %}"},
                    Output={"got": "{% $states.result.n %}", "from": "{% $states.input.n %}"},
                    Assign={"kept": "{% $states.result %}"},
                )
            }
        ),
        {"n": 1},
    )
    assert run.output == {"got": 2, "from": 1}
    assert run.types() == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    assert run.details("TaskScheduled") == [
        {"resourceType": "lambda", "resource": "invoke", "region": "us-east-1", "parameters": '{"n":2}'}
    ]
    assert run.details("TaskStateExited")[0]["assignedVariables"] == {"kept": '{"n":2}'}


def test_task_without_arguments_sends_its_input() -> None:
    assert simulate(jsonata({"T": task()}), {"a": 1}).output == {"a": 1}


@pytest.mark.parametrize(
    ("resource", "kind", "name"),
    [
        ("arn:aws:states:::aws-sdk:dynamodb:putItem", "aws-sdk:dynamodb", "putItem"),
        ("arn:aws:states:::states:startExecution.sync:2", "states", "startExecution.sync:2"),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "sqs", "sendMessage.waitForTaskToken"),
    ],
)
def test_events_name_resource_and_type(resource: str, kind: str, name: str) -> None:
    run = simulate(jsonata({"T": task(Resource=resource)}))
    scheduled = run.details("TaskScheduled")[0]
    assert (scheduled["resourceType"], scheduled["resource"]) == (kind, name)


def test_function_arn_has_lambda_function_events() -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    run = simulate(jsonata({"T": task(Resource=arn, TimeoutSeconds=9)}), {"a": 1})
    assert run.types()[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]
    assert run.details("LambdaFunctionScheduled") == [{"resource": arn, "input": '{"a":1}', "timeoutInSeconds": 9}]
    assert "lambdaFunctionStartedEventDetails" not in run.history[3].to_api()


def test_activity_starts_when_a_worker_takes_it() -> None:
    definition = jsonata({"T": task(Resource="arn:aws:states:us-east-1:123456789012:activity:a")})
    token = simulate(definition, script=lambda _: NEVER).started[0].token
    run = simulate(
        definition,
        script=lambda _: NEVER,
        messages=[(1, TaskStarted(token, "me")), (2, TaskSucceeded(token, Payload.of(5)))],
    )
    assert run.output == 5
    assert run.types()[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert run.details("ActivityStarted") == [{"workerName": "me"}]


def test_failure_without_a_catcher_fails_the_execution() -> None:
    run = simulate(jsonata({"T": task()}), script=failing("Bad"))
    assert (run.status, run.error, run.cause) == (Status.FAILED, "Bad", "cause")
    assert run.details("TaskFailed") == [
        {"resourceType": "lambda", "resource": "invoke", "error": "Bad", "cause": "cause"}
    ]


def catching(*names: str, **fields: Any) -> dict[str, Any]:
    catcher = {"ErrorEquals": list(names), "Next": "Caught", **fields}
    return jsonata({"T": task(Catch=[catcher]), "Caught": {"Type": "Pass", "End": True}})


def test_catcher_without_output_hands_on_the_error_output() -> None:
    run = simulate(catching("Bad"), script=failing("Bad"))
    assert run.output == {"Error": "Bad", "Cause": "cause"}
    assert run.types()[4:6] == ["TaskFailed", "TaskStateExited"]


def test_catcher_evaluates_assign_and_output_with_the_error() -> None:
    definition = catching(
        "Bad",
        Assign={"why": "{% $states.errorOutput.Cause %}"},
        Output={"input": "{% $states.input %}", "error": "{% $states.errorOutput.Error %}"},
    )
    run = simulate(definition, 1, script=failing("Bad"))
    assert run.output == {"input": 1, "error": "Bad"}
    assert run.details("TaskStateExited")[0]["assignedVariables"] == {"why": '"cause"'}


def test_catcher_whose_output_fails_fails_the_execution_and_names_the_catcher() -> None:
    run = simulate(catching("Bad", Output={"x": ["{% $nope %}"]}), script=failing("Bad"))
    assert run.error == "States.QueryEvaluationError"
    assert run.details("EvaluationFailed")[0]["location"] == "Catch[0]/Output/x[0]"


@pytest.mark.parametrize(
    ("error", "names", "caught"),
    [
        ("Bad", ["Bad"], True),
        ("Bad", ["Other", "Bad"], True),
        ("Bad", ["Other"], False),
        ("Bad", ["States.ALL"], True),
        ("Bad", ["States.TaskFailed"], True),
        (None, ["States.ALL"], True),
        ("States.Timeout", ["States.TaskFailed"], False),
        ("States.Timeout", ["States.Timeout"], True),
        ("States.Timeout", ["States.ALL"], True),
        ("States.Timeout", ["States.HeartbeatTimeout"], False),
        ("States.Runtime", ["States.ALL"], False),
        ("States.Runtime", ["States.Runtime"], False),
        ("States.DataLimitExceeded", ["States.ALL"], True),
    ],
)
def test_error_names_match_as_on_aws(error: str | None, names: list[str], caught: bool) -> None:
    run = simulate(catching(*names), script=failing(error))
    assert (run.status is Status.SUCCEEDED) is caught


def test_first_catcher_that_matches_wins() -> None:
    run = simulate(
        jsonata(
            {
                "T": task(
                    Catch=[
                        {"ErrorEquals": ["Bad"], "Next": "First"},
                        {"ErrorEquals": ["States.ALL"], "Next": "Second"},
                    ]
                ),
                "First": {"Type": "Pass", "Output": 1, "End": True},
                "Second": {"Type": "Pass", "Output": 2, "End": True},
            }
        ),
        script=failing("Bad"),
    )
    assert run.output == 1


def test_retry_waits_longer_each_time_and_counts_itself() -> None:
    retry = [{"ErrorEquals": ["Bad"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 3}]
    run = simulate(
        jsonata({"T": task(Retry=retry, Arguments={"try": "{% $states.context.State.RetryCount %}"})}),
        script=failing("Bad", "Bad", "Bad"),
    )
    assert (run.output, run.seconds) == ("done", 2 + 6 + 18)
    assert [started.parameters.value for started in run.started] == [{"try": number} for number in range(4)]
    assert run.types().count("TaskScheduled") == 4
    assert run.types().count("TaskStateEntered") == 1


def test_retry_defaults_are_those_of_the_specification() -> None:
    run = simulate(jsonata({"T": task(Retry=[{"ErrorEquals": ["States.ALL"]}])}), script=failing(*["Bad"] * 9))
    assert (run.status, run.seconds, len(run.started)) == (Status.FAILED, 1 + 2 + 4, 4)


def test_retry_delay_is_capped() -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxDelaySeconds": 15, "MaxAttempts": 3}]
    run = simulate(jsonata({"T": task(Retry=retry)}), script=failing("a", "b", "c"))
    assert run.seconds == 10 + 15 + 15


def test_full_jitter_draws_delays_between_nothing_and_the_delay() -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 1, "JitterStrategy": "FULL"}]
    waits = [simulate(jsonata({"T": task(Retry=retry)}), script=failing("a"), seed=seed).seconds for seed in range(20)]
    assert all(0 <= wait <= 10 for wait in waits)
    assert len(set(waits)) > 10


def test_each_retrier_counts_for_itself_and_the_count_of_the_state_adds_up() -> None:
    retry = [
        {"ErrorEquals": ["A"], "MaxAttempts": 1},
        {"ErrorEquals": ["B"], "MaxAttempts": 2},
    ]
    run = simulate(jsonata({"T": task(Retry=retry)}), script=failing("A", "B", "B"))
    assert run.output == "done"
    assert simulate(jsonata({"T": task(Retry=retry)}), script=failing("A", "B", "A")).error == "A"


def test_catcher_gets_its_turn_when_retries_are_used_up() -> None:
    definition = jsonata(
        {
            "T": task(
                Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
                Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
            ),
            "Caught": {"Type": "Pass", "Output": "caught", "End": True},
        }
    )
    run = simulate(definition, script=failing("Bad", "Bad"))
    assert (run.output, len(run.started)) == ("caught", 2)


def test_evaluation_error_in_arguments_can_be_retried_and_caught() -> None:
    definition = catching("States.QueryEvaluationError")
    definition["States"]["T"] |= {
        "Arguments": {"x": "{% $nope %}"},
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
    }
    run = simulate(definition)
    assert run.status is Status.SUCCEEDED
    assert run.types().count("EvaluationFailed") == 2
    assert run.started == []


def test_evaluation_error_in_output_names_the_error_and_the_field() -> None:
    run = simulate(jsonata({"T": task(Output={"a/b": "{% $states.result + 1 %}"})}), script=lambda _: "text")
    assert run.cause == (
        "An error occurred while executing the state 'T' (entered at the event id #2). The JSONata expression "
        "'$states.result + 1' specified for the field 'Output/a/b' threw an error during evaluation. "
        "T2001: The left side of the + operator must evaluate to a number"
    )


def test_task_times_out() -> None:
    run = simulate(jsonata({"T": task(TimeoutSeconds="{% $states.input %}")}), 5, script=lambda _: NEVER)
    assert (run.status, run.error, run.seconds) == (Status.FAILED, "States.Timeout", 5)
    assert run.details("TaskTimedOut") == [{"resourceType": "lambda", "resource": "invoke", "error": "States.Timeout"}]
    assert run.cancelled == [run.started[0].token]


TOKEN_TASK = jsonata(
    {
        "T": task(
            Resource=f"{INVOKE}.waitForTaskToken",
            HeartbeatSeconds=10,
            TimeoutSeconds=60,
            Arguments={"token": "{% $states.context.Task.Token %}"},
            Catch=[{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Silent"}],
        ),
        "Silent": {"Type": "Pass", "Output": "silent", "End": True},
    }
)


def token() -> str:
    return simulate(TOKEN_TASK, script=lambda _: NEVER).started[0].token


def test_token_reaches_the_arguments() -> None:
    started = simulate(TOKEN_TASK, script=lambda _: NEVER).started[0]
    assert started.parameters.value == {"token": started.token}


def test_missed_heartbeat_is_a_timeout_that_its_own_name_catches() -> None:
    run = simulate(TOKEN_TASK, script=lambda _: NEVER)
    assert (run.output, run.seconds) == ("silent", 10)
    assert run.details("TaskTimedOut")[0]["error"] == "States.Timeout"


def test_heartbeats_keep_a_task_alive_until_its_token_comes_back() -> None:
    run = simulate(
        TOKEN_TASK,
        script=lambda _: NEVER,
        messages=[
            (0, TaskSubmitted(token(), Payload.of({"sent": 1}))),
            (8, TaskHeartbeat(token())),
            (16, TaskHeartbeat(token())),
            (24, TaskSucceeded(token(), Payload.of("answer"))),
            (25, TaskFailed(token(), "TooLate", None)),
        ],
    )
    assert (run.output, run.seconds) == ("answer", 24)
    assert run.details("TaskSubmitted")[0]["output"] == '{"sent":1}'


def test_timeout_holds_in_spite_of_heartbeats() -> None:
    beats = [(float(second), TaskHeartbeat(token())) for second in range(5, 100, 5)]
    run = simulate(TOKEN_TASK, script=lambda _: NEVER, messages=[*beats])
    assert (run.error, run.seconds) == ("States.Timeout", 60)


def test_result_over_the_limit_fails_the_task_and_can_be_caught() -> None:
    run = simulate(catching("States.ALL"), script=lambda _: "x" * PAYLOAD_LIMIT)
    assert run.output == {
        "Error": "States.DataLimitExceeded",
        "Cause": data_limit_cause("lambda"),
    }
    assert "TaskFailed" in run.types()


def test_output_over_the_limit_is_not_caught_by_states_all() -> None:
    definition = catching("States.ALL")
    definition["States"]["T"]["Output"] = "{% $pad('', 300000, 'x') %}"
    run = simulate(definition)
    assert (run.status, run.error) == (Status.FAILED, "States.DataLimitExceeded")


def test_limit_counts_bytes() -> None:
    run = simulate(jsonata({"T": task()}), script=lambda _: "\u00e9" * (PAYLOAD_LIMIT // 2 - 1))
    assert run.status is Status.SUCCEEDED
    assert simulate(jsonata({"T": task()}), script=lambda _: "\u00e9" * (PAYLOAD_LIMIT // 2)).error is not None


def test_history_has_the_shape_of_the_api() -> None:
    event = simulate(jsonata({"T": task()}), {"a": 1}).history[2].to_api()
    assert {"timestamp", "type", "id", "previousEventId", "taskScheduledEventDetails"} == event.keys()
    entered = simulate(jsonata({"T": task()}), {"a": 1}).history[1].to_api()
    assert entered["previousEventId"] == 0
    assert entered["stateEnteredEventDetails"] == {
        "name": "T",
        "input": json.dumps({"a": 1}, separators=(",", ":")),
        "inputDetails": {"truncated": False},
    }
