"""Runs code that people write; the function has no permissions and no network of its own to give away."""

from collections.abc import Mapping
from typing import Any

from millrace.catalogue.code import Code
from millrace.model import Json
from millrace.steps import LambdaContext, OutputCache, handle

TYPES = {Code.name: Code()}
CACHE = OutputCache()


def handler(event: Mapping[str, Any], context: LambdaContext | None) -> dict[str, Json]:
    """Run one node."""
    return handle(event, context, TYPES, cache=CACHE)
