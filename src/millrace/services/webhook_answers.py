"""What the request of a webhook is answered: its run's id, the run's outputs, or what the workflow says."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import parse_qsl

from botocore.exceptions import ReadTimeoutError

from millrace.catalogue.respond import RESPONSE
from millrace.model import Json
from millrace.services.caller import Caller
from millrace.services.errors import ErrorCode, ServiceError, UnavailableError
from millrace.services.executions import INPUT_LIMIT
from millrace.services.express import ExpressPrograms
from millrace.services.runs import ENDED, WAIT_SECONDS, Launch, Runs, checked
from millrace.services.webhooks import (
    METHODS,
    PREFIX,
    HeaderAuthentication,
    Request,
    WebhookConfig,
    is_authentic,
    key,
    wanted,
)
from millrace.services.workflows import Workflows
from millrace.store.port import Store
from millrace.store.records import Run, RunStatus, Trigger

LARGEST_BODY: Final = 6 * 1024 * 1024
"""Bytes; what Lambda takes in one invocation (AWS Lambda quotas)."""

_UNSAID: Final = frozenset({"authorization", "cookie"})
"""Headers that a run does not see, as its record would show them."""

_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "connection"})
_ROOM: Final = 2_000
"""Bytes of an execution's input that are neither the webhook's inputs nor its request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; text is sent as it is, anything else as JSON."""

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Webhooks:
    """Answers the requests that start runs.

    Args:
        store: Where triggers are.
        runs: Starts runs. An Express execution that is waited for must not be tried again by its client.
        express: What can be waited for best.
    """

    def __init__(self, store: Store, runs: Runs, express: ExpressPrograms) -> None:
        self._store = store
        self._runs = runs
        self._workflows = Workflows(store)
        self._express = express

    def answer(self, request: Request) -> Answer:
        """Answer a request, whatever is wrong with it.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        path = request.path.removeprefix(PREFIX).rstrip("/")
        trigger = self._enabled(request.method, path)
        if trigger is None:
            return self._no_webhook(request.method, path)
        if len(request.body) > LARGEST_BODY:
            return _refusal(
                413,
                ErrorCode.BODY_TOO_LARGE,
                f"expected a body of at most {LARGEST_BODY:,} bytes, found {len(request.body):,}",
            )
        config = WebhookConfig.model_validate(trigger.config)
        if not is_authentic(config.authentication, request):
            return _refusal(401, ErrorCode.UNAUTHORIZED, wanted(config.authentication))
        try:
            return self._started(trigger, config, request)
        except BodyError as error:
            return _refusal(error.status, error.code, str(error))
        except ServiceError as error:
            return _refusal(error.status, error.code, error.message, error.details)

    def _started(self, trigger: Trigger, config: WebhookConfig, request: Request) -> Answer:
        body = body_of(request)
        given: dict[str, Json] = {
            "type": "webhook",
            "triggerId": trigger.id,
            "method": request.method,
            "path": request.path,
            "headers": {name: value for name, value in request.headers.items() if not _is_unsaid(name, config)},
            "query": dict(request.query),
            "body": body,
        }
        inputs = _inputs(request, body)
        size = len(json.dumps([inputs, given], ensure_ascii=False).encode()) + _ROOM
        if size > INPUT_LIMIT:
            raise BodyError(
                f"expected a body that leaves the run's input, which has it twice (as inputs and in `trigger.body`), "
                f"at {INPUT_LIMIT:,} bytes at most, found {size:,}; send the address of large data",
                ErrorCode.BODY_TOO_LARGE,
                413,
            )
        caller = Caller(trigger.workspace, trigger.owner)
        workflow = self._workflows.get(caller, trigger.workflow)
        waits = config.respond != "immediately"
        program = self._express.program(workflow) if waits else self._runs.program(workflow)
        launch = Launch(
            program=program,
            workflow=workflow.id,
            inputs=checked(program.schema, inputs),
            trigger=given,
            wait_seconds=WAIT_SECONDS if waits else 0.0,
        )
        try:
            run = self._runs.launch(caller, launch)
        except UnavailableError as error:
            run_id = error.details.get("execution_id")
            if not waits or not program.express or run_id is None or not _is_slow(error):
                raise
            return Answer(202, _accepted(str(run_id), RunStatus.RUNNING))
        return answer_of(run, config) if waits else Answer(202, _accepted(run.id, run.status))

    def _enabled(self, method: str, path: str) -> Trigger | None:
        trigger = self._store.trigger_by_key(key(method, path)) if path else None
        return trigger if trigger is not None and trigger.enabled else None

    def _no_webhook(self, method: str, path: str) -> Answer:
        allowed = [one for one in METHODS if one != method and self._enabled(one, path) is not None]
        if not allowed:
            return _refusal(
                404,
                ErrorCode.TRIGGER_NOT_FOUND,
                f"there is no webhook at {PREFIX}{path}; look at the trigger's path, and whether it is enabled",
            )
        refusal = _refusal(
            405, ErrorCode.METHOD_NOT_ALLOWED, f"expected {' or '.join(allowed)} at {PREFIX}{path}, found {method}"
        )
        return Answer(refusal.status, refusal.body, {"allow": ", ".join(allowed)})


