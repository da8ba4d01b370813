"""Execution logs: what of a history is written, and that all of it reaches the subscriber, in order."""

import asyncio
import base64
import gc
import gzip
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from millrace.engine.definition import ExecutionType
from millrace.engine.messages import TaskSucceeded
from millrace.engine.payload import Payload
from millrace.model.json import Json
from millrace.stepfunctions.logs import BATCH, BATCH_CHARACTERS, LogSubscriber
from millrace.stepfunctions.records import ExecutionArn
from millrace.stepfunctions.subscription import LogEndpoint
from tests.stepfunctions.in_process_engine import InProcessEngine, opened, task, until

PASS = {"Type": "Pass"}
GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:/vendedlogs/m:*"

Course = Callable[[InProcessEngine], Coroutine[Any, Any, None]]


def logging(level: str, *, data: bool = False) -> Json:
    """Write a machine's logging configuration."""
    return {
        "level": level,
        "includeExecutionData": data,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}],
    }


class Subscriber:
    """Keeps what comes.

    Attributes:
        failures: How many messages it refuses from now on.
        open: Whether it takes messages at all; others wait.
    """

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.failures = 0
        self.open = True

    async def __call__(self, message: dict[str, Any]) -> None:
        if not self.open:
            await asyncio.Event().wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionError("it does not answer")
        self.messages.append(message)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Give what was logged, read."""
        return [json.loads(event["message"]) for message in self.messages for event in message["logEvents"]]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def ids(self) -> dict[ExecutionArn, list[int]]:
        """Give the ids of events, by execution, in the order in which they came."""
        ids: defaultdict[ExecutionArn, list[int]] = defaultdict(list)
        for event in self.events:
            ids[ExecutionArn(event["execution_arn"])].append(int(event["id"]))
        return dict(ids)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "engine.sqlite3"


def lives(data: Path, subscriber: LogSubscriber, *courses: Course) -> None:
    """Open the engine anew for each course."""

    async def all_of_them() -> None:
        for course in courses:
            async with opened(data, subscriber=subscriber) as engine:
                await course(engine)

    asyncio.run(all_of_them())
    gc.collect()


def delivered(engine: InProcessEngine) -> bool:
    """Tell whether everything that is in histories was delivered."""
    return next(engine.store.undelivered(), None) is None


@pytest.mark.parametrize(
    ("level", "types"),
    [
        ("OFF", []),
        ("FATAL", ["ExecutionFailed"]),
        ("ERROR", ["TaskFailed", "ExecutionFailed"]),
        (
            "ALL",
            [
                "ExecutionStarted",
                "PassStateEntered",
                "PassStateExited",
                "TaskStateEntered",
                "TaskScheduled",
                "TaskStarted",
                "TaskFailed",
                "ExecutionFailed",
            ],
        ),
    ],
)
def test_the_level_says_which_events_are_logged(data: Path, level: str, types: list[str]) -> None:
    subscriber = Subscriber()

    async def course(engine: InProcessEngine) -> None:
        await engine.ended(await engine.start(PASS, task("raise"), logging=logging(level)))
        await until(lambda: delivered(engine))

    lives(data, subscriber, course)
    assert subscriber.types() == types


def test_a_fail_state_is_an_error(data: Path) -> None:
    subscriber = Subscriber()

    async def course(engine: InProcessEngine) -> None:
        await engine.ended(await engine.start({"Type": "Fail", "Error": "No"}, logging=logging("ERROR")))
        await until(lambda: delivered(engine))

    lives(data, subscriber, course)
    assert subscriber.types() == ["FailStateEntered", "ExecutionFailed"]


@pytest.mark.parametrize("included", [False, True])
def test_data_is_logged_where_it_is_asked_for(data: Path, included: bool) -> None:
    subscriber = Subscriber()
    assign = {"Type": "Pass", "Assign": {"kept": "{% $states.input %}"}}

    async def course(engine: InProcessEngine) -> None:
        await engine.ended(await engine.start(assign, task(), value="secret", logging=logging("ALL", data=included)))
        await until(lambda: delivered(engine))

    lives(data, subscriber, course)
    assert ("secret" in json.dumps(subscriber.messages)) is included
    if included:
        assert subscriber.events[0]["details"]["input"] == '"secret"'
        assert subscriber.events[2]["details"]["assignedVariables"] == {"kept": '"secret"'}
    assert subscriber.events[2]["details"]["name"] == "S0"


def test_a_message_is_what_a_subscription_filter_sends(data: Path) -> None:
    subscriber = Subscriber()

    async def course(engine: InProcessEngine) -> None:
        await engine.ended(await engine.start(PASS, logging=logging("ALL")))
        await until(lambda: delivered(engine))

    lives(data, subscriber, course)
    message = subscriber.messages[0]
    assert (message["messageType"], message["owner"]) == ("DATA_MESSAGE", "000000000000")
    assert message["logGroup"] == "/vendedlogs/m"
    first = message["logEvents"][0]
    written = json.loads(first["message"])
    assert set(written) == {
        "id",
        "type",
        "details",
        "redrive_count",
        "previous_event_id",
        "event_timestamp",
        "execution_arn",
    }
    assert written["event_timestamp"] == str(first["timestamp"])
    assert (written["id"], written["previous_event_id"], written["redrive_count"]) == ("1", "0", "0")


def test_each_log_event_has_an_id_of_its_own(data: Path) -> None:
    subscriber = Subscriber()

    async def course(engine: InProcessEngine) -> None:
        for kind in ExecutionType:
            for _ in range(2):
                launch = await engine.launch(PASS, logging=logging("ALL"), kind=kind)
                run = engine.executions.run if kind is ExecutionType.EXPRESS else engine.executions.start
                await run(launch)
        await until(lambda: len(subscriber.events) == 16)

    lives(data, subscriber, course)
    ids = [event["id"] for message in subscriber.messages for event in message["logEvents"]]
    assert len(ids) == len(set(ids)) == 16


@pytest.mark.parametrize("synchronous", [False, True])
def test_express_executions_are_logged(data: Path, synchronous: bool) -> None:
    subscriber = Subscriber()

    async def course(engine: InProcessEngine) -> None:
        launch = await engine.launch(PASS, task(1), logging=logging("ALL"), kind=ExecutionType.EXPRESS)
        if synchronous:
            await engine.executions.run(launch)
        else:
            await engine.executions.start(launch)
        await until(lambda: "ExecutionSucceeded" in subscriber.types())
        # They have no history that could be looked through for what is to be delivered.
        assert delivered(engine)

    lives(data, subscriber, course)
    (ids,) = subscriber.ids().values()
    assert ids == list(range(1, 10))


def test_a_subscriber_that_fails_gets_the_same_events_again(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    subscriber = Subscriber()
    subscriber.failures = 2

    async def course(engine: InProcessEngine) -> None:
        arn = await engine.start(PASS, logging=logging("ALL"))
        await until(lambda: delivered(engine))
        assert subscriber.ids() == {arn: [1, 2, 3, 4]}

    lives(data, subscriber, course)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "it does not answer" in caplog.text


def test_what_was_not_delivered_before_the_end_is_delivered_after_the_start(data: Path) -> None:
    subscriber = Subscriber()
    tokens: list[str] = []

    async def first(engine: InProcessEngine) -> None:
        subscriber.open = False
        await engine.ended(await engine.start(PASS, logging=logging("ALL")))
        arn = await engine.start(task("ask", ".waitForTaskToken"), PASS, logging=logging("ALL"))
        await until(lambda: "TaskSubmitted" in engine.types(arn))
        tokens.append(engine.work.began[0].token)

    async def second(engine: InProcessEngine) -> None:
        subscriber.open = True
        await until(lambda: delivered(engine))
        await engine.executions.send(TaskSucceeded(tokens[0], Payload.of(1)))
        await until(lambda: "ExecutionSucceeded" in subscriber.types()[5:])

    lives(data, subscriber, first, second)
    short, long = subscriber.ids().values()
    assert short == [1, 2, 3, 4]
    assert long == list(range(1, 11))


def test_what_was_delivered_is_not_delivered_again_after_a_start_nor_after_a_redrive(data: Path) -> None:
    subscriber = Subscriber()

    async def first(engine: InProcessEngine) -> None:
        await engine.ended(await engine.start(task("raise"), logging=logging("ALL")))
        await until(lambda: delivered(engine))

    async def second(engine: InProcessEngine) -> None:
        (arn,) = subscriber.ids()
        await engine.executions.redrive(arn)
        await engine.ended(arn)
        await until(lambda: delivered(engine))

    lives(data, subscriber, first, second)
    (ids,) = subscriber.ids().values()
    assert ids == list(range(1, len(ids) + 1))
    redriven = [event for event in subscriber.events if event["type"] == "ExecutionRedriven"]
    assert [event["redrive_count"] for event in redriven] == ["1"]


def test_messages_hold_only_so_much(data: Path) -> None:
    subscriber = Subscriber()

    async def course(engine: InProcessEngine) -> None:
        large = await engine.start(*[PASS] * 20, value="x" * 200_000, logging=logging("ALL", data=True))
        many = await engine.start(*[PASS] * 600, logging=logging("ALL"))
        for arn in (large, many):
            await engine.ended(arn)
        await until(lambda: delivered(engine))
        assert subscriber.ids() == {large: list(range(1, 43)), many: list(range(1, 1203))}

    lives(data, subscriber, course)
    assert max(len(message["logEvents"]) for message in subscriber.messages) <= BATCH
    assert max(len(json.dumps(message)) for message in subscriber.messages) < BATCH_CHARACTERS + 2 * 250_000


def test_delivery_goes_on_when_the_store_can_be_written_again(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    subscriber = Subscriber()

    async def first(engine: InProcessEngine) -> None:
        subscriber.open = False
        await engine.ended(await engine.start(PASS, logging=logging("ALL")))

    async def second(engine: InProcessEngine) -> None:
        engine.store.full = True
        subscriber.open = True
        await until(lambda: "are delivered again when the store works" in caplog.text)

    async def third(engine: InProcessEngine) -> None:
        await until(lambda: delivered(engine))

    lives(data, subscriber, first, second, third)
    # At least once: the mark of the first delivery was not kept.
    (ids,) = subscriber.ids().values()
    assert ids == [1, 2, 3, 4, 1, 2, 3, 4]


# ---- over HTTP


class Observer:
    """A function's invocation endpoint on a port of its own.

    Attributes:
        answers: The heads of answers that come before good ones.
    """

    def __init__(self, *answers: str) -> None:
        self.answers = [*answers]
        self.requests: list[tuple[str, dict[str, Any]]] = []

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            yield f"http://127.0.0.1:{port}/2015-03-31/functions/observer/invocations"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(head.lower().partition("content-length:")[2].partition("\r\n")[0])
            self.requests.append((head.partition("\r\n")[0], json.loads(await reader.readexactly(length))))
            answer = self.answers.pop(0) if self.answers else "200 OK\r\n"
            writer.write(f"HTTP/1.1 {answer}Content-Length: 4\r\nConnection: close\r\n\r\nnull".encode())
            await writer.drain()
        finally:
            writer.close()


def test_messages_are_posted_as_a_subscribed_function_gets_them(data: Path) -> None:
    observer = Observer()

    async def course() -> None:
        async with observer.serving() as url:
            endpoint = LogEndpoint(url)
            async with opened(data, subscriber=endpoint) as engine:
                await engine.ended(await engine.start(PASS, logging=logging("ALL")))
                await until(lambda: delivered(engine))
            await endpoint.close()

    asyncio.run(course())
    gc.collect()
    line, event = observer.requests[0]
    assert line == "POST /2015-03-31/functions/observer/invocations HTTP/1.1"
    message = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    assert message["messageType"] == "DATA_MESSAGE"
    assert json.loads(message["logEvents"][0]["message"])["type"] == "ExecutionStarted"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("500 Sorry\r\n", httpx.HTTPStatusError),
        ("200 OK\r\nX-Amz-Function-Error: Unhandled\r\n", ConnectionError),
    ],
)
def test_an_answer_that_is_none_of_success_is_a_failure(answer: str, error: type[Exception]) -> None:
    async def course() -> None:
        async with Observer(answer).serving() as url:
            endpoint = LogEndpoint(url)
            with pytest.raises(error):
                await endpoint({"logEvents": []})
            await endpoint({"logEvents": []})
            await endpoint.close()

    asyncio.run(course())
