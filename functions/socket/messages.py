"""What clients say, and what they hear.

| a client sends | and hears |
| --- | --- |
| `{"type": "subscribe", "execution_id"}` | `execution:state`, then the run's events as they happen |
| `{"type": "unsubscribe", "execution_id"}` | `unsubscribed` |
| `{"type": "user:input:response", "execution_id", "node_id", "input", "path"?}` | `user:input:response` |
| `{"type": "ping"}` | `pong` |
| anything else | `error`, with a code and a message |

The state is read after the subscription is written: whoever connects again misses nothing, and may hear some twice.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from millrace.model import Json, NodeId
from millrace.services.caller import Caller
from millrace.services.errors import ServiceError
from millrace.services.moments import Clock, moment
from millrace.services.outcomes import outcomes
from millrace.services.people import People
from millrace.store.port import Store
from millrace.store.records import Connection, Run, RunId

STATE_LIMIT: Final = 100_000
"""Bytes of a message; API Gateway takes 128 KB."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers the messages of connections.

    Attributes:
        store: Where connections and runs are.
        people: Takes answers to questions.
        clock: The time.
    """

    store: Store
    people: Callable[[], People]
    clock: Clock

    def answer(self, connection: Connection, text: str) -> dict[str, Json]:
        """Do what a message says, and give the answer to it."""
        try:
            parsed: object = json.loads(text)
        except ValueError:
            return self._refusal("MALFORMED_JSON", "expected a JSON object with a `type`, found no JSON")
        message = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}
        match kind := message.get("type"):
            case "ping":
                return self._message("pong")
            case "subscribe":
                return self._subscribe(connection, message)
            case "unsubscribe":
                run = _run_id(message)
                if run is None:
                    return self._missing("execution_id")
                self.store.unsubscribe(connection.id, run)
                return self._message("unsubscribed", execution_id=run)
            case "user:input:response":
                return self._respond(connection, message)
            case _:
                expected = "subscribe, unsubscribe, user:input:response or ping"
                return self._refusal("INVALID_REQUEST", f"expected `type` to be {expected}, found {kind!r}")

    def _subscribe(self, connection: Connection, message: Mapping[str, Any]) -> dict[str, Json]:
        run_id = _run_id(message)
        if run_id is None:
            return self._missing("execution_id")
        if self.store.run(connection.workspace, run_id) is None:
            return self._refusal("EXECUTION_NOT_FOUND", f"there is no execution {run_id!r}", run_id)
        self.store.subscribe(connection.id, run_id)
        run = self.store.run(connection.workspace, run_id)
        assert run is not None, "runs are never removed"
        return self._message("execution:state", execution_id=run_id, workflow_id=run.workflow, data=self._state(run))

    def _respond(self, connection: Connection, message: Mapping[str, Any]) -> dict[str, Json]:
        run, node = _run_id(message), message.get("node_id")
        if run is None:
            return self._missing("execution_id")
        if not isinstance(node, str):
            return self._missing("node_id")
        caller = Caller(connection.workspace, connection.user)
        path = message.get("path")
        try:
            self.people().answer(
                caller, run, NodeId(node), message.get("input"), path=path if isinstance(path, str) else ""
            )
        except ServiceError as error:
            return self._refusal(error.code.value, str(error), run) | {"details": cast("Json", dict(error.details))}
        return self._message("user:input:response", execution_id=run, node_id=node)

    def _state(self, run: Run) -> dict[str, Json]:
        """Give how a run and its nodes stand; what would be too large is left to GET /api/executions/{id}."""
        state: dict[str, Json] = {
            "status": run.status.value,
            "started_at": run.started,
            "completed_at": run.completed,
            "error": run.error,
            "nodes": {node: outcome.to_json() for node, outcome in outcomes(self.store, run).items()},
            "outputs": run.outputs,
        }
        for part in ("outputs", "nodes", "error"):
            if len(json.dumps(state)) <= STATE_LIMIT:
                return state
            state[part] = None
            state["truncated"] = True
        return state

    def _message(self, kind: str, **members: Json) -> dict[str, Json]:
        return {"type": kind, "timestamp": moment(self.clock), **members}

    def _missing(self, member: str) -> dict[str, Json]:
        return self._refusal("INVALID_REQUEST", f"expected `{member}` to be a text, found none")

    def _refusal(self, code: str, message: str, run: RunId | None = None) -> dict[str, Json]:
        refusal = self._message("error", code=code, message=message)
        return refusal if run is None else refusal | {"execution_id": run}


def _run_id(message: Mapping[str, Any]) -> RunId | None:
    given = message.get("execution_id")
    return RunId(given) if isinstance(given, str) and given else None
