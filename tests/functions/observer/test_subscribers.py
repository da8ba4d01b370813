"""Telling connections of runs."""

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from functions.observer.subscribers import MOST, Subscribers

from millrace.store.records import Connection, ConnectionId, RunId, UserId, WorkspaceId
from tests.services.memory_store import MemoryStore

RUN = RunId("run")
MESSAGE: dict[str, Any] = {"type": "node:started", "execution_id": "run"}


class Post:
    """Stands for the management API; fails for connections with these names."""

    def __init__(self, failing: dict[str, Exception] | None = None) -> None:
        self.failing = failing or {}
        self.sent: list[str] = []

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:  # noqa: N803 - boto3's names
        del Data
        if ConnectionId in self.failing:
            raise self.failing[ConnectionId]
        self.sent.append(ConnectionId)


def watched_by(names: Sequence[str]) -> MemoryStore:
    store = MemoryStore()
    for name in names:
        connection = ConnectionId(name)
        store.put_connection(Connection(connection, WorkspaceId("w"), UserId("u"), "2027-01-15T08:00:00.000Z"))
        store.subscribe(connection, RUN)
    return store


def gone(code: str = "GoneException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "410"}}, "PostToConnection")


def test_a_connection_that_is_gone_is_removed_and_the_others_are_told() -> None:
    store, post = watched_by(["a", "b"]), Post({"a": gone()})
    Subscribers(store, post).tell(RUN, [MESSAGE, MESSAGE])
    assert post.sent == ["b", "b"]
    assert store.connection(ConnectionId("a")) is None
    assert store.subscribers(RUN) == ["b"]


@pytest.mark.parametrize("fault", [gone("LimitExceededException"), EndpointConnectionError(endpoint_url="http://x")])
def test_other_faults_are_logged_and_nobody_is_removed(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    store, post = watched_by(["a", "b"]), Post({"a": fault})
    Subscribers(store, post).tell(RUN, [MESSAGE])
    assert post.sent == ["b"]
    assert store.connection(ConnectionId("a")) is not None
    assert "connection a was not told of a run" in caplog.text


def test_of_very_many_messages_the_latest_are_sent_and_those_of_the_run() -> None:
    store, post = watched_by(["a"]), Post()
    started: dict[str, Any] = {"type": "execution:started"}
    Subscribers(store, post).tell(RUN, [started, *[MESSAGE] * (MOST + 50)])
    assert len(post.sent) == MOST + 1


def test_without_a_socket_nobody_is_told() -> None:
    Subscribers(watched_by(["a"]), None).tell(RUN, [MESSAGE])
