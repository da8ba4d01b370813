"""Running a document in this process: no servers, no account, the same state machine and the same functions."""

from millrace.local.documents import parse_json, read_document
from millrace.local.errors import CompileError, DocumentError, InputError, LocalRunError
from millrace.local.local_run import LocalRun
from millrace.local.observer import NodeError, NodeReport, NodeStatus, RunError, RunObserver, RunReport, RunStatus
from millrace.local.people import Ask, Question, check_answer
from millrace.local.program import Program, load_program

__all__ = [
    "Ask",
    "CompileError",
    "DocumentError",
    "InputError",
    "LocalRun",
    "LocalRunError",
    "NodeError",
    "NodeReport",
    "NodeStatus",
    "Program",
    "Question",
    "RunError",
    "RunObserver",
    "RunReport",
    "RunStatus",
    "check_answer",
    "load_program",
    "parse_json",
    "read_document",
]
