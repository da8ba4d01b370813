"""Scopes for tests."""

import random
from typing import Any, NoReturn

from millrace.engine.expressions import Scope

CONTEXT: dict[str, Any] = {"Execution": {"Id": "arn:aws:states:::x", "Input": {"n": 3}}, "Map": {"Item": {"Index": 0}}}


def no_fault(path: str, message: str) -> NoReturn:
    """Stand for the reporter of a definition that must have no faults."""
    raise AssertionError(f"{path}: {message}")


def scope(document: Any, seed: int = 1, **variables: Any) -> Scope:
    return Scope([variables, {"outer": {"x": 1}}], {}, lambda: CONTEXT, 0.0, random.Random(seed), document)
