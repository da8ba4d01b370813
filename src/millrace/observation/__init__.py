"""Following runs by their execution logs: how a run and each of its nodes stand, and what is worth telling of it."""

from millrace.observation.log_event import LogEvent, execution_name, machine_name
from millrace.observation.report import NodeError, NodeReport, NodeStatus, RunError, RunReport
from millrace.observation.run_map import RunMap
from millrace.observation.run_observer import PAUSED, RunObserver
from millrace.observation.run_recorder import Changes, RunRecorder

__all__ = [
    "PAUSED",
    "Changes",
    "LogEvent",
    "NodeError",
    "NodeReport",
    "NodeStatus",
    "RunError",
    "RunMap",
    "RunObserver",
    "RunRecorder",
    "RunReport",
    "execution_name",
    "machine_name",
]
