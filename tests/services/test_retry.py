"""Steering runs: cancel, pause, resume, retry, on the real engine."""

import copy
from typing import Any

import pytest

from millrace.model import Json, NodeId
from millrace.services.errors import PreconditionError
from millrace.services.partial import Extent
from millrace.services.partial_runs import PartialStart
from millrace.services.retry import reusable
from millrace.services.run_control import Retry
from millrace.services.runs import Start
from millrace.services.workflows import Change
from millrace.store.records import Run, RunStatus, StepStatus, WorkflowId
from tests.services.running import CALLER, FAILURE, World, function_engine, states, world
from tests.stepfunctions.conftest import until_ended

from .test_partial import STEP, document

__all__ = ["function_engine", "states", "world"]

ONCE: dict[str, Any] = {**STEP, "retry": {"maxAttempts": 1}}
CHAIN = document(
    {
        "a": ("http", ONCE),
        "b": ("http", ONCE),
        "c": ("http", ONCE),
        "out": ("output", {"value": {"all": ["${a.output}", "${b.output}", "${c.output}"], "by": "${trigger.type}"}}),
    },
    "a>b",
    "b>c",
    "c>out",
)
WAITING = document({"a": ("http", ONCE), "wait": ("wait", {"seconds": 3600})}, "a>wait")


def failed(world: World, workflow: WorkflowId, *, draft: bool = False) -> Run:
    """Run until c fails, and write what the observer would."""
    world.engine.outputs["c"] = FAILURE
    run = world.ended(world.runs.start(CALLER, workflow, Start(draft=draft)))
    assert run.status is RunStatus.FAILED
    completed: dict[str, Any] = {node: (StepStatus.COMPLETED, {"from": node}) for node in ("a", "b")}
    world.steps(run, **completed, c=StepStatus.FAILED)
    world.engine.outputs.clear()
    world.engine.called.clear()
    return run


def edit(world: World, workflow: WorkflowId, **data: dict[str, Any]) -> None:
    """Save a draft in which nodes have other data."""
    changed: Any = copy.deepcopy(CHAIN)
    for node, members in data.items():
        changed["nodes"][node]["data"] |= members
    world.workflows.update(CALLER, workflow, Change(definition=changed), None)


def refusal(act: Any) -> tuple[str, dict[str, Json]]:
    with pytest.raises(PreconditionError) as caught:
        act()
    return caught.value.code.value, caught.value.details


def test_a_running_run_is_cancelled_once(world: World) -> None:
    run = world.runs.start(CALLER, world.create(WAITING), Start())
    assert world.control.cancel(CALLER, run.id).status is RunStatus.CANCELLED
    assert world.ended(run).status is RunStatus.CANCELLED
    assert refusal(lambda: world.control.cancel(CALLER, run.id)) == (
        "EXECUTION_ENDED",
        {"status": "cancelled", "possible": ["retry"]},
    )


def test_a_paused_run_goes_on_where_it_was(world: World) -> None:
    run = world.runs.start(CALLER, world.create(WAITING), Start())
    assert world.control.pause(CALLER, run.id).status is RunStatus.PAUSED
    world.ended(run)
    assert refusal(lambda: world.control.pause(CALLER, run.id))[1]["possible"] == ["resume", "cancel"]
    assert refusal(lambda: world.control.retry(CALLER, run.id))[1]["possible"] == ["resume", "cancel"]
    world.engine.called.clear()
    assert world.control.resume(CALLER, run.id).status is RunStatus.RUNNING
    assert world.engine.called == []
    assert refusal(lambda: world.control.resume(CALLER, run.id))[0] == "EXECUTION_NOT_PAUSED"
    assert run.execution is not None
    assert world.client.describe_execution(executionArn=run.execution)["status"] == "RUNNING"
    world.control.cancel(CALLER, run.id)


