"""What holds for the store as a whole: creation, conflicts, and a database that leaves work undone."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from millrace.store.dynamo_store import DynamoStore
from millrace.store.errors import RevisionConflictError, StoreUnavailableError
from millrace.store.port import PageRequest, Store
from millrace.store.records import Workflow, WorkspaceId
from millrace.store.settings import StoreSettings
from tests.store.conftest import aws, dynoxide
from tests.store.records import new_id, run, step, workflow

SAVERS = 200


def test_dynamo_store_has_the_whole_port(store: DynamoStore) -> None:
    port: Store = store
    assert port is store


def test_creating_table_and_bucket_again_changes_nothing(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {})
    store.create_table()
    store.create_bucket()
    assert store.workflow(workspace, created.id) == created


def test_of_concurrent_saves_one_wins_each_revision_and_the_others_are_told(
    shared_store: DynamoStore, workspace: WorkspaceId
) -> None:
    created = workflow(workspace)
    shared_store.create_workflow(created, {"saver": None})

    def save(saver: int) -> Workflow | RevisionConflictError:
        try:
            return shared_store.save_workflow(replace(created, name=f"by {saver}"), {"saver": saver})
        except RevisionConflictError as conflict:
            return conflict

    with ThreadPoolExecutor(32) as threads:
        outcomes = list(threads.map(save, range(SAVERS)))
    [winner] = [outcome for outcome in outcomes if isinstance(outcome, Workflow)]
    conflicts = [outcome for outcome in outcomes if isinstance(outcome, RevisionConflictError)]
    assert {conflict.current for conflict in conflicts} == {winner}
    assert shared_store.workflow(workspace, created.id) == winner
    assert shared_store.document(workspace, created.id) == {"saver": int(winner.name.removeprefix("by "))}


def test_no_concurrent_save_is_lost_when_conflicts_are_tried_again(
    shared_store: DynamoStore, workspace: WorkspaceId
) -> None:
    created = workflow(workspace)
    shared_store.create_workflow(created, {})

    def add_tag(tag: int) -> None:
        seen = created
        while True:
            try:
                shared_store.save_workflow(replace(seen, tags=(*seen.tags, str(tag))), {"tag": tag})
                return
            except RevisionConflictError as conflict:
                seen = cast("Workflow", conflict.current)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add_tag, range(24)))
    found = shared_store.workflow(workspace, created.id)
    assert found is not None
    assert found.revision == 25
    assert sorted(map(int, found.tags)) == list(range(24))


def test_of_concurrent_claims_one_is_granted(shared_store: DynamoStore) -> None:
    key = new_id()
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(shared_store.claim, [key] * 50, [60] * 50)).count(True) == 1


def test_what_was_acknowledged_survives_a_killed_database(tmp_path: Path) -> None:
    with aws():
        created = workflow(WorkspaceId("w"))
        with dynoxide(tmp_path) as url:
            before = DynamoStore(StoreSettings("millrace-test", "millrace-test", "us-east-1", url))
            before.create_table()
            before.create_workflow(created, {"n": 1})
            before.save_workflow(created, {"n": 2})
        with dynoxide(tmp_path) as url:
            after = DynamoStore(StoreSettings("millrace-test", "millrace-test", "us-east-1", url))
            after.create_table()
            assert after.workflow(created.workspace, created.id) == replace(created, revision=2)
            assert after.document(created.workspace, created.id) == {"n": 2}


class Reluctant(ThreadingHTTPServer):
    """A database that leaves all but the first item of a batch undone.

    Attributes:
        written: Sort keys, in the order in which they were written.
        stubborn: Whether it writes nothing at all.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ReluctantHandler)
        self.written: list[str] = []
        self.stubborn = False


class ReluctantHandler(BaseHTTPRequestHandler):
    server: Reluctant  # type: ignore[assignment]

    def do_POST(self) -> None:
        body: Any = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        [(table, requests)] = body["RequestItems"].items()
        done = 0 if self.server.stubborn else 1
        self.server.written += [request["PutRequest"]["Item"]["sk"]["S"] for request in requests[:done]]
        left = {table: requests[done:]} if requests[done:] else {}
        answer = json.dumps({"UnprocessedItems": left}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the base class's name


@pytest.fixture
def reluctant() -> Iterator[Reluctant]:
    with Reluctant() as server, aws():
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def reluctant_store(server: Reluctant) -> DynamoStore:
    url = f"http://127.0.0.1:{server.server_address[1]}"
    return DynamoStore(StoreSettings("millrace-test", "millrace-test", "us-east-1", url))


def test_what_a_batch_leaves_undone_is_tried_again(reluctant: Reluctant) -> None:
    owner = run(WorkspaceId("w"))
    reluctant_store(reluctant).put_steps([step(owner, "a"), step(owner, "b"), step(owner, "c")])
    assert [key.split("\x01")[0] for key in reluctant.written] == ["a", "b", "c"]


def test_what_stays_undone_is_an_error(reluctant: Reluctant) -> None:
    reluctant.stubborn = True
    with pytest.raises(StoreUnavailableError, match="busy"):
        reluctant_store(reluctant).put_steps([step(run(WorkspaceId("w")))])


def test_database_that_is_away_is_an_error_that_says_so() -> None:
    with aws():
        away = DynamoStore(StoreSettings("millrace-test", "millrace-test", "us-east-1", "http://127.0.0.1:1"))
        with pytest.raises(StoreUnavailableError, match="expected the table 'millrace-test' to answer"):
            away.steps(WorkspaceId("w"), run(WorkspaceId("w")).id, PageRequest())
