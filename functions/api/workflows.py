"""Routes: workflows and their drafts."""

from http import HTTPStatus
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from millrace.services.caller import Caller
from millrace.services.errors import Fault, InvalidRequestError, RevisionRequiredError
from millrace.services.workflows import Change, Draft, Workflows
from millrace.store.port import PageRequest, WorkflowFilter
from millrace.store.records import Page, Workflow, WorkflowSort

from .dependencies import Serving, Signed
from .envelope import Success, View, ok
from .parameters import Body, Cursor, Definition, Description, Folder, Limit, Name, Tags, WorkflowPath
from .views import Pagination, WorkflowDetail, WorkflowView

router = APIGatewayHttpRouter()

_TAG = ["Workflows"]


class WorkflowList(View):
    """Some workflows."""

    workflows: list[WorkflowView]
    pagination: Pagination


class NewWorkflow(Body):
    """A workflow that is to be."""

    name: Name
    description: Description = ""
    definition: Definition
    folder: Folder = ""
    tags: Tags = []  # noqa: RUF012 -- pydantic copies it


class WorkflowChange(Body):
    """What is to change; what is left out stays."""

    name: Name | None = None
    description: Description | None = None
    definition: Definition | None = None
    folder: Folder | None = None
    tags: Tags | None = None
    revision: Annotated[
        int | None, Field(ge=1, description="The revision that was changed; may be given as If-Match instead.")
    ] = None


class Copy(Body):
    """How a copy is called."""

    name: Name | None = None


class Deleted(View):
    """What was deleted."""

    deleted: Literal[True] = True
    id: str


class LabelsView(View):
    """The folders and tags in use, each with its number of workflows."""

    folders: dict[str, int]
    tags: dict[str, int]


@router.get("/api/workflows", summary="List workflows", tags=_TAG)
def list_workflows(
    caller: Signed,
    services: Serving,
    search: Annotated[str, Query(max_length=200, description="Looks into names and descriptions.")] = "",
    folder: Annotated[str | None, Query(max_length=200, description="Only this folder's.")] = None,
    tags: Annotated[str, Query(max_length=1000, description="Only those with all these tags, parted by commas.")] = "",
    deleted: Annotated[bool, Query(description="The deleted ones instead.")] = False,
    sort: Annotated[WorkflowSort, Query(description="By what.")] = WorkflowSort.CREATED,
    order: Annotated[Literal["asc", "desc"], Query(description="Which way.")] = "desc",
    limit: Limit = 20,
    cursor: Cursor = None,
    page: Annotated[int | None, Query(ge=1, le=100, description="In place of a cursor: which page.")] = None,
) -> Success[WorkflowList]:
    """Give a page of the workspace's workflows."""
    filter_ = WorkflowFilter(
        search=search.strip(),
        folder=folder,
        tags=tuple(tag for tag in (one.strip() for one in tags.split(",")) if tag),
        deleted=deleted,
        sort=sort,
        descending=order == "desc",
    )
    found = _page(services.workflows, caller, filter_, PageRequest(limit, cursor), page or 1)
    unfiltered = not (filter_.search or filter_.folder is not None or filter_.tags or deleted)
    total = services.workflows.count(caller) if unfiltered else None
    number = page if page is not None or cursor is not None else 1
    return ok(
        WorkflowList(
            workflows=[WorkflowView.of(workflow) for workflow in found.records],
            pagination=Pagination.of(found, limit, number, total),
        )
    )


@router.post("/api/workflows", summary="Create a workflow", tags=_TAG, status_code=HTTPStatus.CREATED)
def create_workflow(caller: Signed, services: Serving, body: NewWorkflow) -> Success[WorkflowDetail]:
    """Create a workflow with a draft; it need not compile yet."""
    draft = Draft(body.name, body.definition, body.description, body.folder, tuple(body.tags))
    workflow = services.workflows.create(caller, draft)
    return ok(_detail(services.workflows, workflow))