class BodyError(Exception):
    """A body that no run can be given.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, message: str, code: ErrorCode = ErrorCode.MALFORMED_JSON, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def body_of(request: Request) -> Json:
    """Read a body by its content type: JSON, a form's fields, text, else bytes in base64; None for none.

    Raises:
        BodyError: It is not what its type says.
    """
    if not request.body:
        return None
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    try:
        if kind == "application/json" or kind.endswith("+json"):
            return cast("Json", json.loads(request.body, parse_constant=_no_constant))
        if kind == "application/x-www-form-urlencoded":
            fields: dict[str, list[str]] = {}
            for name, value in parse_qsl(request.body.decode(), keep_blank_values=True):
                fields.setdefault(name, []).append(value)
            return {name: cast("Json", values if len(values) > 1 else values[0]) for name, values in fields.items()}
        if kind.startswith("text/") or kind in ("application/xml", "application/yaml"):
            return request.body.decode()
    except (ValueError, RecursionError) as error:
        raise BodyError(f"expected a body of {kind}, found another: {error}") from error
    return base64.b64encode(request.body).decode()


def answer_of(run: Run, config: WebhookConfig) -> Answer:
    """Give the answer of a run that was waited for."""
    if run.status not in ENDED:
        return Answer(202, _accepted(run.id, run.status))
    if run.status is not RunStatus.COMPLETED:
        error = run.error if isinstance(run.error, dict) else {}
        return _refusal(
            500,
            ErrorCode.EXECUTION_FAILED,
            f"the run {run.status}: {error.get('message') or 'see the execution'}",
            {"execution_id": run.id},
        )
    outputs = dict(run.outputs) if isinstance(run.outputs, dict) else {}
    response = outputs.pop(RESPONSE, None)
    execution: dict[str, str] = {"x-millrace-execution": run.id}
    if config.respond == "respond_node" and isinstance(response, dict):
        headers = response.get("headers")
        named = {
            name.lower(): value if isinstance(value, str) else json.dumps(value)
            for name, value in (headers if isinstance(headers, dict) else {}).items()
            if name.lower() not in _FRAMING
        }
        return Answer(_status(response.get("status")), response.get("body"), {**execution, **named})
    return Answer(200, outputs, execution)


def _inputs(request: Request, body: Json) -> dict[str, Json]:
    """Give a run's inputs: an object's members, anything else as `body`; without a body those of the query."""
    if isinstance(body, dict):
        return body
    return dict(request.query) if body is None else {"body": body}


def _is_unsaid(name: str, config: WebhookConfig) -> bool:
    authentication = config.authentication
    own = authentication.name.lower() if isinstance(authentication, HeaderAuthentication) else None
    return name in _UNSAID or name == own


def _status(given: Json) -> int:
    return given if isinstance(given, int) and 200 <= given <= 599 else 200


def _is_slow(error: UnavailableError) -> bool:
    """Tell whether Step Functions was asked to run an execution, and took longer than we wait."""
    return isinstance(error.__cause__, ReadTimeoutError)


def _accepted(run: str, status: RunStatus) -> Json:
    return {"success": True, "data": {"execution_id": run, "status": status.value}}


def _refusal(status: int, code: ErrorCode, message: str, details: Mapping[str, Json] | None = None) -> Answer:
    error: Json = {"code": code.value, "message": message, "details": dict(details or {})}
    return Answer(status, {"success": False, "error": error})


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")
