"""Puts the questions of user-input and approval nodes to people; the answers end the tasks, by their tokens."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from millrace.model import Json
from millrace.services.people import People
from millrace.steps import LambdaContext
from millrace.store.dynamo_store import DynamoStore
from millrace.store.settings import StoreSettings

from .settings import people_settings


@cache
def people() -> People:
    """Give the questions of this process's store."""
    settings = people_settings()
    return People(DynamoStore(StoreSettings(table=settings.table, bucket=settings.bucket)))


def handler(event: Mapping[str, Any], context: LambdaContext | None) -> dict[str, Json]:
    """Put one question; what is returned is not used, since the task waits for its token."""
    del context
    waiting = people().ask(event)
    return {"run": waiting.run, "node": waiting.node, "path": waiting.path}
