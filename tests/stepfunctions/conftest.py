"""A whole engine on a free port, with a data file of its own, and boto3 that talks to it."""

import asyncio
import gc
import itertools
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from millrace.engine.tasks import TaskRequest
from millrace.model.json import Json
from millrace.stepfunctions.executions import Executions
from millrace.stepfunctions.operations import Service
from millrace.stepfunctions.server import server
from millrace.stepfunctions.store.port import Change
from millrace.stepfunctions.store.sqlite_store import SqliteStore

ROLE = "arn:aws:iam::000000000000:role/engine"
PASS = json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
WAIT = json.dumps(
    {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3600, "End": True}}}
)
FAIL = json.dumps(
    {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "No", "Cause": "Way"}}}
)
CALLBACK = json.dumps(
    {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Arguments": {"FunctionName": "f", "Payload": {"token": "{% $states.context.Task.Token %}"}},
                "End": True,
            }
        },
    }
)
PATIENCE = 10.0

T = TypeVar("T")


@dataclass
class Engine:
    """One engine in a thread of its own.

    Attributes:
        tokens: Those of the tasks that were started.
    """

    data: Path
    tokens: "queue.Queue[str]" = field(default_factory=lambda: queue.Queue[str]())
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def start(self) -> None:
        # asyncio turns Nagle's algorithm off for sockets that say that they are TCP's, and for no others.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        self.endpoint = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())
        gc.collect()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.store = SqliteStore.open(self.data)
        executions = Executions(self.store, self._task)
        await executions.open()
        self.service = Service(self.store, executions)
        self._server = server(self.service)
        self._ready.set()
        await self._server.serve(sockets=[self._socket])
        await executions.close()
        await self.store.close()
        del self.service, self._server

    async def _task(self, task: TaskRequest) -> Json:
        self.tokens.put(task.token)
        return {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the engine's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def commit(self, changes: Sequence[Change]) -> None:
        """Write what no operation writes."""
        await self.store.commit(changes)

    def name(self) -> str:
        """Give a name that nothing has yet."""
        return f"n{next(self._numbers)}"


@contextmanager
def running(engine: Engine) -> Generator[None]:
    """Have an engine serve."""
    # Compiled expressions must be let go of in the thread that made them, so no other may collect garbage.
    gc.disable()
    engine.start()
    yield
    engine.stop()
    gc.enable()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(tmp_path_factory.mktemp("engine") / "engine.db")
    with running(engine):
        yield engine


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[Any]:
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, parameter_validation=False)
    made = cast("Any", boto3).client(
        "stepfunctions",
        endpoint_url=engine.endpoint,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=config,
    )
    yield made
    made.close()


@pytest.fixture
def create(engine: Engine, client: Any) -> Callable[..., str]:
    """Create a state machine of a fresh name."""

    def create(definition: str = PASS, **more: Any) -> str:
        return client.create_state_machine(name=engine.name(), definition=definition, roleArn=ROLE, **more)[
            "stateMachineArn"
        ]

    return create


def refusal(operation: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """Give the code and the message of the error that an operation answers."""
    with pytest.raises(ClientError) as caught:
        operation(**parameters)
    error = cast("Any", caught.value).response["Error"]
    return error["Code"], error["Message"]


def until_ended(client: Any, execution: str) -> dict[str, Any]:
    """Wait until an execution has ended."""
    end = time.monotonic() + PATIENCE
    while (described := client.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < end, f"expected {execution} to end within {PATIENCE} seconds"
    return described
