"""The service that is measured, and what is put into it."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from bench.runtime.load import Load, Request, put_load
from tests.runtime.service import Service

_WARM_SECONDS = 1.0


class Subject:
    """A service that runs."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._http = httpx.Client(base_url=service.url, timeout=60)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send the API a request; gives its data.

        Raises:
            RuntimeError: It was refused.
        """
        answer = self._http.request(method, path, json=body)
        if not answer.is_success:
            raise RuntimeError(f"expected {method} {path} to succeed, found {answer.status_code}: {answer.text[:1000]}")
        return answer.json()["data"]

    def create(self, name: str, definition: Mapping[str, Any]) -> str:
        """Create a workflow; gives its id."""
        return self.call("POST", "/api/workflows", {"name": name, "definition": definition})["id"]

    def webhook(self, name: str, definition: Mapping[str, Any]) -> str:
        """Publish a workflow behind a webhook that answers with its outputs; gives the path."""
        workflow = self.create(name, definition)
        self.call("POST", f"/api/workflows/{workflow}/publish", {})
        config = {"path": name, "respond": "when_finished"}
        return self.call("POST", f"/api/workflows/{workflow}/triggers", {"type": "webhook", "config": config})["path"]

    def answer(self, path: str, body: Any) -> Any:
        """Send a webhook a request; gives what it answers."""
        answer = self._http.post(path, json=body)
        answer.raise_for_status()
        return answer.json()

    def load(self, requests: list[Request], clients: int, seconds: float, *, pause: float = 0.0) -> Load:
        """Put load on it, once it is warm."""
        put_load(self.service.port, requests, clients, min(seconds, _WARM_SECONDS))
        return put_load(self.service.port, requests, clients, seconds, pause=pause)


@contextmanager
def subject(folder: Path, environment: Mapping[str, str] | None = None) -> Generator[Subject]:
    """Run a service with its data in a folder."""
    service = Service(folder / "home", environment)
    service.start()
    try:
        yield Subject(service)
    finally:
        service.stop()
