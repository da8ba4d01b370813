"""functions/trigger as it is deployed: settings from the environment, AWS by moto, Step Functions by the engine."""

import copy
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from functions.api.app import api
from functions.api.dependencies import Services, services
from functions.api.settings import ApiSettings
from functions.trigger.app import handler
from functions.trigger.services import services as trigger_services
from functions.trigger.settings import trigger_settings
from moto import mock_aws

from millrace.store.dynamo_store import DynamoStore
from tests.functions.api.client import ApiClient
from tests.functions.invocations import EVENTS
from tests.services.running import FunctionEngine, function_engine
from tests.stepfunctions.conftest import ROLE

__all__ = ["function_engine"]

RECORDED: dict[str, Any] = json.loads((EVENTS / "trigger-webhook.json").read_text())


@dataclass(frozen=True)
class Deployment:
    """The API and the function of triggers, on one store and one engine.

    Attributes:
        api: The services of the API.
    """

    http: ApiClient
    api: Services
    engine: FunctionEngine

    def workflow(self, definition: Any, *, publish: bool = True) -> str:
        """Create a workflow."""
        workflow: str = self.http.post("/api/workflows", {"name": "Hooked", "definition": definition}).data["id"]
        if publish:
            reply = self.http.post(f"/api/workflows/{workflow}/publish")
            assert reply.status < 300, reply.body
        return workflow

    def trigger(self, definition: Any, kind: str = "webhook", **config: Any) -> Any:
        """Create a workflow with a trigger; gives the trigger as the API shows it."""
        workflow = self.workflow(definition)
        return self.http.post(f"/api/workflows/{workflow}/triggers", {"type": kind, "config": config}).data

    def call(
        self,
        path: str,
        body: str = "{}",
        *,
        method: str = "POST",
        query: Mapping[str, str] | None = None,
        **headers: str,
    ) -> Any:
        """Send a request, as API Gateway does; gives the response with its body read."""
        event = copy.deepcopy(RECORDED)
        event["rawPath"] = event["requestContext"]["http"]["path"] = path
        event["requestContext"]["http"]["method"] = method
        event["queryStringParameters"] = dict(query or {})
        event["headers"] |= {name.replace("_", "-").lower(): value for name, value in headers.items()}
        event["body"] = body
        return self.send(event)

    def send(self, event: Mapping[str, Any]) -> Any:
        """Send a request's event."""
        response: Any = handler(event, None)
        if response["headers"]["content-type"] == "application/json" and response["body"]:
            response["body"] = json.loads(response["body"])
        return response


@pytest.fixture(scope="module")
def deployment(function_engine: FunctionEngine) -> Iterator[Deployment]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "MILLRACE_"))]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_REGION", "us-east-1")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        # "sync-127.0.0.1" is nobody's name.
        patch.setenv("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")
        patch.setenv("AWS_ENDPOINT_URL_SFN", function_engine.endpoint)
        patch.setenv("MILLRACE_RUN_ROLE", ROLE)
        trigger_settings.cache_clear()
        trigger_services.cache_clear()
        with mock_aws():
            provided = Services(ApiSettings())
            store = provided.store
            assert isinstance(store, DynamoStore)
            store.create_table()
            store.create_bucket()
            resolver = api()
            resolver.replace(services, lambda: provided)
            yield Deployment(ApiClient(resolver), provided, function_engine)
        trigger_settings.cache_clear()
        trigger_services.cache_clear()
