"""Machines that need nobody outside of the engine: chains, loops, waits, forks, failures."""

from random import Random
from typing import Any, Final

from tests.stepfunctions.soak.expectation import Expectation, Scenario

LOGS: Final = "arn:aws:logs:us-east-1:000000000000:log-group:/soak:*"


def machine(start: str, **states: dict[str, Any]) -> dict[str, Any]:
    """Write a machine in JSONata; a state without a way out ends it."""
    return {"QueryLanguage": "JSONata", **steps(start, **states)}


def steps(start: str, **states: dict[str, Any]) -> dict[str, Any]:
    """Write a branch, or what is done with each item; a state without a way out ends it."""
    return {"StartAt": start, "States": {name: _ends(state) for name, state in states.items()}}


def _ends(state: dict[str, Any]) -> dict[str, Any]:
    leaves = {"Next", "End", "Choices"} & state.keys() or state["Type"] in {"Succeed", "Fail"}
    return state if leaves else {**state, "End": True}


def _chain() -> Scenario:
    links = {
        f"Link{i}": {
            "Type": "Pass",
            "Assign": {"total": f"{{% $total * 3 + {i} %}}"},
            "Next": f"Link{i + 1}" if i < 4 else "Last",
        }
        for i in range(1, 5)
    }
    definition = machine(
        "First",
        First={"Type": "Pass", "Assign": {"total": "{% $states.input.n %}"}, "Next": "Link1"},
        **links,
        Last={"Type": "Pass", "Output": {"total": "{% $total %}", "name": "{% $states.input.name & '!' %}"}},
    )

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        n, name = random.randrange(1000), f"name {random.randrange(10)}"
        visits = dict.fromkeys(definition["States"], 1)
        return {"n": n, "name": name}, Expectation(output={"total": chain_total(n), "name": f"{name}!"}, visits=visits)

    return Scenario("chain", definition, plan)


def chain_total(n: int) -> int:
    """Compute what the chain gives for a number."""
    total = n
    for i in range(1, 5):
        total = total * 3 + i
    return total


def _loop() -> Scenario:
    definition = machine(
        "Begin",
        Begin={"Type": "Pass", "Assign": {"i": 0, "sum": 0}, "Next": "More"},
        More={
            "Type": "Choice",
            "Choices": [{"Condition": "{% $i < $states.input.n %}", "Next": "Add"}],
            "Default": "Done",
        },
        Add={"Type": "Pass", "Assign": {"i": "{% $i + 1 %}", "sum": "{% $sum + $i %}"}, "Next": "More"},
        Done={"Type": "Succeed", "Output": {"sum": "{% $sum %}"}},
    )

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        n = random.randrange(15)
        visits = {"Begin": 1, "More": n + 1, "Add": n, "Done": 1}
        return {"n": n}, Expectation(output={"sum": n * (n - 1) // 2}, visits=visits)

    return Scenario("loop", definition, plan)


def _wait() -> Scenario:
    definition = machine(
        "Rest",
        Rest={"Type": "Wait", "Seconds": "{% $states.input.seconds %}", "Next": "Again"},
        Again={"Type": "Wait", "Seconds": 1, "Next": "Awake"},
        Awake={"Type": "Pass", "Output": "{% $states.input.word %}"},
    )

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        word = f"word {random.randrange(100)}"
        seconds = random.randrange(3)
        return {"seconds": seconds, "word": word}, Expectation(output=word, visits={"Rest": 1, "Again": 1, "Awake": 1})

    return Scenario("wait", definition, plan)


def _parallel() -> Scenario:
    definition = machine(
        "Fork",
        Fork={
            "Type": "Parallel",
            "Assign": {"parts": "{% $states.result %}"},
            "Branches": [
                steps(
                    "A1",
                    A1={"Type": "Pass", "Assign": {"own": "{% $states.input.n * 2 %}"}, "Next": "A2"},
                    A2={"Type": "Pass", "Output": "{% $own %}"},
                ),
                steps("B1", B1={"Type": "Wait", "Seconds": 1, "Output": "{% $states.input.n + 1 %}"}),
                steps("C1", C1={"Type": "Pass", "Output": "{% $states.input.n & '' %}"}),
            ],
            "Next": "Join",
        },
        Join={"Type": "Pass", "Output": "{% $parts %}"},
    )

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        n = random.randrange(1000)
        visits = {"Fork": 1, "A1": 1, "A2": 1, "B1": 1, "C1": 1, "Join": 1}
        return {"n": n}, Expectation(output=[n * 2, n + 1, str(n)], visits=visits)

    return Scenario("parallel", definition, plan)


def _map() -> Scenario:
    definition = machine(
        "Each",
        Each={
            "Type": "Map",
            "Items": "{% $states.input.items %}",
            "MaxConcurrency": 3,
            "ItemProcessor": steps(
                "Square",
                Square={"Type": "Pass", "Output": "{% $states.input * $states.input %}", "Next": "Rest"},
                Rest={"Type": "Wait", "Seconds": "{% $states.input % 2 %}"},
            ),
        },
    )

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        items = [random.randrange(10) for _ in range(random.randrange(1, 7))]
        visits = {"Each": 1, "Square": len(items), "Rest": len(items)}
        return {"items": items}, Expectation(output=[item * item for item in items], visits=visits)

    return Scenario("map", definition, plan)


def _distributed() -> Scenario:
    processor = steps(
        "Double",
        Double={"Type": "Pass", "Output": "{% $states.input * 2 %}", "Next": "Nap"},
        Nap={"Type": "Wait", "Seconds": "{% $states.input % 4 = 0 ? 1 : 0 %}"},
    )
    definition = machine(
        "Spread",
        Spread={
            "Type": "Map",
            "Items": "{% $states.input.items %}",
            "MaxConcurrency": 4,
            "ItemProcessor": {**processor, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
        },
    )

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        items = [random.randrange(10) for _ in range(random.randrange(1, 9))]
        return {"items": items}, Expectation(output=[item * 2 for item in items], visits={"Spread": 1})

    return Scenario("distributed", definition, plan)


def _failing() -> Scenario:
    definition = machine(
        "Before",
        Before={"Type": "Pass", "Next": "Broken"},
        Broken={"Type": "Fail", "Error": "{% $states.input.error %}", "Cause": "{% $states.input.cause %}"},
    )

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        error, cause = f"Error{random.randrange(10)}", f"cause {random.randrange(10)}"
        expected = Expectation("FAILED", error=error, cause=cause, visits={"Before": 1, "Broken": 1})
        return {"error": error, "cause": cause}, expected

    return Scenario("failing", definition, plan)


def _late() -> Scenario:
    definition = {**machine("Stay", Stay={"Type": "Wait", "Seconds": 3600}), "TimeoutSeconds": 2}

    def plan(_random: Random) -> tuple[dict[str, Any], Expectation]:
        return {}, Expectation("TIMED_OUT", error="States.Timeout", visits={"Stay": 1})

    return Scenario("late", definition, plan)


def _stopped() -> Scenario:
    definition = machine("Stay", Stay={"Type": "Wait", "Seconds": 3600})

    def plan(random: Random) -> tuple[dict[str, Any], Expectation]:
        cause = f"cause {random.randrange(10)}"
        return {"cause": cause}, Expectation("ABORTED", error="Stopped", cause=cause, visits={"Stay": 1})

    return Scenario("stopped", definition, plan)


NATIVE: Final = (
    _chain(),
    _loop(),
    _wait(),
    _parallel(),
    _map(),
    _distributed(),
    _failing(),
    _late(),
    _stopped(),
)
