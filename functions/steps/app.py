"""Runs the nodes that are functions of ours and need no function to themselves."""

from collections.abc import Mapping
from typing import Any

from millrace.catalogue import node_types
from millrace.catalogue.node import Function
from millrace.model import Json
from millrace.steps import LambdaContext, OutputCache, handle

TYPES = {name: node_type for name, node_type in node_types().items() if node_type.function is Function.STEPS}
CACHE = OutputCache()


def handler(event: Mapping[str, Any], context: LambdaContext | None) -> dict[str, Json]:
    """Run one node."""
    return handle(event, context, TYPES, cache=CACHE)
