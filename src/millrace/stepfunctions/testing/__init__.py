"""TestState: runs one state by itself, with a mock in the place of its work or with the work itself."""

from millrace.stepfunctions.testing.operation import test_state

__all__ = ["test_state"]
