"""The gateway as a process: the functions of this product behind one port."""

import asyncio
import gc
import logging
import socket
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn

from millrace.local.function_host import PythonFunction, functions_folder, load, own_function
from millrace.local.gateway.application import Gateway, Route
from millrace.local.gateway.functions import Functions
from millrace.local.gateway.sample_servers import SampleServers
from millrace.local.gateway.sockets import MESSAGE_LIMIT
from millrace.local.gateway.static_files import StaticFiles

HOST: Final = "127.0.0.1"

ROUTES: Final = (Route("/api", "millrace-api"), Route("/hooks", "millrace-trigger", open=True))
SOCKET: Final = "millrace-socket"

# Requests may wait for runs, invocations for nothing but the stores.
_REQUEST_THREADS: Final = 32
_INVOCATION_THREADS: Final = 8
_WAITING: Final = 1000
_ENDING_SECONDS: Final = 5

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """How the gateway runs.

    Attributes:
        port: Where it listens, on the loopback address only.
        stage: Part of the functions' names on Lambda.
        prepare: What must be done before the first request; health is told afterwards.
    """

    port: int
    stage: str = "dev"
    prepare: Callable[[], None] | None = None


@contextmanager
def gateway(sources: Mapping[str, PythonFunction], page: Path, stage: str) -> Generator[Gateway]:
    """Give the application, and end its threads in the end.

    Args:
        sources: The functions by their folders' names; Lambda's Invoke takes `millrace-NAME` and `millrace-STAGE-NAME`.
        page: The folder of static files.
        stage: The stage.
    """
    requests = ThreadPoolExecutor(_REQUEST_THREADS, thread_name_prefix="request")
    invocations = ThreadPoolExecutor(_INVOCATION_THREADS, thread_name_prefix="invocation")
    named = {
        f"{prefix}-{name}": source for name, source in sources.items() for prefix in ("millrace", f"millrace-{stage}")
    }
    try:
        yield Gateway(
            ROUTES,
            Functions(named, requests, _WAITING),
            Functions(named, invocations, _WAITING),
            SOCKET,
            StaticFiles(page),
            SampleServers(functions_folder().parent / "examples"),
        )
    finally:
        requests.shutdown(wait=False, cancel_futures=True)
        invocations.shutdown(wait=False, cancel_futures=True)


def run_gateway(options: GatewayOptions) -> None:
    """Serve until a signal ends the process.

    Raises:
        OSError: The port is in use.
    """
    # asyncio sends small answers at once (TCP_NODELAY) only where the socket names its protocol.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, options.port))
        listener.listen(1024)
        sources = own_functions()
        with gateway(sources, page_folder(), options.stage) as application:
            asyncio.run(_serve(application, sources, listener, options.prepare))


def own_functions() -> dict[str, PythonFunction]:
    """Give the functions of this product by their folders' names."""
    return {path.parent.name: own_function(path.parent.name) for path in functions_folder().glob("*/app.py")}


def page_folder() -> Path:
    """Give the folder of the page: the built one, else the plain one, else the installed package's."""
    frontend = functions_folder().parent / "frontend"
    return next(
        (folder for folder in (frontend / "dist", frontend / "page") if (folder / "index.html").is_file()), frontend
    )


def server(application: Gateway) -> uvicorn.Server:
    """Make the HTTP and WebSocket server."""
    return uvicorn.Server(
        uvicorn.Config(
            application,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=MESSAGE_LIMIT,
            loop="asyncio",
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_ENDING_SECONDS,
        )
    )


async def _serve(
    application: Gateway,
    sources: Mapping[str, PythonFunction],
    listener: socket.socket,
    prepare: Callable[[], None] | None,
) -> None:
    application.ready = prepare is None
    serving = server(application)
    loading = asyncio.create_task(_get_ready(application, sources, prepare))
    # A gateway that cannot prepare ends, so that whoever has started it can tell why.
    loading.add_done_callback(lambda done: _end_if_failed(done, serving))
    ending = asyncio.create_task(_close_when(serving, application))
    try:
        await serving.serve(sockets=[listener])
    finally:
        ending.cancel()
        loading.cancel()
        await application.close()
        with suppress(asyncio.CancelledError):
            await loading


def _end_if_failed(task: asyncio.Task[None], serving: uvicorn.Server) -> None:
    if not task.cancelled() and task.exception() is not None:
        serving.should_exit = True


async def _close_when(serving: uvicorn.Server, application: Gateway) -> None:
    """Close the sockets as soon as the server ends: it waits for them."""
    while not serving.should_exit:  # noqa: ASYNC110 - nobody tells when
        await asyncio.sleep(0.1)
    await application.close()


async def _get_ready(
    application: Gateway, sources: Mapping[str, PythonFunction], prepare: Callable[[], None] | None
) -> None:
    """Import what the first request needs, prepare, and then import the rest."""
    first, *others = sorted(sources, key=_importance)
    await asyncio.to_thread(_load, sources, [first])
    if prepare is not None:
        await asyncio.to_thread(prepare)
    application.ready = True
    await asyncio.to_thread(_load, sources, others)


def _load(sources: Mapping[str, PythonFunction], names: Iterable[str]) -> None:
    """Import functions; one that cannot be imported fails when it is called."""
    for name in names:
        try:
            load(sources[name])
        except Exception:  # noqa: BLE001 - whatever keeps it from being imported
            _log.exception("functions/%s cannot be imported", name)
    # What has been imported stays; the collector need not look at it again.
    gc.collect()
    gc.freeze()


def _importance(name: str) -> tuple[int, str]:
    order = [route.function for route in ROUTES] + [SOCKET]
    function = f"millrace-{name}"
    return (order.index(function) if function in order else len(order), name)
