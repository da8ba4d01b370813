"""Workflows: their drafts, found, saved, copied, deleted and restored."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, cast

from millrace.model import Json
from millrace.services.caller import Caller
from millrace.services.errors import (
    ErrorCode,
    Fault,
    InvalidRequestError,
    NotFoundError,
    PreconditionError,
    RevisionError,
)
from millrace.services.moments import Clock, moment
from millrace.store.errors import InvalidCursorError, RecordNotFoundError, RevisionConflictError
from millrace.store.port import PageRequest, Store, WorkflowFilter
from millrace.store.records import Page, Workflow, WorkflowId

_TRIES: Final = 5
"""How often a change that does not depend on the draft is tried against people who save meanwhile."""

_LABELS_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Draft:
    """A workflow that is to be; its name and description are also the document's."""

    name: str
    definition: dict[str, Json]
    description: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What is to change in a workflow; None stays as it is."""

    name: str | None = None
    definition: dict[str, Json] | None = None
    description: str | None = None
    folder: str | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Labels:
    """What a workspace's workflows are sorted by, each with the number of workflows."""

    folders: dict[str, int]
    tags: dict[str, int]


class Workflows:
    """The workflows of workspaces.

    Args:
        store: Where they are kept.
        clock: The time.
    """

    def __init__(self, store: Store, clock: Clock = time.time) -> None:
        self._store = store
        self._clock = clock

    def find(self, caller: Caller, filter_: WorkflowFilter, page: PageRequest) -> Page[Workflow]:
        """List workflows.

        Raises:
            InvalidRequestError: The cursor is none of this list.
        """
        try:
            return self._store.workflows(caller.workspace, filter_, page)
        except InvalidCursorError as error:
            raise invalid_cursor() from error

    def count(self, caller: Caller) -> int:
        """Give how many workflows are not deleted."""
        return self._store.count_workflows(caller.workspace)

    def labels(self, caller: Caller) -> Labels:
        """Give the folders and tags in use."""
        folders: dict[str, int] = {}
        tags: dict[str, int] = {}
        page = PageRequest(_LABELS_PAGE)
        while True:
            found = self._store.workflows(caller.workspace, WorkflowFilter(), page)
            for workflow in found.records:
                if workflow.folder:
                    folders[workflow.folder] = folders.get(workflow.folder, 0) + 1
                for tag in workflow.tags:
                    tags[tag] = tags.get(tag, 0) + 1
            if found.cursor is None:
                return Labels(dict(sorted(folders.items())), dict(sorted(tags.items())))
            page = PageRequest(_LABELS_PAGE, found.cursor)

    def get(self, caller: Caller, workflow: WorkflowId) -> Workflow:
        """Give a workflow that is not deleted.

        Raises:
            NotFoundError: There is none.
        """
        found = self._store.workflow(caller.workspace, workflow)
        if found is None:
            raise not_found(workflow)
        if found.deleted is not None:
            raise NotFoundError(
                ErrorCode.WORKFLOW_NOT_FOUND,
                f"workflow {workflow!r} was deleted at {found.deleted}; restore it to use it again",
                {"deleted_at": found.deleted},
            )
        return found

    def definition(self, workflow: Workflow) -> dict[str, Json]:
        """Give the document of a workflow's draft, at the revision that the record has."""
        try:
            document = self._store.document(workflow.workspace, workflow.id, workflow.revision)
        except RecordNotFoundError:
            # Saved again since the record was read; the latest one is there in any case.
            document = self._store.document(workflow.workspace, workflow.id)
        return cast("dict[str, Json]", document)

    def create(self, caller: Caller, draft: Draft) -> Workflow:
        """Create a workflow."""
        now = moment(self._clock)
        workflow = Workflow(
            id=WorkflowId(str(uuid.uuid4())),
            workspace=caller.workspace,
            owner=caller.user,
            name=draft.name,
            created=now,
            updated=now,
            description=draft.description,
            folder=draft.folder,
            tags=draft.tags,
        )
        self._store.create_workflow(workflow, _document(workflow, draft.definition))
        return workflow

    def update(self, caller: Caller, workflow: WorkflowId, change: Change, seen: int | None) -> Workflow:
        """Save a draft.

        Args:
            caller: Who saves.
            workflow: Which.
            change: What changes.
            seen: The revision that the change was made on; None saves over whatever is there.

        Raises:
            NotFoundError: There is no such workflow.
            RevisionError: Somebody saved meanwhile.
        """

        def changed(current: Workflow) -> tuple[Workflow, Json]:
            if seen is not None and current.revision != seen:
                raise RevisionError(current, self.definition(current), seen)
            new = replace(
                current,
                name=change.name if change.name is not None else current.name,
                description=change.description if change.description is not None else current.description,
                folder=change.folder if change.folder is not None else current.folder,
                tags=change.tags if change.tags is not None else current.tags,
                updated=moment(self._clock),
            )
            named = (new.name, new.description) != (current.name, current.description)
            if change.definition is not None:
                return new, _document(new, change.definition)
            return new, _document(new, self.definition(current)) if named else None

        return self._save(lambda: self.get(caller, workflow), changed)

    def delete(self, caller: Caller, workflow: WorkflowId) -> Workflow:
        """Delete a workflow; it can be restored.

        Raises:
            NotFoundError: There is no such workflow.
        """
        return self._save(
            lambda: self.get(caller, workflow),
            lambda current: (replace(current, deleted=moment(self._clock)), None),
        )

    def restore(self, caller: Caller, workflow: WorkflowId) -> Workflow:
        """Take back that a workflow was deleted.

        Raises:
            NotFoundError: There is no such workflow.
            PreconditionError: It is not deleted.
        """

        def found() -> Workflow:
            current = self._store.workflow(caller.workspace, workflow)
            if current is None:
                raise not_found(workflow)
            if current.deleted is None:
                raise PreconditionError(
                    ErrorCode.WORKFLOW_NOT_DELETED, f"expected a deleted workflow, found {workflow!r} in use"
                )
            return current

        return self._save(found, lambda current: (replace(current, deleted=None, updated=moment(self._clock)), None))

    def duplicate(self, caller: Caller, workflow: WorkflowId, name: str | None = None) -> Workflow:
        """Create a workflow with another one's draft.

        Raises:
            NotFoundError: There is no such workflow.
        """
        original = self.get(caller, workflow)
        return self.create(
            caller,
            Draft(
                name=name or f"Copy of {original.name}"[:200],
                definition=self.definition(original),
                description=original.description,
                folder=original.folder,
                tags=original.tags,
            ),
        )

    def _save(self, read: Callable[[], Workflow], change: Callable[[Workflow], tuple[Workflow, Json]]) -> Workflow:
        """Read, change and write; again where somebody else wrote in between."""
        for tries_left in reversed(range(_TRIES)):
            current = read()
            new, document = change(current)
            try:
                return self._store.save_workflow(new, document)
            except RecordNotFoundError as error:
                raise not_found(current.id) from error
            except RevisionConflictError:
                if not tries_left:
                    latest = read()
                    raise RevisionError(latest, self.definition(latest), current.revision) from None
        raise AssertionError("the last try returns or raises")


def not_found(workflow: WorkflowId) -> NotFoundError:
    """Give the error for a workflow that the caller's workspace does not have."""
    return NotFoundError(ErrorCode.WORKFLOW_NOT_FOUND, f"there is no workflow {workflow!r}")


def invalid_cursor() -> InvalidRequestError:
    """Give the error for a cursor that is none."""
    return InvalidRequestError(
        [Fault("cursor", "expected the next_cursor of an earlier page of this list; leave it out for the first page")],
        ErrorCode.INVALID_CURSOR,
    )


def _document(workflow: Workflow, definition: dict[str, Json]) -> dict[str, Json]:
    """Give the document to keep: the record's name and description hold in it too."""
    described = {"description": workflow.description} if workflow.description else {}
    rest = {key: value for key, value in definition.items() if key not in ("name", "description")}
    return {"name": workflow.name, **described, **rest}
