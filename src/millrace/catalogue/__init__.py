"""The node types: what each is called, how it is configured, and what it becomes or does.

A node type is one module of this package with one subclass of `NodeType`; `node_types()` finds it there.
"""

from millrace.catalogue.config import Cache, Model, NodeConfig, OnError, Retry
from millrace.catalogue.lowering import (
    LAMBDA_INVOKE,
    Decide,
    Each,
    Gather,
    Lowering,
    Nothing,
    Pause,
    Repeat,
    Result,
    SetVariable,
    Stop,
    Task,
    Value,
)
from millrace.catalogue.node import Category, Function, LowerScope, NodeFailure, NodeType, RunContext
from millrace.catalogue.registry import node_types

__all__ = [
    "LAMBDA_INVOKE",
    "Cache",
    "Category",
    "Decide",
    "Each",
    "Function",
    "Gather",
    "LowerScope",
    "Lowering",
    "Model",
    "NodeConfig",
    "NodeFailure",
    "NodeType",
    "Nothing",
    "OnError",
    "Pause",
    "Repeat",
    "Result",
    "Retry",
    "RunContext",
    "SetVariable",
    "Stop",
    "Task",
    "Value",
    "node_types",
]