@router.get("/api/workflows/labels", summary="List folders and tags", tags=_TAG)
def list_labels(caller: Signed, services: Serving) -> Success[LabelsView]:
    """Give the folders and tags in use."""
    labels = services.workflows.labels(caller)
    return ok(LabelsView(folders=labels.folders, tags=labels.tags))


@router.get("/api/workflows/<workflow_id>", summary="Get a workflow", tags=_TAG)
def get_workflow(caller: Signed, services: Serving, workflow_id: WorkflowPath) -> Success[WorkflowDetail]:
    """Give a workflow with the definition of its draft."""
    return ok(_detail(services.workflows, services.workflows.get(caller, workflow_id)))


@router.put("/api/workflows/<workflow_id>", summary="Save a workflow", tags=_TAG)
def update_workflow(
    caller: Signed,
    services: Serving,
    workflow_id: WorkflowPath,
    body: WorkflowChange,
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="The revision that was changed; `*` saves over any.")
    ] = None,
) -> Success[WorkflowView]:
    """Save a draft on top of the revision that the change was made on.

    When somebody saved meanwhile, the answer is 409 REVISION_CONFLICT with the workflow and the definition as they are.
    """
    change = Change(
        name=body.name,
        definition=body.definition,
        description=body.description,
        folder=body.folder,
        tags=None if body.tags is None else tuple(body.tags),
    )
    workflow = services.workflows.update(caller, workflow_id, change, _seen(body.revision, if_match))
    return ok(WorkflowView.of(workflow))


@router.delete("/api/workflows/<workflow_id>", summary="Delete a workflow", tags=_TAG)
def delete_workflow(caller: Signed, services: Serving, workflow_id: WorkflowPath) -> Success[Deleted]:
    """Delete a workflow; it can be restored."""
    return ok(Deleted(id=services.workflows.delete(caller, workflow_id).id))


@router.post("/api/workflows/<workflow_id>/restore", summary="Restore a workflow", tags=_TAG)
def restore_workflow(caller: Signed, services: Serving, workflow_id: WorkflowPath) -> Success[WorkflowView]:
    """Take back that a workflow was deleted."""
    return ok(WorkflowView.of(services.workflows.restore(caller, workflow_id)))


@router.post(
    "/api/workflows/<workflow_id>/duplicate", summary="Copy a workflow", tags=_TAG, status_code=HTTPStatus.CREATED
)
def duplicate_workflow(
    caller: Signed, services: Serving, workflow_id: WorkflowPath, body: Copy | None = None
) -> Success[WorkflowDetail]:
    """Create a workflow with another one's draft."""
    workflow = services.workflows.duplicate(caller, workflow_id, body.name if body is not None else None)
    return ok(_detail(services.workflows, workflow))


def _detail(workflows: Workflows, workflow: Workflow) -> WorkflowDetail:
    return WorkflowDetail.with_definition(workflow, workflows.definition(workflow))


def _page(
    workflows: Workflows, caller: Caller, filter_: WorkflowFilter, request: PageRequest, number: int
) -> Page[Workflow]:
    """Give a page by its number, counted from where the cursor leads."""
    found = workflows.find(caller, filter_, request)
    for _ in range(number - 1):
        if found.cursor is None:
            return Page(())
        found = workflows.find(caller, filter_, PageRequest(request.limit, found.cursor))
    return found


def _seen(revision: int | None, if_match: str | None) -> int | None:
    """Give the revision that a save is made on; None: whatever is there."""
    if if_match is not None:
        text = if_match.strip().removeprefix("W/").strip('"')
        if text == "*":
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise InvalidRequestError(
                [Fault("If-Match", f'expected a revision, such as "3", or *, found {if_match!r}')]
            )
        if revision is not None and revision != int(text):
            raise InvalidRequestError([Fault("revision", f"expected {text}, as If-Match says, found {revision}")])
        return int(text)
    if revision is None:
        raise RevisionRequiredError
    return revision
