"""Emission: from the plan to Amazon States Language."""

from millrace.compiler.emit.emitter import Emitter
from millrace.compiler.emit.loops import MAX_INLINE_CONCURRENCY

__all__ = ["MAX_INLINE_CONCURRENCY", "Emitter"]
