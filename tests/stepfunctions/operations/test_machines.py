"""State machines through boto3."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.stepfunctions.conftest import FAIL, PASS, ROLE, WAIT, Engine, refusal, until_ended

LOG_GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:runs:*"
NO_DESTINATION: dict[str, Any] = {}


def logged_to(arn: str) -> dict[str, Any]:
    """Make a logging configuration."""
    return {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}


def test_a_machine_is_described_as_it_was_created(engine: Engine, client: Any) -> None:
    name = engine.name()
    created = client.create_state_machine(name=name, definition=PASS, roleArn=ROLE)
    described = client.describe_state_machine(stateMachineArn=created["stateMachineArn"])
    described.pop("ResponseMetadata")
    assert created["stateMachineArn"] == f"arn:aws:states:us-east-1:000000000000:stateMachine:{name}"
    assert described == {
        "stateMachineArn": created["stateMachineArn"],
        "name": name,
        "status": "ACTIVE",
        "definition": PASS,
        "roleArn": ROLE,
        "type": "STANDARD",
        "creationDate": created["creationDate"],
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }


def test_creating_the_same_again_answers_the_same(engine: Engine, client: Any) -> None:
    asked = {"name": engine.name(), "definition": PASS, "roleArn": ROLE}
    first = client.create_state_machine(**asked)
    again = client.create_state_machine(**{**asked, "roleArn": f"{ROLE}2", "tags": [{"key": "a", "value": "b"}]})
    assert (again["stateMachineArn"], again["creationDate"]) == (first["stateMachineArn"], first["creationDate"])
    assert client.describe_state_machine(stateMachineArn=first["stateMachineArn"])["roleArn"] == ROLE


@pytest.mark.parametrize(
    "different",
    [
        {"definition": WAIT},
        {"type": "EXPRESS"},
        {"tracingConfiguration": {"enabled": True}},
        {"publish": True},
        {"loggingConfiguration": {"level": "OFF", "includeExecutionData": True}},
    ],
)
def test_creating_another_machine_of_the_name_is_refused(
    engine: Engine, client: Any, different: dict[str, Any]
) -> None:
    asked = {"name": engine.name(), "definition": PASS, "roleArn": ROLE}
    arn = client.create_state_machine(**asked)["stateMachineArn"]
    assert refusal(client.create_state_machine, **{**asked, **different}) == (
        "StateMachineAlreadyExists",
        f"State Machine Already Exists: '{arn}'",
    )


def test_creating_and_publishing_again_answers_the_same_version(engine: Engine, client: Any) -> None:
    asked = {"name": engine.name(), "definition": PASS, "roleArn": ROLE, "publish": True, "versionDescription": "one"}
    first = client.create_state_machine(**asked)
    assert first["stateMachineVersionArn"] == f"{first['stateMachineArn']}:1"
    assert client.create_state_machine(**asked)["stateMachineVersionArn"] == first["stateMachineVersionArn"]


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"name": "a b"}, ("InvalidName", "Invalid Name: 'a b'")),
        ({"name": "a/b"}, ("InvalidName", "Invalid Name: 'a/b'")),
        ({"roleArn": "nobody"}, ("InvalidArn", "Invalid Role Arn: 'nobody'")),
        (
            {"versionDescription": "without"},
            ("ValidationException", "Version description can only be set when publish is true"),
        ),
        (
            {"loggingConfiguration": {"level": "ALL"}},
            (
                "InvalidLoggingConfiguration",
                "Invalid Logging Configuration: Must specify exactly one Log Destination.",
            ),
        ),
        (
            {"loggingConfiguration": {"level": "ALL", "destinations": [NO_DESTINATION]}},
            (
                "InvalidLoggingConfiguration",
                "Invalid Logging Configuration: Must set valid CloudWatch Log Group ARN.",
            ),
        ),
        (
            {"loggingConfiguration": logged_to("arn:aws:sns:us-east-1:000000000000:topic")},
            (
                "InvalidLoggingConfiguration",
                "Invalid Logging Configuration: Provided ARN is not CloudWatch Logs Log Group ARN.",
            ),
        ),
        (
            {"loggingConfiguration": logged_to("arn:aws:logs:us-east-1:000000000000:log-group:runs")},
            (
                "InvalidLoggingConfiguration",
                "Invalid Logging Configuration: Log Group ARN must be provided with '*' qualifier.",
            ),
        ),
        (
            {"name": "n" * 81},
            (
                "ValidationException",
                (
                    f"1 validation error detected: Value '{'n' * 81}' at 'name' failed to satisfy constraint: "
                    "Member must have length less than or equal to 80"
                ),
            ),
        ),
        (
            {"type": "QUICK"},
            (
                "ValidationException",
                (
                    "1 validation error detected: Value 'QUICK' at 'type' failed to satisfy constraint: "
                    "Member must satisfy enum value set: [STANDARD, EXPRESS]"
                ),
            ),
        ),
    ],
)
def test_bad_parameters_are_refused(
    engine: Engine, client: Any, parameters: dict[str, Any], error: tuple[str, str]
) -> None:
    asked = {"name": engine.name(), "definition": PASS, "roleArn": ROLE, **parameters}
    assert refusal(client.create_state_machine, **asked) == error


def test_a_bad_definition_is_refused_with_its_fault(engine: Engine, client: Any) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass"}}})
    code, message = refusal(client.create_state_machine, name=engine.name(), definition=definition, roleArn=ROLE)
    assert code == "InvalidDefinition"
    assert message.startswith("Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: ")
    assert "/States/A" in message


def test_an_update_makes_a_new_revision(client: Any, create: Callable[..., str]) -> None:
    arn = create()
    logging = {
        "level": "ALL",
        "includeExecutionData": True,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": LOG_GROUP}}],
    }
    updated = client.update_state_machine(
        stateMachineArn=arn, definition=WAIT, loggingConfiguration=logging, publish=True, versionDescription="second"
    )
    described = client.describe_state_machine(stateMachineArn=arn)
    assert described["definition"] == WAIT
    assert described["loggingConfiguration"] == logging
    assert described["revisionId"] == updated["revisionId"]
    assert updated["stateMachineVersionArn"] == f"{arn}:1"
    version = client.describe_state_machine(stateMachineArn=f"{arn}:1")
    assert version["description"] == "second"
    assert version["revisionId"] == updated["revisionId"]


def test_an_update_that_changes_nothing_keeps_the_revision(client: Any, create: Callable[..., str]) -> None:
    arn = create()
    first = client.update_state_machine(stateMachineArn=arn, definition=WAIT)
    again = client.update_state_machine(stateMachineArn=arn, definition=json.dumps(json.loads(WAIT), indent=2))
    assert again["revisionId"] == first["revisionId"]
    assert client.describe_state_machine(stateMachineArn=arn)["definition"] == WAIT


def test_an_update_of_nothing_is_refused(client: Any, create: Callable[..., str]) -> None:
    assert refusal(client.update_state_machine, stateMachineArn=create(), publish=True) == (
        "MissingRequiredParameter",
        "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
    )


def test_a_deleted_machine_is_gone_with_its_versions_and_aliases(client: Any, create: Callable[..., str]) -> None:
    arn = create(publish=True)
    alias = client.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    )["stateMachineAliasArn"]
    client.delete_state_machine(stateMachineArn=arn)
    for gone in (arn, f"{arn}:1", alias):
        assert refusal(client.describe_state_machine, stateMachineArn=gone) == (
            "StateMachineDoesNotExist",
            f"State Machine Does Not Exist: '{gone}'",
        )
    client.delete_state_machine(stateMachineArn=arn)


def test_deleting_a_machine_stops_its_executions(client: Any, create: Callable[..., str]) -> None:
    arn = create(WAIT)
    execution = client.start_execution(stateMachineArn=arn)["executionArn"]
    client.delete_state_machine(stateMachineArn=arn)
    assert client.describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_a_machine_of_a_deleted_ones_name_runs_its_own_definition(engine: Engine, client: Any) -> None:
    name = engine.name()
    arn = client.create_state_machine(name=name, definition=FAIL, roleArn=ROLE)["stateMachineArn"]
    failed = client.start_execution(stateMachineArn=arn)["executionArn"]
    until_ended(client, failed)
    client.delete_state_machine(stateMachineArn=arn)
    client.create_state_machine(name=name, definition=PASS, roleArn=ROLE)
    succeeded = client.start_execution(stateMachineArn=arn)["executionArn"]
    assert until_ended(client, succeeded)["status"] == "SUCCEEDED"
    assert client.describe_state_machine_for_execution(executionArn=failed)["definition"] == FAIL
    assert client.describe_state_machine_for_execution(executionArn=succeeded)["definition"] == PASS
    assert "revisionId" not in client.describe_state_machine(stateMachineArn=arn)


def test_machines_are_listed_in_pages(client: Any, create: Callable[..., str]) -> None:
    created = {create() for _ in range(3)}
    pages = list(client.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2}))
    listed = [machine["stateMachineArn"] for page in pages for machine in page["stateMachines"]]
    assert created <= set(listed)
    assert len(listed) == len(set(listed))
    assert all(len(page["stateMachines"]) <= 2 for page in pages)


def test_a_page_token_of_another_list_is_refused(client: Any) -> None:
    assert refusal(client.list_state_machines, nextToken="nonsense") == (
        "InvalidToken",
        "Invalid Token: 'Invalid token'",
    )


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("nonsense", "Invalid Arn: 'Invalid ARN prefix: nonsense'"),
        (
            "arn:aws:states:us-east-1:000000000000:execution:a:b",
            "Invalid Arn: 'Resource type not valid in this context: execution'",
        ),
        (
            "arn:aws:states:us-east-1:000000000000:stateMachine:a b",
            "Invalid arn: 'arn:aws:states:us-east-1:000000000000:stateMachine:a b'",
        ),
    ],
)
def test_a_bad_arn_is_refused(client: Any, arn: str, message: str) -> None:
    assert refusal(client.describe_state_machine, stateMachineArn=arn) == ("InvalidArn", message)


def test_metadata_alone_leaves_the_definition_out(client: Any, create: Callable[..., str]) -> None:
    described = client.describe_state_machine(stateMachineArn=create(), includedData="METADATA_ONLY")
    assert described["definition"] == "{}"


def test_a_key_of_ones_own_needs_its_id(engine: Engine, client: Any) -> None:
    code, _ = refusal(
        client.create_state_machine,
        name=engine.name(),
        definition=PASS,
        roleArn=ROLE,
        encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY"},
    )
    assert code == "InvalidEncryptionConfiguration"


def test_a_definition_is_validated_without_being_created(client: Any) -> None:
    assert client.validate_state_machine_definition(definition=PASS)["result"] == "OK"
    assert client.validate_state_machine_definition(definition="{}")["result"] == "FAIL"


def test_a_state_is_tested_by_itself(client: Any) -> None:
    state = json.dumps({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.a %}", "End": True})
    answer = client.test_state(definition=state, input='{"a":1}', roleArn=ROLE)
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "1")


def test_of_different_machines_of_one_name_at_once_one_is_created(engine: Engine, client: Any) -> None:
    name = engine.name()

    def create(number: int) -> str:
        definition = json.dumps({**json.loads(PASS), "Comment": str(number)})
        try:
            client.create_state_machine(name=name, definition=definition, roleArn=ROLE)
        except client.exceptions.StateMachineAlreadyExists:
            return ""
        return definition

    with ThreadPoolExecutor(8) as pool:
        created = [definition for definition in pool.map(create, range(24)) if definition]
    arn = engine.service.arns.machine(name)
    assert created == [client.describe_state_machine(stateMachineArn=arn)["definition"]]


def test_publications_at_once_make_one_version(client: Any, create: Callable[..., str]) -> None:
    arn = create()
    with ThreadPoolExecutor(8) as pool:
        publications = [pool.submit(client.publish_state_machine_version, stateMachineArn=arn) for _ in range(24)]
        assert {one.result()["stateMachineVersionArn"] for one in publications} == {f"{arn}:1"}
