"""MiniStack, hosted so that nothing acknowledged is lost: by itself it writes its state on a clean stop only.

An answer to a request that changed something goes out when the service's state is written; bodies of S3's objects are
files already. What changes without a request is written within a second of the next one. DynamoDB, where it stands
in for dynoxide, is written within a second only: its state is one file.

MiniStack reads its settings from the environment when it is imported (its README, "Configuration"): PERSIST_STATE,
STATE_DIR, S3_PERSIST, S3_DATA_DIR. `emulator_environment` gives them to the process that runs this module.
"""

import argparse
import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

HOST: Final = "127.0.0.1"

_SAVE_SECONDS: Final = 1.0
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]

_log: Final = logging.getLogger(__name__)


def emulator_environment(folder: Path) -> dict[str, str]:
    """Give the environment in which MiniStack keeps its state in a folder, without listeners of its own."""
    return {
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "s3"),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_WORKER_THREADS": "16",
    }


def damaged_state(folder: Path) -> Path | None:
    """Find a state file that is no JSON: MiniStack would start without it, and overwrite it."""
    for path in sorted((folder / "state").glob("*.json")):
        try:
            json.loads(path.read_bytes())
        except ValueError:
            return path
    return None


class Emulator:
    """MiniStack's ASGI application, whose answers wait until the state is written."""

    def __init__(self) -> None:
        self._ministack: Any = import_module("ministack.app")
        self._router: Any = import_module("ministack.core.router")
        self._persistence: Any = import_module("ministack.core.persistence")
        self._is_changed = False
        self._saving = asyncio.Lock()

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in _READING:
            await self._ministack.app(scope, receive, send)
            return
        started: list[_Message] = []

        async def send_when_saved(message: _Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
                return
            if started:
                start = started.pop()
                self._is_changed = True
                module = self._service(scope)
                if start["status"] < 300 and not _is_written_otherwise(module, scope["path"]):
                    await self._save(module)
                await send(start)
            await send(message)

        await self._ministack.app(scope, receive, send_when_saved)

    async def keep_saving(self) -> None:
        """Write what has changed, every second."""
        while True:
            await asyncio.sleep(_SAVE_SECONDS)
            if self._is_changed:
                self._is_changed = False
                await self._save(None)

    async def _save(self, module: str | None) -> None:
        """Write the state of one service, or of all."""
        async with self._saving:
            states: dict[str, Callable[[], Any]] = self._ministack._build_persistence_save_dict()
            if module is not None:
                modules: dict[str, str] = self._ministack._state_map
                states = {key: state for key, state in states.items() if modules[key] == module}
            self._persistence.save_all(states)

    def _service(self, scope: _Message) -> str:
        """Give the module of the service that a request is for."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        service: str = self._router.detect_service(scope["method"], scope["path"], headers, {})
        registered: dict[str, Any] = self._ministack.SERVICE_REGISTRY.get(service, {})
        return registered.get("module", service)


def _is_written_otherwise(module: str, path: str) -> bool:
    """Tell whether a service's state need not be written at once: DynamoDB's is too large, S3's objects are files."""
    return module == "dynamodb" or (module == "s3" and "/" in path.strip("/"))


def run_emulator(port: int, lambda_endpoint: str | None = None) -> None:
    """Serve until a signal ends the process.

    Args:
        port: Where it listens.
        lambda_endpoint: Where the Lambda targets of schedules and event rules are; None: MiniStack's own functions.
    """
    asyncio.run(_serve(port, lambda_endpoint))


async def _serve(port: int, lambda_endpoint: str | None) -> None:
    import uvicorn

    from millrace.local.emulator_targets import install

    emulator = Emulator()
    if lambda_endpoint is not None:
        install(lambda_endpoint)
    server = uvicorn.Server(
        uvicorn.Config(
            emulator,
            host=HOST,
            port=port,
            http="httptools",
            ws="websockets-sansio",
            loop="asyncio",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
    )
    saving = asyncio.create_task(emulator.keep_saving())
    try:
        await server.serve()
    finally:
        saving.cancel()


def main() -> None:
    """Run the process, as the runtime starts it: `python -m millrace.local.emulator --port 8703`."""
    parser = argparse.ArgumentParser(prog="millrace.local.emulator")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--lambda-endpoint", help="where schedules and event rules find their Lambda targets")
    given = parser.parse_args()
    run_emulator(given.port, given.lambda_endpoint)


if __name__ == "__main__":
    main()
