"""Aliases through boto3."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.stepfunctions.conftest import WAIT, Engine, refusal


@pytest.fixture
def machine(client: Any, create: Callable[..., str]) -> str:
    """Create a machine with the versions 1 and 2."""
    arn = create(publish=True)
    client.update_state_machine(stateMachineArn=arn, definition=WAIT, publish=True)
    return arn


def routes(machine: str, *weights: int) -> list[dict[str, Any]]:
    return [
        {"stateMachineVersionArn": f"{machine}:{number}", "weight": weight}
        for number, weight in enumerate(weights, start=1)
    ]


def test_an_alias_is_described_as_it_was_created(client: Any, machine: str) -> None:
    created = client.create_state_machine_alias(
        name="live", description="What runs", routingConfiguration=routes(machine, 60, 40)
    )
    described = client.describe_state_machine_alias(stateMachineAliasArn=created["stateMachineAliasArn"])
    described.pop("ResponseMetadata")
    assert described == {
        "stateMachineAliasArn": f"{machine}:live",
        "name": "live",
        "description": "What runs",
        "routingConfiguration": routes(machine, 60, 40),
        "creationDate": created["creationDate"],
        "updateDate": created["creationDate"],
    }


def test_creating_the_same_alias_again_answers_the_same(client: Any, machine: str) -> None:
    first = client.create_state_machine_alias(name="live", routingConfiguration=routes(machine, 100))
    again = client.create_state_machine_alias(name="live", routingConfiguration=routes(machine, 100))
    assert again["creationDate"] == first["creationDate"]
    assert refusal(client.create_state_machine_alias, name="live", routingConfiguration=routes(machine, 50, 50)) == (
        "ConflictException",
        (
            "Failed to create alias because an alias with the same name and a "
            "different routing configuration already exists."
        ),
    )


def test_an_alias_is_moved_to_another_version(client: Any, machine: str) -> None:
    arn = client.create_state_machine_alias(name="live", routingConfiguration=routes(machine, 100))[
        "stateMachineAliasArn"
    ]
    moved = [{"stateMachineVersionArn": f"{machine}:2", "weight": 100}]
    client.update_state_machine_alias(stateMachineAliasArn=arn, routingConfiguration=moved)
    client.update_state_machine_alias(stateMachineAliasArn=arn, description="moved")
    described = client.describe_state_machine_alias(stateMachineAliasArn=arn)
    assert described["routingConfiguration"] == moved
    assert described["description"] == "moved"
    assert client.describe_state_machine(stateMachineArn=arn)["definition"] == WAIT


def test_starts_are_shared_by_weight(client: Any, machine: str) -> None:
    arn = client.create_state_machine_alias(name="live", routingConfiguration=routes(machine, 50, 50))[
        "stateMachineAliasArn"
    ]
    started = [client.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(40)]
    versions = [client.describe_execution(executionArn=execution)["stateMachineVersionArn"] for execution in started]
    # The chance that a fair draw misses one of two versions 40 times is 2e-12.
    assert set(versions) == {f"{machine}:1", f"{machine}:2"}
    listed = client.list_executions(stateMachineArn=arn)["executions"]
    assert {one["executionArn"] for one in listed} == set(started)
    assert {one["stateMachineAliasArn"] for one in listed} == {arn}
    of_version = client.list_executions(stateMachineArn=f"{machine}:1")["executions"]
    assert len(of_version) == versions.count(f"{machine}:1")


def test_aliases_are_listed_for_a_machine_and_for_a_version(client: Any, machine: str) -> None:
    client.create_state_machine_alias(name="one", routingConfiguration=routes(machine, 100))
    client.create_state_machine_alias(name="both", routingConfiguration=routes(machine, 50, 50))

    def listed(arn: str) -> set[str]:
        found = client.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"]
        return {alias["stateMachineAliasArn"].rpartition(":")[2] for alias in found}

    assert listed(machine) == {"one", "both"}
    assert listed(f"{machine}:2") == {"both"}


def test_a_deleted_alias_is_gone(client: Any, machine: str) -> None:
    arn = client.create_state_machine_alias(name="live", routingConfiguration=routes(machine, 100))[
        "stateMachineAliasArn"
    ]
    client.delete_state_machine_alias(stateMachineAliasArn=arn)
    client.delete_state_machine_alias(stateMachineAliasArn=arn)
    gone = ("ResourceNotFound", "Request references a resource that does not exist.")
    assert refusal(client.describe_state_machine_alias, stateMachineAliasArn=arn) == gone
    assert refusal(client.update_state_machine_alias, stateMachineAliasArn=arn, description="x") == gone


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ((60, 60), "Sum of routing configuration weights must equal 100. Received: [60,60]"),
        (
            (101,),
            (
                "1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy "
                "constraint: Member must have value less than or equal to 100"
            ),
        ),
    ],
)
def test_weights_are_percentages(client: Any, machine: str, weights: tuple[int, ...], message: str) -> None:
    assert refusal(client.create_state_machine_alias, name="live", routingConfiguration=routes(machine, *weights)) == (
        "ValidationException",
        message,
    )


def test_routes_lead_to_distinct_versions_of_one_machine(
    engine: Engine, client: Any, create: Callable[..., str], machine: str
) -> None:
    half = {"stateMachineVersionArn": f"{machine}:1", "weight": 50}
    other = {"stateMachineVersionArn": f"{create(publish=True)}:1", "weight": 50}
    missing = {"stateMachineVersionArn": f"{machine}:9", "weight": 50}
    for routing, start in (
        ([half, half], "Routing configuration must contain distinct state machine version ARNs."),
        ([half, other], "Routing configuration must contain versions of the same state machine."),
        ([half, missing], "Routing configuration must contain state machine version ARNs."),
        (
            [{"stateMachineVersionArn": machine, "weight": 100}],
            "Routing configuration must contain state machine version ARNs.",
        ),
    ):
        code, message = refusal(client.create_state_machine_alias, name="live", routingConfiguration=routing)
        assert code == "ValidationException"
        assert message.startswith(start)


def test_an_alias_is_no_number(client: Any, machine: str) -> None:
    assert refusal(client.create_state_machine_alias, name="12", routingConfiguration=routes(machine, 100)) == (
        "ValidationException",
        (
            "1 validation error detected: Value '12' at 'name' failed to satisfy constraint: Member must satisfy "
            r"regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"
        ),
    )


def test_an_update_of_nothing_is_refused(client: Any, machine: str) -> None:
    arn = client.create_state_machine_alias(name="live", routingConfiguration=routes(machine, 100))[
        "stateMachineAliasArn"
    ]
    assert refusal(client.update_state_machine_alias, stateMachineAliasArn=arn) == (
        "MissingRequiredParameter",
        "Either the description or the RoutingConfiguration must be specified",
    )
