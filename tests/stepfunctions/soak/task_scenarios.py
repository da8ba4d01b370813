"""Machines whose tasks are done by others: functions, people with a task token, workers, other executions."""

from random import Random
from typing import Any, Final

from tests.stepfunctions.soak.expectation import Expectation, Scenario
from tests.stepfunctions.soak.native_scenarios import chain_total, machine

_ARN: Final = "arn:aws:states:us-east-1:000000000000:"
INVOKE: Final = "arn:aws:states:::lambda:invoke"
ACTIVITY: Final = "soak-work"
ACTIVITY_ARN: Final = f"{_ARN}activity:{ACTIVITY}"
CHILD: Final = "child"
REFUSAL: Final = "Declined"


def machine_arn(scenario: str) -> str:
    """Give the ARN of a scenario's machine."""
    return f"{_ARN}stateMachine:{scenario}"


def _invoke(function: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Write a task that calls a function; what it is called for goes into the file of calls."""
    origin = {"execution": "{% $states.context.Execution.Id %}", "state": "{% $states.context.State.Name %}"}
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": {"FunctionName": f"soak-{function}", "Payload": {**origin, **payload}},
        **more,
    }


def _functions() -> Scenario:
    links = {
        f"Step{i}": _invoke(
            "step",
            {"value": "{% $states.input.value %}", "pause": "{% $states.input.pause %}"},
            Output={"value": "{% $states.result.Payload %}", "pause": "{% $states.input.pause %}"},
            **({"Next": f"Step{i + 1}"} if i < 4 else {}),
        )
        for i in range(1, 5)
    }
    definition = machine("Step1", **links)

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        value, pause = random.randrange(1000), random.randrange(200) / 1000
        visits = dict.fromkeys(links, 1)
        return {"value": value, "pause": pause}, Expectation(
            output={"value": value + 8, "pause": pause}, visits=visits, calls=4
        )

    return Scenario("functions", definition, plan)


def _retried() -> Scenario:
    payload = {"needed": "{% $states.input.needed %}", "attempt": "{% $states.context.State.RetryCount %}"}
    retry = [{"ErrorEquals": ["NotYetError"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1}]
    definition = machine("Try", Try=_invoke("flaky", payload, Retry=retry, Output="{% $states.result.Payload %}"))

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        needed = random.randrange(3)
        return {"needed": needed}, Expectation(output={"attempts": needed}, visits={"Try": 1}, calls=needed + 1)

    return Scenario("retried", definition, plan)


def _caught() -> Scenario:
    catch = [
        {"ErrorEquals": ["RefusedError"], "Next": "Recover", "Assign": {"error": "{% $states.errorOutput.Error %}"}}
    ]
    definition = machine(
        "Risk",
        Risk=_invoke("refuse", {"reason": "{% $states.input.reason %}"}, Catch=catch),
        Recover={"Type": "Pass", "Output": {"caught": "{% $error %}"}},
    )

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        reason = f"reason {random.randrange(10)}"
        expected = Expectation(output={"caught": "RefusedError"}, visits={"Risk": 1, "Recover": 1}, calls=1)
        return {"reason": reason}, expected

    return Scenario("caught", definition, plan)


def _asked() -> Scenario:
    payload = {
        "token": "{% $states.context.Task.Token %}",
        "value": "{% $states.input.value %}",
        "refuse": "{% $states.input.refuse %}",
    }
    ask = {**_invoke("ask", payload), "Resource": f"{INVOKE}.waitForTaskToken"}
    definition = machine(
        "Ask", Ask={**ask, "Next": "Use"}, Use={"Type": "Pass", "Output": {"answer": "{% $states.input %}"}}
    )

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        value, refuse = random.randrange(1000), random.random() < 0.25
        given = {"value": value, "refuse": refuse}
        if refuse:
            return given, Expectation("FAILED", error=REFUSAL, cause=f"no to {value}", visits={"Ask": 1}, calls=1)
        return given, Expectation(output={"answer": {"doubled": value * 2}}, visits={"Ask": 1, "Use": 1}, calls=1)

    return Scenario("asked", definition, plan)


def _worked() -> Scenario:
    # A worker that is cut off does not answer: the task is given to another after its timeout.
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 99, "BackoffRate": 1}]
    work = {"Type": "Task", "Resource": ACTIVITY_ARN, "TimeoutSeconds": 3, "Retry": retry}
    definition = machine("Work", Work=work)

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        value = random.randrange(1000)
        return {"value": value}, Expectation(output={"worked": value + 1}, visits={"Work": 1})

    return Scenario("worked", definition, plan)


def _nested() -> Scenario:
    arguments = {"StateMachineArn": machine_arn(CHILD), "Input": {"n": "{% $states.input.n %}", "name": "nested"}}
    delegate = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": arguments,
        "Output": "{% $states.result.Output.total %}",
    }
    definition = machine("Delegate", Delegate=delegate)

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        n = random.randrange(1000)
        return {"n": n}, Expectation(output=chain_total(n), visits={"Delegate": 1})

    return Scenario("nested", definition, plan)


def _redriven() -> Scenario:
    # It fails until it is redriven.
    payload = {"needed": 1, "attempt": "{% $states.context.Execution.RedriveCount > 0 ? 1 : 0 %}"}
    definition = machine(
        "Before",
        Before={"Type": "Pass", "Assign": {"kept": "{% $states.input.value %}"}, "Next": "Fails"},
        Fails=_invoke("flaky", payload, Output={"kept": "{% $kept %}"}),
    )

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        value = random.randrange(1000)
        return {"value": value}, Expectation(output={"kept": value}, visits={"Before": 1}, calls=2)

    return Scenario("redriven", definition, plan)


TASKS: Final = (
    _functions(),
    _retried(),
    _caught(),
    _asked(),
    _worked(),
    _nested(),
    _redriven(),
)
