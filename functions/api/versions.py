"""Routes: published versions."""

from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from millrace.services.comparison import Comparison
from millrace.store.port import PageRequest
from millrace.store.records import UserId, Version, WorkflowId

from .dependencies import Serving, Signed
from .envelope import Success, View, ok
from .parameters import Body, Cursor, Limit, WorkflowPath
from .views import Pagination, WorkflowView

if TYPE_CHECKING:
    from millrace.services.publishing import Published

router = APIGatewayHttpRouter()

_TAG = ["Versions"]

NumberPath = Annotated[int, Path(ge=1, le=1_000_000_000, description="The version's number.")]
Side = Annotated[int, Field(ge=1, le=1_000_000_000)] | Literal["draft"]


class VersionView(View):
    """A published version."""

    workflow_id: WorkflowId
    version: int
    message: str
    author_id: UserId
    created_at: str
    machine_version_arn: str

    @classmethod
    def of(cls, version: Version) -> "VersionView":
        """Show a version."""
        return cls(**_members(version))


class VersionDetail(VersionView):
    """A published version with its definition."""

    definition: Annotated[dict[str, Any], Field(description="The workflow document that was published.")]


class VersionList(View):
    """Some versions, newest first."""

    versions: list[VersionView]
    live_version: Annotated[int | None, Field(description="The one that runs.")]
    pagination: Pagination


class Live(View):
    """What is live now."""

    workflow: WorkflowView
    version: VersionView


class FieldChangeView(View):
    """One field that differs."""

    field: Annotated[str, Field(description="Dotted path, such as data.cases[0].equals.")]
    before: Any
    after: Any
    kind: Literal["added", "removed", "changed"]


class NodeChangeView(View):
    """A node that is in both, and differs."""

    node: str
    type: str
    fields: list[FieldChangeView]
    moved: bool


class NodeEntryView(View):
    """A node that is in one only."""

    node: str
    type: str
    label: str


class EdgeEntryView(View):
    """An edge that is in one only."""

    source: str
    target: str
    port: str


class ComparisonView(View):
    """What differs between two versions."""

    identical: bool
    added: list[NodeEntryView]
    removed: list[NodeEntryView]
    changed: list[NodeChangeView]
    moved: Annotated[
        list[str], Field(description="Nodes that stand elsewhere on the canvas, and are the same otherwise.")
    ]
    edges_added: list[EdgeEntryView]
    edges_removed: list[EdgeEntryView]
    settings: Annotated[list[FieldChangeView], Field(description="What differs beside nodes and edges.")]

    @classmethod
    def of(cls, comparison: Comparison) -> "ComparisonView":
        """Show a comparison."""
        return cls.model_validate({**asdict(comparison), "identical": comparison.identical})


class Publication(Body):
    """What is published."""

    message: Annotated[str, Field(max_length=1000, description="What is new.")] = ""
    revision: Annotated[int | None, Field(ge=1, description="The revision that is meant; default: the latest.")] = None


class Rollback(Body):
    """Where to go back to."""

    version: Annotated[int, Field(ge=1, le=1_000_000_000)]


@router.post(
    "/api/workflows/<workflow_id>/publish", summary="Publish a workflow", tags=_TAG, status_code=HTTPStatus.CREATED
)
def publish_workflow(
    caller: Signed, services: Serving, workflow_id: WorkflowPath, body: Publication | None = None
) -> Success[Live]:
    """Make a version of the draft, and make it live; what was live before stays so unless everything succeeds.

    A draft that does not compile is refused with 422 INVALID_DOCUMENT and all diagnostics.
    """
    asked = body or Publication()
    return ok(_live(services.publishing.publish(caller, workflow_id, asked.message, asked.revision)))


@router.get("/api/workflows/<workflow_id>/versions", summary="List versions", tags=_TAG)
def list_versions(
    caller: Signed, services: Serving, workflow_id: WorkflowPath, limit: Limit = 20, cursor: Cursor = None
) -> Success[VersionList]:
    """Give a page of a workflow's versions, newest first."""
    workflow = services.workflows.get(caller, workflow_id)
    found = services.versions.find(caller, workflow_id, PageRequest(limit, cursor))
    return ok(
        VersionList(
            versions=[VersionView.of(version) for version in found.records],
            live_version=workflow.published,
            pagination=Pagination.of(found, limit),
        )
    )


@router.get("/api/workflows/<workflow_id>/versions/compare", summary="Compare versions", tags=_TAG)
def compare_versions(
    caller: Signed,
    services: Serving,
    workflow_id: WorkflowPath,
    before: Annotated[Side, Query(alias="from", description="A version's number, or draft.")],
    after: Annotated[Side, Query(alias="to", description="A version's number, or draft.")] = "draft",
) -> Success[ComparisonView]:
    """Tell what differs: nodes with their fields, edges, settings."""
    comparison = services.versions.compare(
        caller, workflow_id, None if before == "draft" else before, None if after == "draft" else after
    )
    return ok(ComparisonView.of(comparison))


@router.get("/api/workflows/<workflow_id>/versions/<version>", summary="Get a version", tags=_TAG)
def get_version(
    caller: Signed, services: Serving, workflow_id: WorkflowPath, version: NumberPath
) -> Success[VersionDetail]:
    """Give a version with its definition."""
    found = services.versions.get(caller, workflow_id, version)
    return ok(VersionDetail.model_validate({**_members(found), "definition": found.document}))


@router.post("/api/workflows/<workflow_id>/rollback", summary="Roll back", tags=_TAG)
def rollback_workflow(caller: Signed, services: Serving, workflow_id: WorkflowPath, body: Rollback) -> Success[Live]:
    """Make an earlier version live again; the draft stays as it is."""
    return ok(_live(services.publishing.rollback(caller, workflow_id, body.version)))


def _live(published: "Published") -> Live:
    return Live(workflow=WorkflowView.of(published.workflow), version=VersionView.of(published.version))


def _members(version: Version) -> dict[str, Any]:
    return {
        "workflow_id": version.workflow,
        "version": version.number,
        "message": version.message,
        "author_id": version.author,
        "created_at": version.created,
        "machine_version_arn": version.machine_version,
    }
