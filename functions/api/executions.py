"""Routes: runs, which the API calls executions."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from millrace.model import NodeId
from millrace.store.port import PageRequest, RunFilter
from millrace.store.records import RunId, RunStatus, WorkflowId

from .dependencies import Serving, Signed
from .envelope import Success, View, ok
from .execution_views import ExecutionDetail, ExecutionView, LogView, StepView
from .parameters import Body, Cursor, Id, Limit, WorkflowPath
from .views import Pagination

router = APIGatewayHttpRouter()

_TAG = ["Executions"]
_WAIT_SECONDS = 29.0

ExecutionPath = Annotated[RunId, Path(description="The execution's id.", min_length=1, max_length=100)]
NodeFilter = Annotated[NodeId | None, Query(max_length=64, description="Only this node's.")]
Wait = Annotated[
    bool,
    Query(description="Wait for the end, at most 29 seconds; 202 with the execution as it is when it takes longer."),
]
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", description="Requests with the same key start one execution.")
]
Inputs = Annotated[dict[str, Any], Field(description="The workflow's inputs by name.")]
Pins = Annotated[dict[str, Any], Field(description="Outputs to use in place of running nodes, by node.")]


class NewExecution(Body):
    """What is to run."""

    inputs: Inputs = {}  # noqa: RUF012 -- pydantic copies it
    version: Annotated[int | None, Field(ge=1, description="A published version; without it the live one.")] = None
    draft: Annotated[bool, Field(description="Run the saved draft.")] = False


class Execute(NewExecution):
    """Which workflow is to run."""

    workflow_id: Id


class NewPartialExecution(Body):
    """Which part of a workflow's draft is to run."""

    extent: Annotated[
        Literal["node", "up_to", "from"], Field(description="The node alone, all up to it, or it and all that follows.")
    ]
    node_id: Id
    reuse: Annotated[
        Id | None,
        Field(
            description="Whose outputs stand for nodes that do not run: an id, `latest` or `none`. Default: "
            "`none` up to a node, else `latest`."
        ),
    ] = None
    pins: Pins = {}  # noqa: RUF012 -- pydantic copies it
    inputs: Annotated[dict[str, Any] | None, Field(description="Default: those of the execution that is reused.")] = (
        None
    )


class RetryRequest(Body):
    """How an execution is to be retried; without anything as it was."""

    draft: Annotated[bool, Field(description="With the saved draft.")] = False
    version: Annotated[int | None, Field(ge=1, description="With a published version.")] = None
    inputs: Annotated[dict[str, Any] | None, Field(description="Other inputs; then every node runs again.")] = None
    pins: Pins = {}  # noqa: RUF012 -- pydantic copies it


class ExecutionList(View):
    """Some executions, newest first."""

    executions: list[ExecutionView]
    pagination: Pagination


class StepList(View):
    """Some attempts of nodes."""

    steps: list[StepView]
    pagination: Pagination


class LogList(View):
    """Some lines of a log."""

    logs: list[LogView]
    pagination: Pagination


class PartialExecution(ExecutionDetail):
    """A part of a workflow that runs."""

    nodes: Annotated[list[str], Field(description="The nodes that run.")]
    reused: Annotated[list[str], Field(description="The nodes whose known outputs are used.")]


class Steered(View):
    """An execution after it was steered."""

    execution_id: RunId
    status: RunStatus
    cancelled: bool = False
    paused: bool = False
    resumed: bool = False


class RetriedView(ExecutionView):
    """The execution that goes on."""

    redriven: Annotated[bool, Field(description="Whether it is the same execution; otherwise a new one.")]
    reused: Annotated[list[str], Field(description="The nodes that do not run again.")]


@router.post("/api/workflows/execute", summary="Run a workflow", tags=_TAG)
def execute(
    caller: Signed, services: Serving, body: Execute, idempotency_key: IdempotencyKey = None
) -> Response[Success[ExecutionDetail]]:
    """Start a workflow and answer at once."""
    return _started(caller, services, WorkflowId(body.workflow_id), body, idempotency_key, wait=False)


@router.post("/api/workflows/<workflow_id>/runs", summary="Run a workflow", tags=_TAG)
def run_workflow(
    caller: Signed,
    services: Serving,
    workflow_id: WorkflowPath,
    body: NewExecution | None = None,
    wait: Wait = False,
    idempotency_key: IdempotencyKey = None,
) -> Response[Success[ExecutionDetail]]:
    """Start a workflow; with `wait` the answer has its outputs."""
    return _started(caller, services, workflow_id, body or NewExecution(), idempotency_key, wait=wait)


@router.post("/api/workflows/<workflow_id>/runs/partial", summary="Run a part of a workflow", tags=_TAG)
def run_part(
    caller: Signed, services: Serving, workflow_id: WorkflowPath, body: NewPartialExecution, wait: Wait = False
) -> Response[Success[PartialExecution]]:
    """Run one node of the draft, all up to it, or it and all that follows."""
    from millrace.services.partial import Extent
    from millrace.services.partial_runs import PartialStart

    start = PartialStart(
        extent=Extent(body.extent),
        node=NodeId(body.node_id),
        reuse=RunId(body.reuse) if body.reuse is not None else None,
        pins={NodeId(node): output for node, output in body.pins.items()},
        inputs=body.inputs,
        wait_seconds=_WAIT_SECONDS if wait else 0.0,
    )
    partial = services.partial_runs.start(caller, workflow_id, start)
    shown = PartialExecution.of(partial.run, nodes=list(partial.nodes), reused=list(partial.reused))
    return _response(shown, partial.run.status)


