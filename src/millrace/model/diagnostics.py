"""What is wrong with a document, as values: every problem with its place and its remedy."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from millrace.model.ids import EdgeId, NodeId
from millrace.model.json import Json


class Severity(StrEnum):
    """Whether a diagnostic keeps the document from compiling."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """The catalogue of diagnostics; docs/diagnostics.md explains each with an example."""

    MALFORMED_DOCUMENT = "malformed-document"
    INVALID_NODE_ID = "invalid-node-id"
    UNKNOWN_NODE_TYPE = "unknown-node-type"
    INVALID_CONFIG = "invalid-config"
    MISSING_CONFIG = "missing-config"
    UNKNOWN_CONFIG = "unknown-config"
    INVALID_SCHEMA = "invalid-schema"
    INVALID_SETTINGS = "invalid-settings"
    UNKNOWN_NODE = "unknown-node"
    UNKNOWN_PORT = "unknown-port"
    DUPLICATE_EDGE = "duplicate-edge"
    DUPLICATE_INPUT = "duplicate-input"
    DUPLICATE_OUTPUT = "duplicate-output"
    SELF_LOOP = "self-loop"
    CYCLE = "cycle"
    EDGE_ACROSS_CONTAINER = "edge-across-container"
    INVALID_PARENT = "invalid-parent"
    EMPTY_WORKFLOW = "empty-workflow"
    EMPTY_CONTAINER = "empty-container"
    MISPLACED_NODE = "misplaced-node"
    UNREACHABLE_NODE = "unreachable-node"
    SYNTAX_ERROR = "syntax-error"
    UNKNOWN_NAME = "unknown-name"
    UNKNOWN_FUNCTION = "unknown-function"
    BARE_FIELD = "bare-field"
    NOT_AN_ANCESTOR = "not-an-ancestor"
    OUTSIDE_CONTAINER = "outside-container"
    UNKNOWN_INPUT = "unknown-input"
    UNKNOWN_VARIABLE = "unknown-variable"
    NOT_BRANCHING = "not-branching"
    TYPE_MISMATCH = "type-mismatch"
    PARALLEL_WRITERS = "parallel-writers"
    UNORDERED_READ = "unordered-read"
    INVALID_PIN = "invalid-pin"
    NO_EFFECT = "no-effect"
    LIMIT_EXCEEDED = "limit-exceeded"
    EXPRESS_UNSUPPORTED = "express-unsupported"


_LIMITS: Final = {"message": 600, "remedy": 600, "field": 200, "expected": 400, "found": 200, "node": 80, "edge": 80}
"""Characters of a diagnostic's texts."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: what was expected, what was found and how to mend it.

    Attributes:
        field: Dotted path inside the node's `data` (or the document), such as `cases[0].equals`.
        column: 1-based character inside the field's text, for syntax errors.
        remedy: One sentence that says what to do.
    """

    code: Code
    message: str
    remedy: str
    severity: Severity = Severity.ERROR
    node: NodeId | None = None
    edge: EdgeId | None = None
    field: str | None = None
    column: int | None = None
    expected: str | None = None
    found: str | None = None

    def __post_init__(self) -> None:
        """Cut what a hostile document has made long."""
        for member, limit in _LIMITS.items():
            text = getattr(self, member)
            if text is not None and len(text) > limit:
                object.__setattr__(self, member, f"{text[: limit - 1]}…")

    @property
    def is_error(self) -> bool:
        """Whether the document cannot be compiled because of it."""
        return self.severity is Severity.ERROR

    def to_json(self) -> dict[str, Json]:
        """Give the diagnostic as the API and `--json` show it; members without a value are left out."""
        members: dict[str, Json] = {
            "code": self.code.value,
            "severity": self.severity.value,
            "node": self.node,
            "edge": self.edge,
            "field": self.field,
            "column": self.column,
            "message": self.message,
            "expected": self.expected,
            "found": self.found,
            "remedy": self.remedy,
        }
        return {key: value for key, value in members.items() if value is not None}
