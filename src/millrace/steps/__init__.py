"""Running a node inside a function: what the handlers under functions/ call."""

from millrace.steps.errors import CONSOLE_MARK, StepError, split_message
from millrace.steps.handle import LambdaContext, handle
from millrace.steps.output_store import OUTPUT_LIMIT_BYTES, NoOutputStore, OutputStore

__all__ = [
    "CONSOLE_MARK",
    "OUTPUT_LIMIT_BYTES",
    "LambdaContext",
    "NoOutputStore",
    "OutputStore",
    "StepError",
    "handle",
    "split_message",
]
