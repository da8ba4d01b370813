"""Services on a store in memory, and on a real engine."""

import pytest

from millrace.services.caller import Caller, caller_of
from millrace.services.workflows import Workflows
from tests.services.memory_store import MemoryStore
from tests.stepfunctions.conftest import client, engine

__all__ = ["client", "engine"]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def caller() -> Caller:
    return caller_of(None, "local")


@pytest.fixture
def stranger() -> Caller:
    return caller_of({"sub": "somebody-else"}, "local")


@pytest.fixture
def workflows(store: MemoryStore) -> Workflows:
    return Workflows(store)
