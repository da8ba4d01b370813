from collections.abc import Callable

from millrace.store.dynamo_store import DynamoStore
from millrace.store.records import Connection, ConnectionId, RunId, UserId, WorkspaceId
from tests.store.records import MOMENT, new_id


def connection(workspace: WorkspaceId, *runs: RunId) -> Connection:
    return Connection(ConnectionId(new_id()), workspace, UserId("ada"), MOMENT, frozenset(runs))


def test_connection_comes_back_with_its_runs(store: DynamoStore, workspace: WorkspaceId) -> None:
    first, second = RunId(new_id()), RunId(new_id())
    opened = connection(workspace, first, second)
    store.put_connection(opened)
    assert store.connection(opened.id) == opened
    assert store.connection(ConnectionId("none")) is None


def test_subscribers_of_a_run_come_and_go(store: DynamoStore, workspace: WorkspaceId) -> None:
    run = RunId(new_id())
    one, other = connection(workspace), connection(workspace)
    for opened in (one, other):
        store.put_connection(opened)
        store.subscribe(opened.id, run)
        store.subscribe(opened.id, run)
    assert sorted(store.subscribers(run)) == sorted([one.id, other.id])
    store.unsubscribe(one.id, run)
    assert store.subscribers(run) == [other.id]
    store.delete_connection(other.id)
    store.delete_connection(other.id)
    assert store.subscribers(run) == []
    assert store.connection(other.id) is None


def test_connection_is_forgotten_after_a_day(
    store: DynamoStore, workspace: WorkspaceId, later: Callable[[float], DynamoStore]
) -> None:
    run = RunId(new_id())
    opened = connection(workspace, run)
    store.put_connection(opened)
    assert later(25 * 3600).connection(opened.id) is None
    assert later(25 * 3600).subscribers(run) == []
