"""The engine: interprets Amazon States Language in this process.

`Runner` runs a definition on asyncio; `Interpreter` is the core beneath it, which does no input or output.
"""

from millrace.engine.clock import Clock
from millrace.engine.context import ExecutionInfo
from millrace.engine.definition import ExecutionType, StateMachine
from millrace.engine.errors import DefinitionError, EngineError, PayloadError, Problem, TaskFailure, TaskTokenError
from millrace.engine.execution_tasks import ExecutionTasks
from millrace.engine.history import HistoryEvent
from millrace.engine.interpreter import Interpreter
from millrace.engine.messages import Status
from millrace.engine.parsing import load, validate
from millrace.engine.runner import Execution, Result, Runner
from millrace.engine.tasks import FunctionTasks, TaskHandler, TaskRequest, TaskRoutes

__all__ = [
    "Clock",
    "DefinitionError",
    "EngineError",
    "Execution",
    "ExecutionInfo",
    "ExecutionTasks",
    "ExecutionType",
    "FunctionTasks",
    "HistoryEvent",
    "Interpreter",
    "PayloadError",
    "Problem",
    "Result",
    "Runner",
    "StateMachine",
    "Status",
    "TaskFailure",
    "TaskHandler",
    "TaskRequest",
    "TaskRoutes",
    "TaskTokenError",
    "load",
    "validate",
]