def test_a_run_can_be_paused_and_resumed_before_its_record_says_so(world: World) -> None:
    run = world.runs.start(CALLER, world.create(WAITING), Start())
    world.control.pause(CALLER, run.id)
    assert world.control.resume(CALLER, run.id).status is RunStatus.RUNNING
    world.control.cancel(CALLER, run.id)


def test_a_paused_run_that_is_cancelled_stays_cancelled(world: World) -> None:
    run = world.runs.start(CALLER, world.create(WAITING), Start())
    world.control.pause(CALLER, run.id)
    world.ended(run)
    assert world.control.cancel(CALLER, run.id).status is RunStatus.CANCELLED
    found = world.store.run(CALLER.workspace, run.id)
    assert found is not None
    assert found.status is RunStatus.CANCELLED
    assert refusal(lambda: world.control.resume(CALLER, run.id))[1]["possible"] == ["retry"]


def test_nothing_can_be_done_to_a_completed_run(world: World) -> None:
    run = world.ended(world.runs.start(CALLER, world.create(CHAIN), Start()))
    for act in (world.control.cancel, world.control.pause, world.control.resume, world.control.retry):
        assert refusal(lambda act=act: act(CALLER, run.id))[1] == {"status": "completed", "possible": []}


def test_a_running_run_cannot_be_retried(world: World) -> None:
    run = world.runs.start(CALLER, world.create(WAITING), Start())
    assert refusal(lambda: world.control.retry(CALLER, run.id))[1]["possible"] == ["cancel", "pause"]
    world.control.cancel(CALLER, run.id)


def test_an_unchanged_workflow_goes_on_in_the_same_execution(world: World) -> None:
    run = failed(world, world.create(CHAIN))
    retried = world.control.retry(CALLER, run.id)
    assert (retried.redriven, retried.run.id, retried.reused) == (True, run.id, ("a", "b"))
    assert run.execution is not None
    assert until_ended(world.client, run.execution)["status"] == "SUCCEEDED"
    assert world.engine.called == ["c"]


def test_a_fixed_draft_goes_on_from_the_failed_node_in_a_new_run(world: World) -> None:
    workflow = world.create(CHAIN)
    run = failed(world, workflow)
    edit(world, workflow, c={"url": "https://example.com/fixed"})
    retried = world.control.retry(CALLER, run.id, Retry(draft=True))
    assert (retried.redriven, retried.reused) == (False, ("a", "b"))
    assert (retried.run.origin, retried.run.version) == (run.id, None)
    done = world.runs.wait(retried.run, 10)
    assert done.outputs == {"out": {"all": [{"from": "a"}, {"from": "b"}, {"from": "c"}], "by": "manual"}}
    assert world.engine.called == ["c"]


def test_a_published_fix_is_retried_with_that_version(world: World) -> None:
    workflow = world.create(CHAIN)
    run = failed(world, workflow)
    edit(world, workflow, c={"url": "https://example.com/fixed"})
    world.publishing.publish(CALLER, workflow)
    retried = world.control.retry(CALLER, run.id, Retry(version=2))
    assert retried.reused == ("a", "b")
    assert world.runs.wait(retried.run, 10).status is RunStatus.COMPLETED


def test_nodes_after_an_edited_one_run_again(world: World) -> None:
    workflow = world.create(CHAIN)
    run = failed(world, workflow)
    edit(world, workflow, b={"url": "https://example.com/other"})
    retried = world.control.retry(CALLER, run.id, Retry(draft=True))
    assert retried.reused == ("a",)
    assert world.runs.wait(retried.run, 10).status is RunStatus.COMPLETED
    assert world.engine.called == ["b", "c"]


def test_other_inputs_run_everything_and_pins_stand_in(world: World) -> None:
    workflow = world.create(CHAIN)
    run = failed(world, workflow)
    retried = world.control.retry(CALLER, run.id, Retry(inputs={"x": 1}, pins={NodeId("b"): "given"}))
    assert retried.reused == ("b",)
    done = world.runs.wait(retried.run, 10)
    assert done.outputs == {"out": {"all": [{"from": "a"}, "given", {"from": "c"}], "by": "manual"}}


