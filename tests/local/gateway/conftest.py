import asyncio
import socket
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from millrace.local.function_host import PythonFunction
from millrace.local.gateway.application import Gateway, Route
from millrace.local.gateway.functions import Functions
from millrace.local.gateway.process import ROUTES, SOCKET, server
from millrace.local.gateway.sample_servers import SampleServers
from millrace.local.gateway.static_files import StaticFiles

EXAMPLES = Path(__file__).parents[3] / "examples"
HANDLERS = Path(__file__).with_name("handlers.py")
OWN = PythonFunction(HANDLERS)


@contextmanager
def serving(page: Path, *, seconds: float = 30, most: int = 100, routes: tuple[Route, ...] = ROUTES) -> Generator[str]:
    """Serve the fake functions in a thread; gives the URL."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener,
        ThreadPoolExecutor(8) as threads,
    ):
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        names = ("api", "trigger", "socket")
        functions = Functions({f"millrace-{name}": PythonFunction(HANDLERS, name) for name in names}, threads, most)
        invoked = {f"millrace-{name}": PythonFunction(HANDLERS, name) for name in ("echo", "fails", "gives_no_json")}
        application = Gateway(
            routes,
            functions,
            Functions(invoked, threads, most),
            SOCKET,
            StaticFiles(page),
            SampleServers(EXAMPLES),
            seconds=seconds,
        )
        serving = server(application)
        # The thread is not the main one, which alone may take signals.
        thread = threading.Thread(target=lambda: asyncio.run(_serve(serving, application, listener)))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            serving.should_exit = True
            thread.join()


async def _serve(serving: object, application: Gateway, listener: socket.socket) -> None:
    import uvicorn

    assert isinstance(serving, uvicorn.Server)
    await serving.serve(sockets=[listener])
    await application.close()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Millrace</title>")
    (tmp_path / "assets" / "main-4f3a9c1d.js").write_text("export {}")
    (tmp_path / ".secret").write_text("no")
    return tmp_path


@pytest.fixture
def url(page: Path) -> Iterator[str]:
    with serving(page) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=10) as client:
        yield client
