"""The API as it is deployed: settings from the environment, DynamoDB and S3 by moto, Step Functions by the engine."""

import os
from collections.abc import Iterator

import pytest
from functions.api.app import api
from functions.api.dependencies import Services, services
from functions.api.settings import ApiSettings
from moto import mock_aws

from millrace.store.dynamo_store import DynamoStore
from tests.functions.api.client import ApiClient
from tests.stepfunctions.conftest import ROLE, Engine, client, engine

__all__ = ["client", "engine"]


@pytest.fixture(scope="module")
def provided(engine: Engine) -> Iterator[Services]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "MILLRACE_"))]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_REGION", "us-east-1")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL_SFN", engine.endpoint)
        patch.setenv("MILLRACE_RUN_ROLE", ROLE)
        with mock_aws():
            provided = Services(ApiSettings())
            store = provided.store
            assert isinstance(store, DynamoStore)
            store.create_table()
            store.create_bucket()
            yield provided
            provided.step_functions.close()


@pytest.fixture(scope="module")
def http(provided: Services) -> ApiClient:
    resolver = api()
    resolver.replace(services, lambda: provided)
    return ApiClient(resolver)


@pytest.fixture(scope="module")
def stranger(http: ApiClient) -> ApiClient:
    return ApiClient(http.api, {"sub": "somebody-else", "email": "else@example.com"})
