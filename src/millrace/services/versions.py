"""Published versions: list, get, compare."""

from typing import cast

from millrace.model import Json
from millrace.services.caller import Caller
from millrace.services.comparison import Comparison, compare
from millrace.services.errors import ErrorCode, NotFoundError
from millrace.services.workflows import Workflows, invalid_cursor
from millrace.store.errors import InvalidCursorError
from millrace.store.port import PageRequest, Store
from millrace.store.records import Page, Version, WorkflowId


class Versions:
    """The versions of workflows.

    Args:
        store: Where they are.
        workflows: Finds their workflows.
    """

    def __init__(self, store: Store, workflows: Workflows) -> None:
        self._store = store
        self._workflows = workflows

    def find(self, caller: Caller, workflow: WorkflowId, page: PageRequest) -> Page[Version]:
        """List a workflow's versions, newest first, without their documents.

        Raises:
            NotFoundError: There is no such workflow.
            InvalidRequestError: The cursor is none of this list.
        """
        self._workflows.get(caller, workflow)
        try:
            return self._store.versions(caller.workspace, workflow, page)
        except InvalidCursorError as error:
            raise invalid_cursor() from error

    def get(self, caller: Caller, workflow: WorkflowId, number: int) -> Version:
        """Give a version.

        Raises:
            NotFoundError: There is no such workflow, or no such version of it.
        """
        self._workflows.get(caller, workflow)
        version = self._store.version(caller.workspace, workflow, number)
        if version is None:
            raise NotFoundError(
                ErrorCode.VERSION_NOT_FOUND, f"workflow {workflow!r} has no version {number}; list its versions"
            )
        return version

    def compare(self, caller: Caller, workflow: WorkflowId, before: int | None, after: int | None) -> Comparison:
        """Compare two versions; None is the draft.

        Raises:
            NotFoundError: There is no such workflow, or no such version of it.
        """
        return compare(self._document(caller, workflow, before), self._document(caller, workflow, after))

    def _document(self, caller: Caller, workflow: WorkflowId, number: int | None) -> dict[str, Json]:
        if number is None:
            return self._workflows.definition(self._workflows.get(caller, workflow))
        return cast("dict[str, Json]", self.get(caller, workflow, number).document)
