"""Records as the API shows them."""

from typing import Annotated, Any

from pydantic import Field

from millrace.store.records import Page, RunId, RunStatus, UserId, Workflow, WorkflowId

from .envelope import View


class WorkflowView(View):
    """A workflow without its definition."""

    id: WorkflowId
    name: str
    description: str
    folder: str
    tags: list[str]
    version: Annotated[int, Field(description="The same as `revision`.")]
    revision: Annotated[int, Field(description="Counts saves of the draft; a save names the revision that it saw.")]
    published_version: Annotated[
        int | None, Field(description="The version that is live; null before the first publish.")
    ]
    latest_version: Annotated[int, Field(description="The highest version number given; 0 before the first publish.")]
    owner_id: UserId
    created_at: str
    updated_at: str
    deleted_at: str | None
    last_execution_id: RunId | None
    last_status: RunStatus | None

    @classmethod
    def of(cls, workflow: Workflow) -> "WorkflowView":
        """Show a workflow."""
        return cls(**_members(workflow))


class WorkflowDetail(WorkflowView):
    """A workflow with the definition of its draft."""

    definition: Annotated[dict[str, Any], Field(description="The workflow document: nodes, edges, settings.")]

    @classmethod
    def with_definition(cls, workflow: Workflow, definition: dict[str, Any]) -> "WorkflowDetail":
        """Show a workflow and its draft."""
        return cls(**_members(workflow), definition=definition)


class Pagination(View):
    """Which part of a list this is."""

    limit: int
    next_cursor: Annotated[str | None, Field(description="Give it as `cursor` for the next page; null at the end.")]
    page: Annotated[int | None, Field(description="The page's number, where it was asked for by `page`.")] = None
    total: Annotated[int | None, Field(description="How many there are, where that is known.")] = None
    pages: Annotated[int | None, Field(description="How many pages there are, where that is known.")] = None

    @classmethod
    def of(cls, page: Page[Any], limit: int, number: int | None = None, total: int | None = None) -> "Pagination":
        """Tell where a page lies."""
        pages = None if total is None else -(-total // limit)
        return cls(limit=limit, next_cursor=page.cursor, page=number, total=total, pages=pages)


def _members(workflow: Workflow) -> dict[str, Any]:
    return {
        "id": workflow.id,
        "name": workflow.name,
        "description": workflow.description,
        "folder": workflow.folder,
        "tags": list(workflow.tags),
        "version": workflow.revision,
        "revision": workflow.revision,
        "published_version": workflow.published,
        "latest_version": workflow.latest_version,
        "owner_id": workflow.owner,
        "created_at": workflow.created,
        "updated_at": workflow.updated,
        "deleted_at": workflow.deleted,
        "last_execution_id": workflow.last_run,
        "last_status": workflow.last_status,
    }
