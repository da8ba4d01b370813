"""The embedded runtime: the gateway, the engine and the stores as one service on one machine."""

from millrace.local.runtime.errors import PartFailedError, PortInUseError, RuntimeFault
from millrace.local.runtime.layout import Layout
from millrace.local.runtime.service import run_service

__all__ = ["Layout", "PartFailedError", "PortInUseError", "RuntimeFault", "run_service"]
