"""Tasks that wait for a person."""

from datetime import datetime
from typing import Final

from pynamodb.expressions.operand import Path

from millrace.model import NodeId
from millrace.store import keys
from millrace.store.cursors import Listing
from millrace.store.items import WAITING, Items, indexed
from millrace.store.port import PageRequest
from millrace.store.records import Page, RunId, Waiting, WorkspaceId
from millrace.store.table import ConditionFailedError, integer, text

GRACE_SECONDS: Final = 24 * 3600
"""How long a task stays in the inbox after it expired: the run learns of it first."""


class PeopleItems(Items):
    """Tasks that wait for a person, in the table."""

    def put_waiting(self, waiting: Waiting) -> None:
        """Write that a task waits; a new attempt of the same node takes its place."""
        key = keys.waiting_key(waiting.workspace, waiting.run, waiting.node, waiting.path)
        until = datetime.fromisoformat(waiting.expires).timestamp() if waiting.expires is not None else None
        sort = keys.sort_key(waiting.created, waiting.run, waiting.node, waiting.path)
        self._table.put(
            {
                **self._item(
                    WAITING,
                    waiting,
                    key,
                    token=text(waiting.token),
                    expires=integer(int(until + GRACE_SECONDS)) if until is not None else None,
                ),
                **indexed(1, keys.inbox_partition(waiting.workspace), sort),
            }
        )

    def waiting(self, workspace: WorkspaceId, run: RunId, node: NodeId, path: str = "") -> Waiting | None:
        """Find who is waited for."""
        return self._found(WAITING, self._table.get(keys.waiting_key(workspace, run, node, path)))

    def take_waiting(self, waiting: Waiting) -> bool:
        """Remove it; tell whether this call did."""
        key = keys.waiting_key(waiting.workspace, waiting.run, waiting.node, waiting.path)
        try:
            self._table.delete(key, Path("token") == waiting.token)
        except ConditionFailedError:
            return False
        return True

    def inbox(self, workspace: WorkspaceId, page: PageRequest) -> Page[Waiting]:
        """List who is waited for, oldest first."""
        items, cursor = self._table.page(Listing(keys.inbox_partition(workspace), "by_1"), page)
        return Page(self._records(WAITING, items), cursor)
