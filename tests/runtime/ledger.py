"""What the service has acknowledged under load, so that it can be asked for it afterwards."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.services.documents import constant

ENDED: Final = frozenset({"completed", "failed", "cancelled"})

_WORKERS: Final = 4
_TURN_SECONDS: Final = 0.05
_WAIT_SECONDS: Final = 1
_NOTES: Final = ("n1", "n2", "n3", "n4", "n5")
_TEXT: Final = "x" * 100_000


def waiting(value: int) -> dict[str, Any]:
    """Give a document that waits for a second between two nodes; its output is a value."""
    document = constant(value)
    document["nodes"]["wait"] = {"id": "wait", "type": "wait", "data": {"seconds": _WAIT_SECONDS}}
    document["edges"] = [{"source": "value", "target": "wait"}, {"source": "wait", "target": "out"}]
    return document


@dataclass
class Ledger:
    """What was acknowledged.

    Attributes:
        workflows: The number that each workflow's description holds, by its id; the last one that was acknowledged.
        uncertain: Numbers of saves without an answer: they may be there or not.
        versions: The workflows of which a version was published.
        runs: Started runs, and the value that each must give.
        faults: Answers that were neither an acknowledgement nor "try again".
    """

    workflows: dict[str, int] = field(default_factory=dict[str, int])
    uncertain: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    versions: list[str] = field(default_factory=list[str])
    runs: dict[str, int] = field(default_factory=dict[str, int])
    faults: list[str] = field(default_factory=list[str])

    def reach(self, runs: int) -> None:
        """Wait until so many runs are acknowledged."""
        until(lambda: bool(self.faults) or len(self.runs) >= runs)
        assert not self.faults, self.faults[0]


class Worker:
    """Creates, saves, publishes and runs workflows, one request after the other.

    Args:
        http: How it asks.
        ledger: Where it writes what was acknowledged.
        first: Its numbers begin here.
    """

    def __init__(self, http: httpx.Client, ledger: Ledger, first: int) -> None:
        self._http = http
        self._ledger = ledger
        self._number = first

    def turn(self) -> None:
        """Take one workflow from its creation to a run."""
        self._number += 1
        number = self._number
        # Every third document is too large for an item of DynamoDB: its body is in S3.
        definition = waiting(number)
        if number % 3 == 0:
            definition["nodes"] |= {key: {"id": key, "type": "note", "data": {"text": _TEXT}} for key in _NOTES}
        created = self._send("POST", "/api/workflows", {"name": f"w{number}", "definition": definition})
        if created is None:
            return
        identity: str = created["id"]
        self._ledger.workflows[identity] = 0
        self._ledger.uncertain[identity] = {number}
        saved = self._send("PUT", f"/api/workflows/{identity}", {"description": str(number), "revision": 1})
        if saved is None:
            return
        self._ledger.workflows[identity] = number
        if self._send("POST", f"/api/workflows/{identity}/publish", {}) is None:
            return
        self._ledger.versions.append(identity)
        started = self._send("POST", f"/api/workflows/{identity}/runs", {})
        if started is not None:
            self._ledger.runs[started["id"]] = number

    def _send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """Send a request; gives the data of an acknowledgement, else None."""
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.TransportError:
            return None
        if answer.is_success:
            return answer.json()["data"]
        # 503 tells that a part is away.
        if answer.status_code != 503:
            self._ledger.faults.append(f"{method} {path}: {answer.status_code} {answer.text[:2000]}")
        return None


@contextmanager
def load(http: httpx.Client, ledger: Ledger, first: int) -> Generator[None]:
    """Keep workers busy meanwhile."""
    ending = threading.Event()

    def work(worker: Worker) -> None:
        while not ending.wait(_TURN_SECONDS):
            worker.turn()

    workers = [Worker(http, ledger, first + index * 1000) for index in range(_WORKERS)]
    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def until(condition: Callable[[], bool], seconds: float = 40) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(httpx.TransportError):
            if condition():
                return
        assert time.monotonic() < deadline, f"expected {condition} within {seconds} s"
        time.sleep(0.02)
