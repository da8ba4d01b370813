"""Tags through boto3."""

from collections.abc import Callable
from typing import Any

from tests.stepfunctions.conftest import Engine, refusal


def tags(client: Any, arn: str) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in client.list_tags_for_resource(resourceArn=arn)["tags"]}


def test_tags_are_added_changed_and_removed(client: Any, create: Callable[..., str]) -> None:
    arn = create(tags=[{"key": "team", "value": "a"}, {"key": "stage", "value": "test"}])
    client.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "b"}, {"key": "cost", "value": "1"}])
    client.untag_resource(resourceArn=arn, tagKeys=["stage", "none"])
    assert tags(client, arn) == {"team": "b", "cost": "1"}


def test_activities_have_tags(engine: Engine, client: Any) -> None:
    arn = client.create_activity(name=engine.name(), tags=[{"key": "a", "value": ""}])["activityArn"]
    assert tags(client, arn) == {"a": ""}


def test_a_resource_has_at_most_50_tags(client: Any, create: Callable[..., str]) -> None:
    arn = create(tags=[{"key": str(number), "value": ""} for number in range(50)])
    code, _ = refusal(client.tag_resource, resourceArn=arn, tags=[{"key": "one more", "value": ""}])
    assert code == "TooManyTags"
    assert len(tags(client, arn)) == 50


def test_only_what_exists_has_tags(client: Any, create: Callable[..., str]) -> None:
    for arn in (f"{create(publish=True)}:1", "arn:aws:states:us-east-1:000000000000:activity:none"):
        assert refusal(client.list_tags_for_resource, resourceArn=arn) == (
            "ResourceNotFound",
            f"Resource not found: '{arn}'",
        )
    assert refusal(client.list_tags_for_resource, resourceArn="none")[0] == "InvalidArn"
