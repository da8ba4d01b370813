"""Starting and finding runs, on the real engine."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from millrace.model import Json, NodeId
from millrace.services.errors import (
    ConflictError,
    InvalidDocumentError,
    InvalidRequestError,
    NotFoundError,
    PreconditionError,
    UnavailableError,
)
from millrace.services.executions import Executions
from millrace.services.runs import Runs, Start
from millrace.store.port import PageRequest, RunFilter
from millrace.store.records import RunId, RunStatus, Step, StepStatus, WorkflowId
from tests.services.running import CALLER, FAILURE, STRANGER, World, function_engine, states, world
from tests.stepfunctions.conftest import until_ended

from .test_partial import STEP, document

__all__ = ["function_engine", "states", "world"]

GREETING = document(
    {
        "in": (
            "input",
            {"schema": {"name": {"type": "string", "required": True}, "loud": {"type": "boolean", "default": False}}},
        ),
        "greet": ("set", {"fields": {"text": "Hello, ${inputs.name}!", "by": "${trigger.type}"}}),
        "out": ("output", {"name": "greeting", "value": "${greet.output}"}),
    },
    "in>greet",
    "greet>out",
)
WAITING = document({"wait": ("wait", {"seconds": 3600}), "out": ("output", {"value": 1})}, "wait>out")


def test_a_run_is_waited_for_and_gives_its_outputs(world: World) -> None:
    workflow = world.create(GREETING)
    run = world.runs.start(CALLER, workflow, Start({"name": "Ada"}, wait_seconds=10))
    assert (run.status, run.version) == (RunStatus.COMPLETED, 1)
    assert run.outputs == {"greeting": {"text": "Hello, Ada!", "by": "manual"}}
    assert run.inputs == {"name": "Ada", "loud": False}
    assert run.estimate is not None
    assert run.completed is not None


def test_a_start_without_waiting_answers_running_and_keeps_the_record(world: World) -> None:
    workflow = world.create(WAITING)
    run = world.runs.start(CALLER, workflow, Start())
    assert run.status is RunStatus.RUNNING
    assert run.execution is not None
    assert run.execution.endswith(run.id)
    assert world.store.run(CALLER.workspace, run.id) == run


def test_the_wait_ends_with_the_run_as_it_is_when_time_is_up(world: World) -> None:
    run = world.runs.start(CALLER, world.create(WAITING), Start(wait_seconds=0.01))
    assert run.status is RunStatus.RUNNING


def test_all_faults_of_the_inputs_are_listed_and_nothing_is_started(world: World) -> None:
    workflow = world.create(GREETING)
    with pytest.raises(InvalidRequestError) as caught:
        world.runs.start(CALLER, workflow, Start({"nam": "Ada", "loud": "yes"}))
    assert {fault.field for fault in caught.value.faults} >= {"inputs.loud", "inputs.nam"}
    assert not world.store.runs(CALLER.workspace, RunFilter(), PageRequest()).records


def test_a_failed_run_says_why(world: World) -> None:
    world.engine.outputs["a"] = FAILURE
    workflow = world.create(document({"a": ("http", {**STEP, "retry": {"maxAttempts": 1}})}))
    run = world.runs.start(CALLER, workflow, Start(wait_seconds=10))
    assert run.status is RunStatus.FAILED
    assert isinstance(run.error, dict)
    assert (run.error["type"], run.error["message"]) == ("Http.Status", "the server said no")


def test_a_draft_runs_without_being_published(world: World) -> None:
    workflow = world.create(GREETING, publish=False)
    with pytest.raises(PreconditionError, match="publish it"):
        world.runs.start(CALLER, workflow, Start({"name": "Ada"}))
    run = world.runs.start(CALLER, workflow, Start({"name": "Ada"}, draft=True, wait_seconds=10))
    assert (run.status, run.version) == (RunStatus.COMPLETED, None)
    assert run.execution is not None
    kept: Any = world.store.compilation(run.execution.split(":")[6])
    assert kept["document"]["nodes"].keys() == {"in", "greet", "out"}
    assert kept["map"]


def test_a_draft_that_does_not_compile_is_refused_with_its_diagnostics(world: World) -> None:
    workflow = world.create(document({"a": ("set", {})}), publish=False)
    with pytest.raises(InvalidDocumentError) as caught:
        world.runs.start(CALLER, workflow, Start(draft=True))
    assert caught.value.diagnostics


def test_an_older_version_can_be_run(world: World) -> None:
    workflow = world.create(GREETING)
    run = world.runs.start(CALLER, workflow, Start({"name": "Ada"}, version=1))
    assert run.version == 1
    with pytest.raises(NotFoundError):
        world.runs.start(CALLER, workflow, Start({"name": "Ada"}, version=7))


def test_the_same_idempotency_key_is_the_same_run(world: World) -> None:
    workflow = world.create(GREETING)
    first = world.runs.start(CALLER, workflow, Start({"name": "Ada"}, idempotency="k", wait_seconds=10))
    again = world.runs.start(CALLER, workflow, Start({"name": "Ada"}, idempotency="k"))
    assert again.id == first.id
    assert len(world.store.runs(CALLER.workspace, RunFilter(), PageRequest()).records) == 1
    with pytest.raises(ConflictError):
        world.runs.start(CALLER, workflow, Start({"name": "Bob"}, idempotency="k"))


def test_starts_at_the_same_time_with_one_key_are_one_run(world: World) -> None:
    workflow = world.create(WAITING)
    started: list[RunId] = []
    threads = [
        threading.Thread(target=lambda: started.append(world.runs.start(CALLER, workflow, Start(idempotency="k")).id))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == 8
    assert len(set(started)) == 1


class _Silent:
    """A client whose calls end before or after they were carried out."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.exceptions = client.exceptions

    def start_execution(self, **parameters: str) -> Any:
        self._client.start_execution(**parameters)
        from botocore.exceptions import ReadTimeoutError

        raise ReadTimeoutError(endpoint_url="http://127.0.0.1")


