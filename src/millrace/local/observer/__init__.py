"""Following a run by its history events: how the run and each of its nodes stand, and what they gave."""

from millrace.local.observer.report import NodeError, NodeReport, NodeStatus, RunError, RunReport, RunStatus
from millrace.local.observer.run_observer import RunObserver

__all__ = ["NodeError", "NodeReport", "NodeStatus", "RunError", "RunObserver", "RunReport", "RunStatus"]
