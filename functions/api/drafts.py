"""Routes: documents that are checked or compiled, without anything being kept."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from millrace.model import Json, NodeId
from millrace.store.records import WorkflowId

from .dependencies import Serving, Signed
from .envelope import Success, View, ok
from .parameters import Body, Id, WorkflowPath

router = APIGatewayHttpRouter()

_TAG = ["Drafts"]

_ESTIMATE = {
    "transitions": "transitions",
    "lambdaInvocations": "lambda_invocations",
    "lambdaGbSeconds": "lambda_gb_seconds",
    "fargateSeconds": "fargate_seconds",
    "tokens": "tokens",
    "criticalPathSeconds": "critical_path_seconds",
    "criticalPath": "critical_path",
    "usdPer1000Runs": "usd_per_1000_runs",
    "pricesAsOf": "prices_as_of",
}
"""The members of an estimate, as the compiler and as the API write them."""


class Drawn(Body):
    """A document as it is drawn; any JSON is taken, and told what is wrong with it."""

    definition: Annotated[Any, Field(description="A workflow document: nodes, edges, settings.")]
    workflow_id: Annotated[Id | None, Field(description="The workflow that it is the draft of.")] = None


class Pinned(Drawn):
    """A document, and outputs to be used in place of running."""

    pins: Annotated[dict[NodeId, Any], Field(description="Outputs used in place of running, by node.")] = {}  # noqa: RUF012 -- pydantic copies it


class DiagnosticView(View):
    """One problem; docs/diagnostics.md explains each code."""

    code: str
    severity: str
    message: str
    remedy: str
    node: str | None = None
    edge: str | None = None
    field: str | None = None
    column: int | None = None
    expected: str | None = None
    found: str | None = None


class Verdict(View):
    """What is wrong with a document."""

    valid: bool
    diagnostics: list[DiagnosticView]


class CompilationView(View):
    """What a document becomes."""

    definition: Annotated[
        dict[str, Any] | None, Field(description="Amazon States Language; null where it does not compile.")
    ]
    type: str
    source_map: Annotated[dict[str, list[str]], Field(description="The nodes that each state stands for.")]
    children: Annotated[
        dict[str, dict[str, Any]], Field(description="Machines that this one starts for parts of its work.")
    ]
    permissions: list[dict[str, str]]
    estimate: Annotated[dict[str, Any] | None, Field(description="What a run costs, and how long it takes.")]
    diagnostics: list[DiagnosticView]


@router.post("/api/workflows/validate", summary="Check a document", tags=_TAG)
def validate_document(caller: Signed, services: Serving, body: Drawn) -> Success[Verdict]:
    """Tell everything that is wrong with a document."""
    workflow = None if body.workflow_id is None else WorkflowId(body.workflow_id)
    compilation = services.publishing.preview(caller, body.definition, workflow)
    return ok(Verdict(valid=compilation.ok, diagnostics=_diagnostics(compilation.to_json())))


@router.post("/api/workflows/<workflow_id>/validate", summary="Check a draft", tags=_TAG)
def validate_draft(caller: Signed, services: Serving, workflow_id: WorkflowPath) -> Success[Verdict]:
    """Tell everything that is wrong with a workflow's draft."""
    document = services.workflows.definition(services.workflows.get(caller, workflow_id))
    compilation = services.publishing.preview(caller, document, workflow_id)
    return ok(Verdict(valid=compilation.ok, diagnostics=_diagnostics(compilation.to_json())))


@router.post("/api/workflows/compile", summary="Compile a document", tags=_TAG)
def compile_document(caller: Signed, services: Serving, body: Pinned) -> Success[CompilationView]:
    """Give the state machine that a document becomes, with its estimate; nothing is created."""
    workflow = None if body.workflow_id is None else WorkflowId(body.workflow_id)
    compiled: dict[str, Any] = services.publishing.preview(caller, body.definition, workflow, body.pins).to_json()
    estimate = compiled["estimate"]
    return ok(
        CompilationView(
            definition=compiled["definition"],
            type=compiled["type"],
            source_map=compiled["sourceMap"],
            children=compiled["children"],
            permissions=compiled["permissions"],
            estimate=None if estimate is None else {_ESTIMATE[name]: value for name, value in estimate.items()},
            diagnostics=_diagnostics(compiled),
        )
    )


def _diagnostics(compiled: dict[str, Json]) -> list[DiagnosticView]:
    diagnostics: Any = compiled["diagnostics"]
    return [DiagnosticView(**diagnostic) for diagnostic in diagnostics]
