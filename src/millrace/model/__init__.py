"""The document, its identifiers and its diagnostics; imports nothing else of the product."""

from millrace.model.diagnostics import Code, Diagnostic, Severity
from millrace.model.document import Edge, Node, Settings, Workflow
from millrace.model.ids import ERROR, NODE_ID, OUT, EdgeId, NodeId, Port, RunId, StateName, WorkflowId
from millrace.model.json import FrozenJson, Json, JsonType, type_of
from millrace.model.parsing import parse_document, quote

__all__ = [
    "ERROR",
    "NODE_ID",
    "OUT",
    "Code",
    "Diagnostic",
    "Edge",
    "EdgeId",
    "FrozenJson",
    "Json",
    "JsonType",
    "Node",
    "NodeId",
    "Port",
    "RunId",
    "Settings",
    "Severity",
    "StateName",
    "Workflow",
    "WorkflowId",
    "parse_document",
    "quote",
    "type_of",
]
