"""The WebSocket API's function, on a store in memory."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from functions.socket.app import SocketApi
from functions.socket.messages import STATE_LIMIT, Desk
from functions.socket.post import GoneError

from millrace.model import Json, NodeId
from millrace.services.people import People
from millrace.store.records import (
    Connection,
    ConnectionId,
    Run,
    RunId,
    RunStatus,
    Step,
    StepStatus,
    UserId,
    WorkflowId,
    WorkspaceId,
)
from tests.services.memory_store import MemoryStore

EVENTS = Path(__file__).parents[3] / "events"
RUN = RunId("3f1c6a52-9a3e-4d59-9d7e-6f2b8f6f0d11")
CONNECTION = ConnectionId("L0SM9cOFvHcCIhw=")


class Sent:
    """Keeps what is sent, as the management API would send it."""

    def __init__(self, *, opens_after: int = 0) -> None:
        self.messages: list[Mapping[str, Json]] = []
        self.tries = 0
        self.opens_after = opens_after

    def send(self, connection: ConnectionId, message: Mapping[str, Json]) -> None:
        assert connection == CONNECTION
        self.tries += 1
        if self.tries <= self.opens_after:
            raise GoneError
        self.messages.append(message)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def api(store: MemoryStore) -> SocketApi:
    return SocketApi(Desk(store, lambda: People(store), lambda: 0.0), "local")


def context(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"socket-{name}.json").read_text())["requestContext"]


def run(workspace: str = "local", **members: Any) -> Run:
    given = dict[str, Any](status=RunStatus.RUNNING, started="2026-11-21T07:30:00.000Z", inputs={}) | members
    return Run(RUN, WorkflowId("w"), WorkspaceId(workspace), UserId("local"), **given)


def said(api: SocketApi, message: object) -> dict[str, Any]:
    """Give the answer to a message of the connection."""
    sent = Sent()
    api.receive(context("message"), message if isinstance(message, str) else json.dumps(message), sent)
    (answer,) = sent.messages
    return dict(answer)


def test_a_connection_belongs_to_the_local_user(api: SocketApi, store: MemoryStore) -> None:
    api.connect(context("connect"))
    assert store.connection(CONNECTION) == Connection(
        CONNECTION, WorkspaceId("local"), UserId("local"), "1970-01-01T00:00:00.000Z"
    )


def test_a_connection_of_a_signed_in_user_has_their_workspace(api: SocketApi, store: MemoryStore) -> None:
    api.connect(context("connect") | {"authorizer": {"claims": {"sub": "ada"}}})
    found = store.connection(CONNECTION)
    assert found is not None
    assert (found.workspace, found.user) == ("ada", "ada")


def test_a_client_is_told_that_it_is_connected_once_it_is(api: SocketApi) -> None:
    sent = Sent(opens_after=2)
    api.establish(CONNECTION, sent)
    assert [message["type"] for message in sent.messages] == ["connection:established"]
    assert sent.messages[0]["connection_id"] == CONNECTION


def test_subscribing_gives_the_state_and_then_events(api: SocketApi, store: MemoryStore) -> None:
    api.connect(context("connect"))
    store.create_run(run(outputs={"a": 1}))
    store.put_steps([Step(RUN, NodeId("n"), WorkspaceId("local"), StepStatus.COMPLETED)])
    answer = said(api, {"type": "subscribe", "execution_id": RUN})
    assert (answer["type"], answer["execution_id"], answer["workflow_id"]) == ("execution:state", RUN, "w")
    assert answer["data"]["status"] == "running"
    assert answer["data"]["outputs"] == {"a": 1}
    assert answer["data"]["nodes"]["n"]["status"] == "completed"
    assert store.subscribers(RUN) == [CONNECTION]


def test_a_run_of_another_workspace_does_not_exist(api: SocketApi, store: MemoryStore) -> None:
    api.connect(context("connect"))
    store.create_run(run("somebody"))
    answer = said(api, {"type": "subscribe", "execution_id": RUN})
    assert (answer["type"], answer["code"]) == ("error", "EXECUTION_NOT_FOUND")
    assert store.subscribers(RUN) == []


def test_unsubscribing_ends_the_events(api: SocketApi, store: MemoryStore) -> None:
    api.connect(context("connect"))
    store.create_run(run())
    said(api, {"type": "subscribe", "execution_id": RUN})
    assert said(api, {"type": "unsubscribe", "execution_id": RUN})["type"] == "unsubscribed"
    assert store.subscribers(RUN) == []


def test_a_state_that_is_too_large_is_cut(api: SocketApi, store: MemoryStore) -> None:
    api.connect(context("connect"))
    store.create_run(run(outputs={"a": "x" * STATE_LIMIT}))
    state = said(api, {"type": "subscribe", "execution_id": RUN})["data"]
    assert (state["outputs"], state["truncated"]) == (None, True)


def test_a_connection_whose_record_is_gone_is_taken_up_again(api: SocketApi, store: MemoryStore) -> None:
    assert said(api, {"type": "ping"})["type"] == "pong"
    assert store.connection(CONNECTION) is not None


def test_a_closed_connection_is_forgotten(api: SocketApi, store: MemoryStore) -> None:
    api.connect(context("connect"))
    store.create_run(run())
    said(api, {"type": "subscribe", "execution_id": RUN})
    api.disconnect(context("disconnect"))
    assert store.connection(CONNECTION) is None
    assert store.subscribers(RUN) == []


def test_a_connection_that_is_gone_is_forgotten(api: SocketApi, store: MemoryStore) -> None:
    api.connect(context("connect"))
    api.receive(context("message"), '{"type": "ping"}', Sent(opens_after=1))
    assert store.connection(CONNECTION) is None


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "MALFORMED_JSON"),
        ([], "INVALID_REQUEST"),
        ({"type": "dance"}, "INVALID_REQUEST"),
        ({"type": "subscribe"}, "INVALID_REQUEST"),
        ({"type": "unsubscribe", "execution_id": 7}, "INVALID_REQUEST"),
        ({"type": "user:input:response", "execution_id": RUN}, "INVALID_REQUEST"),
    ],
)
def test_a_message_that_cannot_be_understood_is_explained(api: SocketApi, message: object, code: str) -> None:
    answer = said(api, message)
    assert (answer["type"], answer["code"]) == ("error", code)
    assert answer["message"].startswith("expected ")
