"""Published versions through boto3."""

from collections.abc import Callable
from typing import Any

from tests.stepfunctions.conftest import PASS, WAIT, refusal


def test_publishing_a_revision_again_gives_its_version(client: Any, create: Callable[..., str]) -> None:
    arn = create()
    first = client.publish_state_machine_version(stateMachineArn=arn, description="one")
    again = client.publish_state_machine_version(stateMachineArn=arn)
    assert first["stateMachineVersionArn"] == again["stateMachineVersionArn"] == f"{arn}:1"
    assert first["creationDate"] == again["creationDate"]


def test_versions_are_listed_newest_first(client: Any, create: Callable[..., str]) -> None:
    arn = create(publish=True)
    client.update_state_machine(stateMachineArn=arn, definition=WAIT, publish=True)
    client.update_state_machine(stateMachineArn=arn, definition=PASS, publish=True)
    listed: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = client.list_state_machine_versions(stateMachineArn=arn, maxResults=2, **token)
        listed += [version["stateMachineVersionArn"] for version in page["stateMachineVersions"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert listed == [f"{arn}:3", f"{arn}:2", f"{arn}:1"]


def test_a_version_keeps_its_definition(client: Any, create: Callable[..., str]) -> None:
    arn = create(publish=True)
    client.update_state_machine(stateMachineArn=arn, definition=WAIT)
    assert client.describe_state_machine(stateMachineArn=f"{arn}:1")["definition"] == PASS


def test_the_number_of_a_deleted_version_is_not_used_again(client: Any, create: Callable[..., str]) -> None:
    arn = create(publish=True)
    client.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    client.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    published = client.publish_state_machine_version(stateMachineArn=arn)
    assert published["stateMachineVersionArn"] == f"{arn}:2"


def test_another_revision_than_the_current_is_not_published(client: Any, create: Callable[..., str]) -> None:
    arn = create()
    client.publish_state_machine_version(stateMachineArn=arn, revisionId="INITIAL")
    current = client.update_state_machine(stateMachineArn=arn, definition=WAIT)["revisionId"]
    assert refusal(client.publish_state_machine_version, stateMachineArn=arn, revisionId="INITIAL") == (
        "ConflictException",
        (
            "Failed to publish the State Machine version for revision INITIAL. "
            f"The current State Machine revision is {current}."
        ),
    )


def test_a_version_that_an_alias_routes_to_is_not_deleted(client: Any, create: Callable[..., str]) -> None:
    arn = create(publish=True)
    client.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    )
    assert refusal(client.delete_state_machine_version, stateMachineVersionArn=f"{arn}:1") == (
        "ConflictException",
        (
            "Version to be deleted must not be referenced by an alias. "
            "Current list of aliases referencing this version: [live]"
        ),
    )


def test_a_version_is_no_machine_that_can_be_updated_or_published(client: Any, create: Callable[..., str]) -> None:
    version = f"{create(publish=True)}:1"
    expected = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{version}'")
    assert refusal(client.update_state_machine, stateMachineArn=version, definition=WAIT) == expected
    assert refusal(client.publish_state_machine_version, stateMachineArn=version) == expected
    assert refusal(client.list_state_machine_versions, stateMachineArn=version) == (
        "InvalidArn",
        f"Invalid arn: '{version}'",
    )