def test_a_start_that_got_no_answer_can_be_repeated_with_its_key(world: World) -> None:
    workflow = world.create(GREETING)
    silent = Runs(world.store, Executions(_Silent(world.client)), world.programs)
    with pytest.raises(UnavailableError):
        silent.start(CALLER, workflow, Start({"name": "Ada"}, idempotency="k"))
    (pending,) = world.store.runs(CALLER.workspace, RunFilter(), PageRequest()).records
    assert pending.status is RunStatus.PENDING
    run = world.runs.start(CALLER, workflow, Start({"name": "Ada"}, idempotency="k", wait_seconds=10))
    assert run.id == pending.id


class _Slow(Executions):
    """Starts an execution, and has something happen before the start is known."""

    def __init__(self, client: Any, meanwhile: Callable[[RunId], object]) -> None:
        super().__init__(client)
        self._meanwhile = meanwhile

    def start(self, machine: str, name: str, given: Json) -> str | None:
        started = super().start(machine, name, given)
        self._meanwhile(RunId(name))
        return started


def test_a_run_that_is_cancelled_before_it_is_known_to_run_is_stopped(world: World) -> None:
    workflow = world.create(WAITING)
    slow = _Slow(world.client, lambda run: world.control.cancel(CALLER, run))
    run = Runs(world.store, slow, world.programs).start(CALLER, workflow, Start())
    assert run.status is RunStatus.CANCELLED
    (running,) = world.client.list_executions(
        stateMachineArn=world.programs.published(world.workflows.get(CALLER, workflow)).machine
    )["executions"]
    assert until_ended(world.client, running["executionArn"])["status"] == "ABORTED"


def test_a_start_that_the_observer_overtakes_keeps_what_it_has_written(world: World) -> None:
    workflow = world.create(GREETING)

    def observe(run: RunId) -> None:
        pending = world.store.find_run(run)
        assert pending is not None
        world.store.save_run(replace(pending, status=RunStatus.COMPLETED, events=9))

    run = Runs(world.store, _Slow(world.client, observe), world.programs).start(
        CALLER, workflow, Start({"name": "Ada"})
    )
    assert (run.status, run.events) == (RunStatus.COMPLETED, 9)


def test_inputs_that_no_execution_takes_fail_the_request_and_the_run(world: World) -> None:
    workflow = world.create(document({"a": ("set", {"fields": {"x": 1}})}))
    with pytest.raises(InvalidRequestError, match="262,144 bytes"):
        world.runs.start(CALLER, workflow, Start({"big": "x" * 300_000}))
    (run,) = world.store.runs(CALLER.workspace, RunFilter(), PageRequest()).records
    assert run.status is RunStatus.FAILED


def test_express_workflows_answer_at_once(world: World) -> None:
    express: dict[str, Json] = {**GREETING, "settings": {"execution": "express"}}
    run = world.runs.start(CALLER, world.create(express), Start({"name": "Ada"}, wait_seconds=10))
    assert (run.status, run.outputs) == (RunStatus.COMPLETED, {"greeting": {"text": "Hello, Ada!", "by": "manual"}})


def test_runs_of_others_are_not_there(world: World) -> None:
    workflow = world.create(WAITING)
    run = world.runs.start(CALLER, workflow, Start())
    for act in (
        lambda: world.runs.get(STRANGER, run.id),
        lambda: world.runs.start(STRANGER, workflow, Start()),
        lambda: world.runs.steps(STRANGER, run.id, PageRequest()),
        lambda: world.runs.logs(STRANGER, run.id, PageRequest()),
        lambda: world.control.cancel(STRANGER, run.id),
        lambda: world.control.retry(STRANGER, run.id),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert not world.runs.find(STRANGER, RunFilter(), PageRequest()).records


def test_unknown_workflows_are_not_found(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.runs.start(CALLER, WorkflowId("none"), Start())


def test_current_state_sums_up_attempts_and_items(world: World) -> None:
    run = world.runs.start(CALLER, world.create(WAITING), Start())
    world.store.put_steps(
        [
            Step(run.id, NodeId("a"), run.workspace, StepStatus.FAILED, attempt=1),
            Step(run.id, NodeId("a"), run.workspace, StepStatus.COMPLETED, attempt=2),
            *(
                Step(run.id, NodeId("b"), run.workspace, StepStatus.COMPLETED, path=f"each/{index}")
                for index in range(300)
            ),
            Step(run.id, NodeId("b"), run.workspace, StepStatus.FAILED, path="each/300"),
        ]
    )
    nodes = world.runs.nodes(run)
    assert (nodes[NodeId("a")].status, nodes[NodeId("a")].step.attempt) == (StepStatus.COMPLETED, 2)
    assert nodes[NodeId("b")].status is StepStatus.FAILED
    assert nodes[NodeId("b")].items == {StepStatus.COMPLETED: 300, StepStatus.FAILED: 1}
