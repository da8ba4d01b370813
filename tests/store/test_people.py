from collections.abc import Callable
from dataclasses import replace

from millrace.store.dynamo_store import DynamoStore
from millrace.store.port import PageRequest
from millrace.store.records import WorkspaceId
from tests.store.conftest import NOW
from tests.store.records import waiting

EXPIRES = "2026-11-18T11:00:00.000Z"
HOUR = 3600.0


def test_waiting_task_is_found_until_it_is_taken(store: DynamoStore, workspace: WorkspaceId) -> None:
    written = waiting(workspace, path="each/3")
    store.put_waiting(written)
    assert store.waiting(workspace, written.run, written.node, "each/3") == written
    assert store.waiting(workspace, written.run, written.node) is None
    assert store.waiting(WorkspaceId("other"), written.run, written.node, "each/3") is None
    assert store.take_waiting(written)
    assert not store.take_waiting(written)
    assert store.waiting(workspace, written.run, written.node, "each/3") is None


def test_answer_to_a_former_attempt_takes_nothing(store: DynamoStore, workspace: WorkspaceId) -> None:
    former = waiting(workspace)
    store.put_waiting(former)
    store.put_waiting(replace(former, token="another"))
    assert not store.take_waiting(former)
    assert store.waiting(workspace, former.run, former.node) == replace(former, token="another")


def test_inbox_lists_the_oldest_first(store: DynamoStore, workspace: WorkspaceId) -> None:
    written = [waiting(workspace, created=f"2026-11-21T07:30:0{second}.000Z") for second in range(5)]
    for record in reversed(written):
        store.put_waiting(record)
    first = store.inbox(workspace, PageRequest(3))
    second = store.inbox(workspace, PageRequest(3, first.cursor))
    assert [*first.records, *second.records] == written
    assert second.cursor is None


def test_expired_task_leaves_the_inbox_a_day_later(
    store: DynamoStore, workspace: WorkspaceId, later: Callable[[float], DynamoStore]
) -> None:
    lasting, expiring = waiting(workspace), waiting(workspace, expires=EXPIRES)
    store.put_waiting(lasting)
    store.put_waiting(expiring)
    until = 1_794_999_600 - NOW
    assert len(later(until + 23 * HOUR).inbox(workspace, PageRequest()).records) == 2
    assert later(until + 25 * HOUR).inbox(workspace, PageRequest()).records == (lasting,)