@router.get("/api/executions", summary="List executions", tags=_TAG)
def list_executions(
    caller: Signed,
    services: Serving,
    workflow_id: Annotated[WorkflowId | None, Query(max_length=100, description="Only this workflow's.")] = None,
    status: Annotated[RunStatus | None, Query(description="Only those in this status.")] = None,
    started_after: Annotated[str | None, Query(max_length=40, description="ISO 8601, UTC.")] = None,
    started_before: Annotated[str | None, Query(max_length=40, description="ISO 8601, UTC.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    page: Annotated[int | None, Query(ge=1, le=100, description="In place of a cursor: which page.")] = None,
) -> Success[ExecutionList]:
    """Give a page of the workspace's executions, newest first."""
    filter_ = RunFilter(workflow_id, status, started_after, started_before)
    found = services.runs.find(caller, filter_, PageRequest(limit, cursor))
    for _ in range((page or 1) - 1):
        if found.cursor is None:
            found = type(found)(())
            break
        found = services.runs.find(caller, filter_, PageRequest(limit, found.cursor))
    executions = [ExecutionView.of(run) for run in found.records]
    return ok(ExecutionList(executions=executions, pagination=Pagination.of(found, limit, page)))


@router.get("/api/executions/<execution_id>", summary="Get an execution", tags=_TAG)
def get_execution(caller: Signed, services: Serving, execution_id: ExecutionPath) -> Success[ExecutionDetail]:
    """Give an execution with inputs, outputs, and how each node stands."""
    from millrace.services.run_control import possible

    run = services.runs.get(caller, execution_id)
    state = {node: outcome.to_json() for node, outcome in services.runs.nodes(run).items()}
    return ok(ExecutionDetail.of(run, current_state=state, possible=list(possible(run))))


@router.get("/api/executions/<execution_id>/steps", summary="List the steps of an execution", tags=_TAG)
def list_steps(
    caller: Signed,
    services: Serving,
    execution_id: ExecutionPath,
    node_id: NodeFilter = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Success[StepList]:
    """Give a page of the attempts of nodes; of a node in a loop, each item's."""
    found = services.runs.steps(caller, execution_id, PageRequest(limit, cursor), node=node_id)
    return ok(StepList(steps=[StepView.of(step) for step in found.records], pagination=Pagination.of(found, limit)))


@router.get("/api/executions/<execution_id>/logs", summary="Get the log of an execution", tags=_TAG)
def list_logs(
    caller: Signed,
    services: Serving,
    execution_id: ExecutionPath,
    level: Annotated[Literal["info", "warn", "error"] | None, Query(description="Only lines of this level.")] = None,
    node_id: NodeFilter = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Success[LogList]:
    """Give a page of the lines of an execution's log."""
    found = services.runs.logs(caller, execution_id, PageRequest(limit, cursor), level=level, node=node_id)
    return ok(LogList(logs=[LogView.of(line) for line in found.records], pagination=Pagination.of(found, limit)))


@router.post("/api/executions/<execution_id>/cancel", summary="Cancel an execution", tags=_TAG)
def cancel(caller: Signed, services: Serving, execution_id: ExecutionPath) -> Success[Steered]:
    """End an execution for good."""
    run = services.run_control.cancel(caller, execution_id)
    return ok(Steered(execution_id=run.id, status=run.status, cancelled=True))


@router.post("/api/executions/<execution_id>/pause", summary="Pause an execution", tags=_TAG)
def pause(caller: Signed, services: Serving, execution_id: ExecutionPath) -> Success[Steered]:
    """Stop an execution so that it can go on; tasks at work are given up, and run again."""
    run = services.run_control.pause(caller, execution_id)
    return ok(Steered(execution_id=run.id, status=run.status, paused=True))


@router.post("/api/executions/<execution_id>/resume", summary="Resume an execution", tags=_TAG)
def resume(caller: Signed, services: Serving, execution_id: ExecutionPath) -> Success[Steered]:
    """Let a paused execution go on."""
    run = services.run_control.resume(caller, execution_id)
    return ok(Steered(execution_id=run.id, status=run.status, resumed=True))


@router.post("/api/executions/<execution_id>/retry", summary="Retry an execution", tags=_TAG)
def retry(
    caller: Signed, services: Serving, execution_id: ExecutionPath, body: RetryRequest | None = None
) -> Success[RetriedView]:
    """Let a failed or cancelled execution go on from where it failed, also with an edited workflow."""
    from millrace.services.run_control import Retry

    wanted = body or RetryRequest()
    pins = {NodeId(node): output for node, output in wanted.pins.items()}
    found = services.run_control.retry(
        caller, execution_id, Retry(draft=wanted.draft, version=wanted.version, inputs=wanted.inputs, pins=pins)
    )
    return ok(RetriedView.of(found.run, redriven=found.redriven, reused=list(found.reused)))


def _started(
    caller: Signed, services: Serving, workflow: WorkflowId, body: NewExecution, key: str | None, *, wait: bool
) -> Response[Success[ExecutionDetail]]:
    from millrace.services.runs import Start

    start = Start(
        inputs=body.inputs,
        version=body.version,
        draft=body.draft,
        idempotency=key,
        wait_seconds=_WAIT_SECONDS if wait else 0.0,
    )
    run = services.runs.start(caller, workflow, start)
    return _response(ExecutionDetail.of(run), run.status)


def _response(view: Any, status: RunStatus) -> Response[Any]:
    ended = status in (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED)
    return Response(
        status_code=HTTPStatus.OK if ended else HTTPStatus.ACCEPTED,
        content_type=content_types.APPLICATION_JSON,
        body=ok(view),
    )
