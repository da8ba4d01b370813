"""The operations of the Step Functions API, without HTTP: one module an area."""

from millrace.stepfunctions.operations.constraints import prepare
from millrace.stepfunctions.operations.service import Service
from millrace.stepfunctions.operations.table import OPERATIONS, Operation, call

__all__ = ["OPERATIONS", "Operation", "Service", "call", "prepare"]
