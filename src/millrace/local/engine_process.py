"""The engine as a process of its own: Step Functions' API on a port, executions in a file."""

import asyncio
import gc
import os
import signal
import socket
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

from millrace.catalogue import Function
from millrace.compiler import CompileContext
from millrace.engine import Clock
from millrace.engine.context import DEFAULT_ACCOUNT, DEFAULT_REGION
from millrace.integrations import ApiError as CallRefused
from millrace.integrations import AwsEndpoint, Integrations
from millrace.integrations.s3_objects import S3Objects
from millrace.local.errors import LocalRunError
from millrace.local.function_host import FunctionHost, PythonFunction, own_function
from millrace.model import Json
from millrace.stepfunctions.arns import Arns
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.executions import Executions
from millrace.stepfunctions.logs import LogDelivery
from millrace.stepfunctions.operations import Service, call, prepare
from millrace.stepfunctions.records import ExecutionArn
from millrace.stepfunctions.retention import keep_removing
from millrace.stepfunctions.server import server
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.sqlite_store import SqliteStore
from millrace.stepfunctions.subscription import LogEndpoint

HOST: Final = "127.0.0.1"
# Threads for functions in Python; more calls wait their turn.
_THREADS: Final = 16
# Seconds between two looks whether the server is to end.
_LOOK: Final = 0.1


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How the engine runs.

    Attributes:
        port: Where it listens, on the loopback address only.
        data: The file that keeps everything.
        region, account: Those of ARNs.
        aws: Where tasks reach AWS's APIs.
        functions: Lambda functions that run in this process, by name.
        logs_url: Where execution logs go; None keeps none.
        retention_days: Executions are removed so long after their end.
    """

    port: int
    data: Path
    region: str = DEFAULT_REGION
    account: str = DEFAULT_ACCOUNT
    aws: AwsEndpoint = field(default_factory=AwsEndpoint)
    functions: Mapping[str, PythonFunction] = field(default_factory=dict[str, PythonFunction])
    logs_url: str | None = None
    retention_days: float = 90


class OwnApi:
    """The engine's API as its own tasks reach it."""

    def __init__(self) -> None:
        self.service: Service | None = None

    @property
    def closing(self) -> bool:
        """Whether the engine goes down: then a cancelled task leaves alone what it has started."""
        return self.service is None or self.service.executions.closing

    async def call(self, operation: str, parameters: dict[str, Json]) -> dict[str, Json]:
        """Call an operation."""
        assert self.service is not None
        try:
            return await call(self.service, operation, parameters)
        except ApiError as error:
            raise CallRefused(error.code, error.message) from error

    async def ended(self, execution_arn: str) -> dict[str, Json]:
        """Wait for an execution's end, and describe it."""
        assert self.service is not None
        if self.service.executions.execution(ExecutionArn(execution_arn)) is not None:
            await self.service.executions.ended(ExecutionArn(execution_arn))
        return await self.call("DescribeExecution", {"executionArn": execution_arn})


@asynccontextmanager
async def opened(options: EngineOptions, clock: Clock = time.time) -> AsyncGenerator[Service]:
    """Open the engine: read its file, go on with what ran, and close it in the end.

    Raises:
        StoreError: The file cannot be used.
    """
    async with AsyncExitStack() as stack:
        store = SqliteStore.open(options.data)
        stack.push_async_callback(store.close)
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="function")
        stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        own_api = OwnApi()
        host = FunctionHost({**_own_functions(), **options.functions}, threads)
        tasks = Integrations(options.aws, functions=host.functions, states=own_api, environment=dict(os.environ))
        logs = None
        if options.logs_url is not None:
            subscriber = LogEndpoint(options.logs_url)
            stack.push_async_callback(subscriber.close)
            logs = LogDelivery(store, subscriber)
            stack.push_async_callback(logs.close)
        executions = Executions(store, tasks, clock=clock, logs=logs, objects=S3Objects(tasks.clients))
        service = own_api.service = Service(store, executions, Arns(options.region, options.account))
        prepare()
        stack.push_async_callback(tasks.close)
        # Before what tasks need: one that fails for want of it would fail its execution for good.
        stack.push_async_callback(executions.close)
        with _uncollected():
            await executions.open()
        if logs is not None:
            logs.open()
        await stack.enter_async_context(_in_background(keep_removing(store, clock, options.retention_days)))
        yield service


def run_engine(options: EngineOptions, ready: Callable[[str], object]) -> None:
    """Serve until a signal ends the process.

    Args:
        options: How.
        ready: Told the URL once it serves.

    Raises:
        LocalRunError: The port or the file cannot be used.
        KeyboardInterrupt: The signal was SIGINT; everything has been closed. SIGTERM is an end like any other.
    """
    # asyncio sends small answers at once (TCP_NODELAY) only where the socket names its protocol.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, options.port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise LocalRunError(
            f"port {options.port} cannot be used: {error.strerror}; stop what listens there, or give another --port"
        ) from error
    with listener, _signals() as received:
        try:
            asyncio.run(_serve(options, listener, ready, received))
        except StoreError as error:
            raise LocalRunError(str(error)) from error
    if signal.SIGINT in received:
        raise KeyboardInterrupt


async def _serve(
    options: EngineOptions, listener: socket.socket, ready: Callable[[str], object], received: list[int]
) -> None:
    async with opened(options) as service:
        if received:
            return
        serving = server(service)

        async def send_workers_away() -> None:
            """End the requests that wait for work as soon as the server waits for its requests to end."""
            while not serving.should_exit:  # noqa: ASYNC110 - nobody tells when
                await asyncio.sleep(_LOOK)
            service.executions.send_workers_away()

        async with _in_background(send_workers_away()):
            ready(f"http://{HOST}:{listener.getsockname()[1]}")
            await serving.serve(sockets=[listener])


@contextmanager
def _signals() -> Generator[list[int]]:
    """Give the signals to end that come from now on; a second one ends the process at once.

    The server takes them while it serves, and hands them on to here once it has ended: with the handlers of Python and
    asyncio, that would interrupt what is to be closed after the server, or end the process before.
    """
    received: list[int] = []

    def receive(number: int, _frame: FrameType | None) -> None:
        if received:
            os._exit(128 + number)
        received.append(number)

    before = {number: signal.signal(number, receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Do something beside what the context does; cancelled at its end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@contextmanager
def _uncollected() -> Generator[None]:
    """Make many objects that stay: without looking for garbage among them meanwhile, nor ever again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _own_functions() -> dict[str, PythonFunction]:
    """Give the functions that need no store, by the names that compiled machines call."""
    context = CompileContext()
    return {
        context.function_name(function.value): own_function(function.value)
        for function in (Function.STEPS, Function.CODE)
    }