def test_a_failed_retry_of_a_draft_is_retried_from_where_it_came_to(world: World) -> None:
    workflow = world.create(CHAIN, publish=False)
    run = failed(world, workflow, draft=True)
    edit(world, workflow, c={"url": "https://example.com/worse"})
    world.engine.outputs["c"] = FAILURE
    second = world.control.retry(CALLER, run.id, Retry(draft=True)).run
    assert world.ended(second).status is RunStatus.FAILED
    world.steps(second, c=StepStatus.FAILED)
    world.engine.outputs.clear()
    world.engine.called.clear()
    edit(world, workflow, c={"url": "https://example.com/fixed"})
    third = world.control.retry(CALLER, second.id, Retry(draft=True))
    assert (third.reused, third.run.origin) == (("a", "b"), second.id)
    assert world.runs.wait(third.run, 10).status is RunStatus.COMPLETED
    assert world.engine.called == ["c"]


def test_a_partial_run_uses_the_latest_run(world: World) -> None:
    workflow = world.create(CHAIN)
    failed(world, workflow)
    started = world.partial.start(CALLER, workflow, PartialStart(Extent.NODE, NodeId("c"), wait_seconds=10))
    assert (started.nodes, started.reused) == (("c",), ("b",))
    assert started.run.outputs == {"c": {"from": "c"}}
    assert world.engine.called == ["c"]


BRANCHES = document(
    {
        "pick": ("conditional", {"condition": "${inputs.left}"}),
        "left": ("http", STEP),
        "right": ("http", STEP),
        "join": ("merge", {"mode": "first"}),
        "next": ("http", STEP),
        "each": ("loop", {"items": [1]}),
        "body@each": ("http", STEP),
    },
    "pick.true>left",
    "pick.false>right",
    "left>join",
    "right>join",
    "join>next",
    "next>each",
)


def outputs(*nodes: str) -> dict[NodeId, Json]:
    return {NodeId(node): node for node in nodes}


def changed(**data: Any) -> Any:
    copied: Any = copy.deepcopy(BRANCHES)
    for node, members in data.items():
        copied["nodes"][node]["data"] |= members
    return copied


@pytest.mark.parametrize(
    ("edited", "again", "reused"),
    [
        (BRANCHES, {"next"}, ["left", "join"]),
        (changed(pick={"condition": "${inputs.right}"}), {"next"}, []),
        (changed(right={"url": "https://example.com/x"}), {"next"}, ["left"]),
        (changed(left={"label": "Links", "notes": "as before"}), {"next"}, ["left", "join"]),
        (changed(body={"url": "https://example.com/x"}), set[str](), ["left", "join", "next"]),
        (BRANCHES, {"left"}, []),
        (BRANCHES, set[str](), ["left", "join", "next", "each"]),
    ],
)
def test_what_an_edit_does_not_touch_is_reused(edited: Json, again: set[str], reused: list[str]) -> None:
    found = reusable(
        BRANCHES, edited, outputs("pick", "left", "join", "next", "each"), {NodeId(node) for node in again}
    )
    assert list(found) == reused


def test_a_new_edge_into_a_node_lets_it_run_again() -> None:
    edited: Any = copy.deepcopy(CHAIN)
    edited["nodes"]["z"] = {"id": "z", "type": "echo", "data": {"value": 1}}
    edited["edges"].append({"source": "z", "target": "b"})
    assert list(reusable(CHAIN, edited, outputs("a", "b", "c"), set())) == ["a"]


def test_outputs_that_no_state_can_carry_are_made_again() -> None:
    known: dict[NodeId, Json] = {**outputs("a", "c"), NodeId("b"): 2**60}
    assert list(reusable(CHAIN, CHAIN, known, set())) == ["a"]
