"""Running a node inside a function: what the handlers under functions/ call."""

from millrace.steps.cache_store import CacheEntry, CacheKey, CacheStore
from millrace.steps.errors import CONSOLE_MARK, CacheError, StepError, split_message
from millrace.steps.handle import LambdaContext, handle
from millrace.steps.output_cache import CacheRequest, OutputCache
from millrace.steps.output_store import OUTPUT_LIMIT_BYTES, NoOutputStore, OutputStore

__all__ = [
    "CONSOLE_MARK",
    "OUTPUT_LIMIT_BYTES",
    "CacheEntry",
    "CacheError",
    "CacheKey",
    "CacheRequest",
    "CacheStore",
    "LambdaContext",
    "NoOutputStore",
    "OutputCache",
    "OutputStore",
    "StepError",
    "handle",
    "split_message",
]
