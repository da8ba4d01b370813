"""Publishing on a real engine: versions, the alias, rollback, and what happens when something fails."""

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from millrace.model import Json
from millrace.services.caller import Caller
from millrace.services.errors import (
    ConflictError,
    ErrorCode,
    InvalidDocumentError,
    NotFoundError,
    RevisionError,
    UnavailableError,
)
from millrace.services.machine_settings import MachineSettings
from millrace.services.machines import Machines
from millrace.services.pacing import Pacing
from millrace.services.publishing import Publishing
from millrace.services.versions import Versions
from millrace.services.workflows import Change, Draft, Workflows
from millrace.store.records import WorkflowId
from tests.services.documents import BROKEN, LARGE, constant, starting
from tests.services.memory_store import MemoryStore
from tests.stepfunctions.conftest import ROLE, until_ended

_STAGES = itertools.count()


@pytest.fixture
def settings() -> MachineSettings:
    """Name machines by a stage that no other test has: they share one engine."""
    return MachineSettings(f"t{next(_STAGES)}", ROLE, "us-east-1", None, {})


class Sometimes:
    """A client whose operations fail as they are told to."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.failures: dict[str, list[str]] = {}
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)

        def call(**parameters: Any) -> Any:
            self.calls.append(name)
            pending = self.failures.get(name, [])
            if pending:
                code = pending.pop(0)
                raise ClientError({"Error": {"Code": code, "Message": f"{code} it is"}}, name)
            return operation(**parameters)

        call.__name__ = name
        return call


@pytest.fixture
def sometimes(client: Any) -> Sometimes:
    return Sometimes(client)


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def machines(sometimes: Sometimes, store: MemoryStore, settings: MachineSettings, slept: list[float]) -> Machines:
    return Machines(sometimes, store, settings, Pacing(sleep=slept.append))


@pytest.fixture
def versions(store: MemoryStore, workflows: Workflows) -> Versions:
    return Versions(store, workflows)


@pytest.fixture
def publishing(store: MemoryStore, workflows: Workflows, versions: Versions, machines: Machines) -> Publishing:
    return Publishing(store, workflows, versions, machines)


@pytest.fixture
def workflow(workflows: Workflows, caller: Caller) -> WorkflowId:
    return workflows.create(caller, Draft("Constant", constant("one"))).id


@pytest.fixture
def outputs(client: Any) -> Callable[[str], Json]:
    def run(machine: str) -> Json:
        started = client.start_execution(stateMachineArn=machine, input=json.dumps({"inputs": {}, "trigger": None}))
        ended = until_ended(client, started["executionArn"])
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])

    return run


def test_what_is_published_runs_behind_the_alias(
    publishing: Publishing, machines: Machines, caller: Caller, workflow: WorkflowId, outputs: Callable[[str], Json]
) -> None:
    published = publishing.publish(caller, workflow, "the first")
    assert (published.workflow.published, published.workflow.latest_version) == (1, 1)
    assert published.workflow.machine == machines.arn(workflow)
    assert outputs(f"{machines.arn(workflow)}:live") == {"out": "one"}
    assert outputs(published.version.machine_version) == {"out": "one"}
    compilation: Any = published.version.compilation
    assert compilation["type"] == "STANDARD"
    assert compilation["estimate"]["transitions"] > 0
    assert compilation["map"]


def test_a_rollback_repoints_the_alias(
    publishing: Publishing,
    workflows: Workflows,
    machines: Machines,
    caller: Caller,
    workflow: WorkflowId,
    outputs: Callable[[str], Json],
) -> None:
    live = f"{machines.arn(workflow)}:live"
    publishing.publish(caller, workflow)
    workflows.update(caller, workflow, Change(definition=constant("two")), None)
    assert publishing.publish(caller, workflow).version.number == 2
    assert outputs(live) == {"out": "two"}
    back = publishing.rollback(caller, workflow, 1)
    assert (back.workflow.published, back.workflow.latest_version) == (1, 2)
    assert outputs(live) == {"out": "one"}
    assert publishing.publish(caller, workflow).version.number == 3
    assert workflows.definition(workflows.get(caller, workflow))["nodes"] == constant("two")["nodes"]


def test_a_draft_that_does_not_compile_is_refused_with_all_that_is_wrong(
    publishing: Publishing, workflows: Workflows, caller: Caller, workflow: WorkflowId, sometimes: Sometimes
) -> None:
    workflows.update(caller, workflow, Change(definition=BROKEN), None)
    with pytest.raises(InvalidDocumentError) as caught:
        publishing.publish(caller, workflow)
    assert len([one for one in caught.value.diagnostics if one.is_error]) >= 2
    assert not sometimes.calls
    assert workflows.get(caller, workflow).published is None


def test_only_the_seen_draft_is_published(
    publishing: Publishing, workflows: Workflows, caller: Caller, workflow: WorkflowId
) -> None:
    workflows.update(caller, workflow, Change(definition=constant("two")), None)
    with pytest.raises(RevisionError):
        publishing.publish(caller, workflow, seen=1)
    assert publishing.publish(caller, workflow, seen=2).version.number == 1


@pytest.mark.parametrize("operation", ["update_state_machine", "update_state_machine_alias"])
def test_a_publish_that_fails_leaves_the_former_version_live(
    operation: str,
    publishing: Publishing,
    workflows: Workflows,
    machines: Machines,
    caller: Caller,
    workflow: WorkflowId,
    sometimes: Sometimes,
    outputs: Callable[[str], Json],
) -> None:
    publishing.publish(caller, workflow)
    workflows.update(caller, workflow, Change(definition=constant("two")), None)
    sometimes.failures[operation] = ["InvalidDefinition"]
    with pytest.raises(UnavailableError, match="InvalidDefinition it is") as caught:
        publishing.publish(caller, workflow)
    assert caught.value.code is ErrorCode.PUBLISH_FAILED
    assert outputs(f"{machines.arn(workflow)}:live") == {"out": "one"}
    assert workflows.get(caller, workflow).published == 1
    assert publishing.publish(caller, workflow).version.number == 2


def test_a_version_that_cannot_be_recorded_does_not_stay_live(
    publishing: Publishing,
    workflows: Workflows,
    machines: Machines,
    caller: Caller,
    workflow: WorkflowId,
    store: MemoryStore,
    outputs: Callable[[str], Json],
) -> None:
    publishing.publish(caller, workflow)
    workflows.update(caller, workflow, Change(definition=constant("two")), None)

    def fail() -> None:
        raise OSError("no disk")

    store.before_save = fail
    with pytest.raises(OSError, match="no disk"):
        publishing.publish(caller, workflow)
    assert outputs(f"{machines.arn(workflow)}:live") == {"out": "one"}


def test_calls_that_came_too_fast_are_made_again(
    publishing: Publishing, caller: Caller, workflow: WorkflowId, sometimes: Sometimes, slept: list[float]
) -> None:
    sometimes.failures["create_state_machine"] = ["TooManyRequestsException", "ConflictException"]
    sometimes.failures["create_state_machine_alias"] = ["TooManyRequestsException"]
    assert publishing.publish(caller, workflow).version.number == 1
    assert len(slept) == 3
    assert slept[1] > slept[0] / 2


def test_calls_stay_within_their_rate(client: Any) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    pacing = Pacing(rate=1, burst=3, clock=lambda: now, sleep=sleep)
    for _ in range(10):
        pacing.call(client.list_state_machines, maxResults=1)
    assert now == pytest.approx(7.0)


def test_somebody_else_who_publishes_is_waited_for(
    publishing: Publishing, caller: Caller, workflow: WorkflowId, store: MemoryStore
) -> None:
    store.claim(f"publish:{workflow}", 60)
    with pytest.raises(ConflictError) as caught:
        publishing.publish(caller, workflow)
    assert caught.value.code is ErrorCode.PUBLISH_IN_PROGRESS
    store.release(f"publish:{workflow}")
    assert publishing.publish(caller, workflow).version.number == 1


def test_a_draft_may_be_saved_while_it_is_published(
    publishing: Publishing, workflows: Workflows, caller: Caller, workflow: WorkflowId, store: MemoryStore
) -> None:
    between = iter([True])

    def save() -> None:
        if next(between, False):
            workflows.update(caller, workflow, Change(definition=constant("newer")), None)

    store.before_save = save
    published = publishing.publish(caller, workflow)
    assert (published.version.number, published.workflow.revision) == (1, 3)
    document: Any = published.version.document
    assert document["nodes"] == constant("one")["nodes"]
    assert workflows.definition(published.workflow)["nodes"] == constant("newer")["nodes"]


def test_an_express_workflow_has_a_machine_of_its_own(
    publishing: Publishing, workflows: Workflows, caller: Caller, workflow: WorkflowId
) -> None:
    standard = publishing.publish(caller, workflow)
    workflows.update(caller, workflow, Change(definition=constant("fast", execution="express")), None)
    express = publishing.publish(caller, workflow)
    assert express.workflow.machine == f"{standard.workflow.machine}-express"
    assert publishing.rollback(caller, workflow, 1).workflow.machine == standard.workflow.machine


def test_a_workflow_starts_published_workflows_of_its_workspace_only(
    publishing: Publishing,
    workflows: Workflows,
    machines: Machines,
    caller: Caller,
    stranger: Caller,
    workflow: WorkflowId,
    outputs: Callable[[str], Json],
) -> None:
    main = workflows.create(caller, Draft("Main", starting(workflow))).id
    with pytest.raises(InvalidDocumentError, match="1 error"):
        publishing.publish(caller, main)
    publishing.publish(caller, workflow)
    publishing.publish(caller, main)
    foreign = workflows.create(stranger, Draft("Foreign", starting(workflow))).id
    with pytest.raises(InvalidDocumentError):
        publishing.publish(stranger, foreign)
    definition: Any = publishing.preview(caller, starting(workflow, 1)).definition
    assert f"{machines.arn(workflow)}:1" in json.dumps(definition)
    assert not publishing.preview(caller, starting(workflow, 2)).ok


def test_a_workflow_may_start_itself(publishing: Publishing, workflows: Workflows, caller: Caller) -> None:
    own = workflows.create(caller, Draft("Again", constant(1))).id
    workflows.update(caller, own, Change(definition=starting(own)), None)
    assert publishing.publish(caller, own).version.number == 1


def test_machines_of_runs_are_named_by_what_is_in_them(
    machines: Machines, sometimes: Sometimes, caller: Caller, workflow: WorkflowId, outputs: Callable[[str], Json]
) -> None:
    one, other = (machines.compile(caller.workspace, workflow, constant(value)) for value in ("one", "other"))
    arn = machines.immutable(one)
    assert machines.immutable(one) == arn
    assert machines.immutable(other) != arn
    assert sometimes.calls.count("create_state_machine") == 2
    assert outputs(arn) == {"out": "one"}
    fresh = Machines(sometimes, MemoryStore(), MachineSettings("t0", ROLE, "us-east-1", None, {}))
    assert fresh.immutable(one).rpartition("-")[2] == arn.rpartition("-")[2]


def test_the_parts_of_a_large_machine_are_immutable_machines(
    machines: Machines, client: Any, caller: Caller, workflow: WorkflowId
) -> None:
    compilation = machines.compile(caller.workspace, workflow, LARGE)
    assert compilation.children
    definition = json.dumps(machines.with_parts(compilation))
    arns = set(
        re.findall(r"arn:aws:states:us-east-1:000000000000:stateMachine:millrace-t[0-9]+-run-[0-9a-f]{16}", definition)
    )
    assert len(arns) == len(compilation.children)
    assert "millrace-part" not in definition
    for arn in arns:
        assert client.describe_state_machine(stateMachineArn=arn)["status"] == "ACTIVE"


def test_a_version_of_nothing_cannot_go_live(publishing: Publishing, caller: Caller, workflow: WorkflowId) -> None:
    with pytest.raises(NotFoundError) as caught:
        publishing.rollback(caller, workflow, 7)
    assert caught.value.code is ErrorCode.VERSION_NOT_FOUND


def test_machines_log_everything_where_a_log_group_is_given(client: Any, caller: Caller, workflow: WorkflowId) -> None:
    group = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/vendedlogs/states/millrace-test"
    machines = Machines(client, MemoryStore(), MachineSettings("logged", ROLE, "us-east-1", group, {}))
    arn = machines.immutable(machines.compile(caller.workspace, workflow, constant(1)))
    described = client.describe_state_machine(stateMachineArn=arn)
    assert described["roleArn"] == ROLE
    assert described["loggingConfiguration"] == {
        "level": "ALL",
        "includeExecutionData": True,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": f"{group}:*"}}],
    }
