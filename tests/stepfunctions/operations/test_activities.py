"""Activities and their workers through boto3."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.stepfunctions.conftest import Engine, refusal, until_ended


def machine_of(activity: str) -> str:
    state = {"Type": "Task", "Resource": activity, "Arguments": {"n": 1}, "End": True}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}})


def test_an_activity_is_described_as_it_was_created(engine: Engine, client: Any) -> None:
    name = engine.name()
    created = client.create_activity(name=name)
    described = client.describe_activity(activityArn=created["activityArn"])
    assert created["activityArn"] == f"arn:aws:states:us-east-1:000000000000:activity:{name}"
    assert (described["name"], described["creationDate"]) == (name, created["creationDate"])
    assert client.create_activity(name=name)["creationDate"] == created["creationDate"]
    assert created["activityArn"] in {one["activityArn"] for one in client.list_activities()["activities"]}


def test_an_activity_with_another_key_is_another(engine: Engine, client: Any) -> None:
    name = engine.name()
    arn = client.create_activity(name=name)["activityArn"]
    encryption = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "key"}
    assert refusal(client.create_activity, name=name, encryptionConfiguration=encryption) == (
        "ActivityAlreadyExists",
        f"Activity Already Exists: '{arn}'",
    )


def test_a_deleted_activity_is_gone(engine: Engine, client: Any) -> None:
    arn = client.create_activity(name=engine.name())["activityArn"]
    client.delete_activity(activityArn=arn)
    client.delete_activity(activityArn=arn)
    gone = ("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    assert refusal(client.describe_activity, activityArn=arn) == gone
    assert refusal(client.get_activity_task, activityArn=arn) == gone


def test_a_task_of_an_activity_that_is_gone_fails_at_once(
    engine: Engine, client: Any, create: Callable[..., str]
) -> None:
    activity = client.create_activity(name=engine.name())["activityArn"]
    machine = create(machine_of(activity))
    client.delete_activity(activityArn=activity)
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]
    ended = until_ended(client, execution)
    events = client.get_execution_history(executionArn=execution)["events"]
    assert (ended["error"], ended["cause"]) == ("States.Runtime", f"The activity {activity} does not exist.")
    assert [event["type"] for event in events] == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]


def test_silence_counts_from_when_a_worker_has_the_task(
    engine: Engine, client: Any, create: Callable[..., str]
) -> None:
    activity = client.create_activity(name=engine.name())["activityArn"]
    task = {"Type": "Task", "Resource": activity, "HeartbeatSeconds": 1, "TimeoutSeconds": 2, "End": True}
    execution = client.start_execution(stateMachineArn=create(json.dumps({"StartAt": "T", "States": {"T": task}})))[
        "executionArn"
    ]
    until_ended(client, execution)
    *_, last, _ = client.get_execution_history(executionArn=execution)["events"]
    took = last["timestamp"] - client.describe_execution(executionArn=execution)["startDate"]
    assert (last["type"], round(took.total_seconds())) == ("ActivityTimedOut", 2)


def test_a_worker_takes_a_task_and_does_it(engine: Engine, client: Any, create: Callable[..., str]) -> None:
    activity = client.create_activity(name=engine.name())["activityArn"]
    execution = client.start_execution(stateMachineArn=create(machine_of(activity)))["executionArn"]
    task = client.get_activity_task(activityArn=activity, workerName="worker")
    assert json.loads(task["input"]) == {"n": 1}
    client.send_task_heartbeat(taskToken=task["taskToken"])
    client.send_task_success(taskToken=task["taskToken"], output='{"done":true}')
    assert json.loads(until_ended(client, execution)["output"]) == {"done": True}


def test_a_worker_that_waits_is_woken_by_a_task(engine: Engine, client: Any, create: Callable[..., str]) -> None:
    activity = client.create_activity(name=engine.name())["activityArn"]
    machine = create(machine_of(activity))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get_activity_task, activityArn=activity)
        client.start_execution(stateMachineArn=machine)
        assert waiting.result(10)["taskToken"]


def test_bad_names_of_activities_are_refused(client: Any) -> None:
    assert refusal(client.create_activity, name="a b") == ("InvalidName", "Invalid Name: 'a b'")
