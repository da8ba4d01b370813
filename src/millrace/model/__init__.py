"""The document, its identifiers and its diagnostics; imports nothing else of the product."""

from millrace.model.diagnostics import Code, Diagnostic, Severity
from millrace.model.ids import ERROR, NODE_ID, OUT, EdgeId, NodeId, Port, RunId, StateName, WorkflowId
from millrace.model.json import FrozenJson, Json, JsonType, type_of

__all__ = [
    "ERROR",
    "NODE_ID",
    "OUT",
    "Code",
    "Diagnostic",
    "EdgeId",
    "FrozenJson",
    "Json",
    "JsonType",
    "NodeId",
    "Port",
    "RunId",
    "Severity",
    "StateName",
    "WorkflowId",
    "type_of",
]
