"""One service for all tests of this folder: its start is what costs."""

from collections.abc import Iterator

import httpx
import pytest

from tests.runtime.service import Service


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("service") / "home")
    service.start()
    yield service
    service.stop()


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=None)
    with httpx.Client(base_url=service.url, timeout=60, limits=limits) as http:
        yield http
