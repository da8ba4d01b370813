"""Sends requests to the API as API Gateway would: as payload-v2 events, made from the recorded ones."""

import base64
import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from functions.api.requests import answer
from functions.api.resolver import ConcurrentHttpResolver

from tests.functions.invocations import EVENTS

_RECORDED: Final[dict[str, Any]] = json.loads((EVENTS / "api-list-workflows.json").read_text())


def recorded(name: str) -> dict[str, Any]:
    """Give a recorded event."""
    return json.loads((EVENTS / f"{name}.json").read_text())


@dataclass(frozen=True)
class Reply:
    """An answer of the API."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def data(self) -> Any:
        assert self.body["success"] is True, self.body
        return self.body["data"]

    @property
    def error(self) -> Any:
        assert self.body["success"] is False, self.body
        assert set(self.body["error"]) == {"code", "message", "details"}
        return self.body["error"]


@dataclass(frozen=True)
class ApiClient:
    """Asks an API.

    Attributes:
        claims: Those of the token that was verified; None where nobody verifies one.
    """

    api: ConcurrentHttpResolver
    claims: Mapping[str, str] | None = None

    def event(self, event: Mapping[str, Any]) -> Reply:
        response = answer(self.api, event, None)
        headers = {name.lower(): value for name, value in response["headers"].items()}
        text = response["body"]
        if response.get("isBase64Encoded"):
            return Reply(response["statusCode"], base64.b64decode(text), headers)
        is_json = headers.get("content-type") == "application/json"
        return Reply(response["statusCode"], json.loads(text) if is_json else text, headers)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: str | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        event = copy.deepcopy(_RECORDED)
        event["rawPath"] = event["requestContext"]["http"]["path"] = path
        event["requestContext"]["http"]["method"] = method
        event["rawQueryString"] = urlencode(query or {})
        event["queryStringParameters"] = {name: str(value) for name, value in (query or {}).items()}
        event["headers"] |= {name.lower(): value for name, value in (headers or {}).items()}
        if self.claims is not None:
            event["requestContext"]["authorizer"] = {"jwt": {"claims": dict(self.claims), "scopes": None}}
        if body is not None or raw is not None:
            event["headers"].setdefault("content-type", "application/json")
            event["body"] = raw if raw is not None else json.dumps(body)
        return self.event(event)

    def get(self, path: str, **query: Any) -> Reply:
        return self.send("GET", path, query=query)

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.send("POST", path, body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def put(self, path: str, body: Any, **headers: str) -> Reply:
        return self.send("PUT", path, body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def delete(self, path: str) -> Reply:
        return self.send("DELETE", path)
