"""Payload templates of JSONPath states."""

from collections.abc import Callable

from millrace.engine.templates import Constant, Template
from millrace.model.json import Json


def compile_payload(value: Json, location: str, path: str, report: Callable[[str, str], None]) -> Template:
    """Compile a payload template."""
    del location, path, report
    return Constant(value)
