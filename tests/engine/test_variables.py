"""Variables: how large they may be, and which scope may assign them."""

from typing import Any

import pytest

from millrace.engine import Status, validate

from .simulation import jsonata, simulate

HALF = 131_000
PASS = {"Type": "Pass", "End": True}


def filling(count: int, name: str) -> dict[str, Any]:
    """Make states that assign one variable after another, each of 131 kB; `name` may hold the number."""
    states: dict[str, Any] = {
        f"S{number}": {
            "Type": "Pass",
            "Assign": {name.format(number): f"{{% $pad('', {HALF}, 'x') %}}"},
            "Next": f"S{number + 1}",
        }
        for number in range(count)
    }
    return jsonata({**states, f"S{count}": {"Type": "Pass", "Output": 1, "End": True}})


@pytest.mark.parametrize("restart", [False, True])
def test_an_execution_has_ten_mebibytes_of_variables(restart: bool) -> None:
    run = simulate(filling(82, "v{}"), {}, restart=restart)
    assert (run.status, run.error) == (Status.FAILED, "States.DataLimitExceeded")
    assert run.cause == (
        "All variables, with those of the state 'S80', have 10611162 bytes, exceeding the maximum number of bytes "
        "service limit."
    )
    assert run.types().count("PassStateExited") == 80


def test_a_variable_that_is_replaced_counts_once() -> None:
    assert simulate(filling(120, "v"), {}).output == 1


def test_variables_of_a_scope_that_ended_no_longer_count() -> None:
    item = {"Type": "Pass", "Assign": {"v": f"{{% $pad('', {HALF}, 'x') %}}"}, "Output": 1, "End": True}
    definition = jsonata(
        {
            "M": {
                "Type": "Map",
                "Items": "{% [1..100] %}",
                "MaxConcurrency": 1,
                "ItemProcessor": {"StartAt": "P", "States": {"P": item}},
                "End": True,
            }
        }
    )
    assert simulate(definition).status is Status.SUCCEEDED


def scoped(inner: dict[str, Any], outer: dict[str, Any]) -> dict[str, Any]:
    branch = {"StartAt": "B", "States": {"B": {**PASS, **inner}}}
    return jsonata({"A": {"Type": "Parallel", "Branches": [branch], **outer, "Next": "Z"}, "Z": {**PASS}})


def test_an_inner_scope_may_not_assign_what_an_outer_one_assigns() -> None:
    (problem,) = validate(scoped({"Assign": {"x": 1, "y": 2}}, {"Assign": {"x": 1}}))
    assert problem.path == "/States/A/Branches[0]/States/B/Assign/x"
    assert "give it another name" in problem.message


def test_catchers_and_rules_assign_too() -> None:
    caught = {"Catch": [{"ErrorEquals": ["e"], "Next": "Z", "Assign": {"x": 1}}]}
    assert [problem.path for problem in validate(scoped({"Assign": {"x": 1}}, caught))] == [
        "/States/A/Branches[0]/States/B/Assign/x"
    ]


def test_branches_beside_each_other_may_assign_one_name() -> None:
    branches = [{"StartAt": name, "States": {name: {**PASS, "Assign": {"x": 1}}}} for name in ("B", "C")]
    assert validate(jsonata({"A": {"Type": "Parallel", "Branches": branches, "End": True}})) == ()
