"""The Lambda functions of the soak; the engine runs them in its own process.

Each call is written to a file as a line of JSON, so that the soak sees which ran when, and gets the task tokens.
"""

import json
import os
import time
from pathlib import Path
from typing import Any, Final

CALLS_VARIABLE: Final = "MILLRACE_SOAK_CALLS"
"""The environment variable that names the file of calls."""


class NotYetError(Exception):
    """The task succeeds at a later attempt."""


class RefusedError(Exception):
    """The task never succeeds."""


def step(event: dict[str, Any], _context: object) -> Any:
    """Add two to a number, in `pause` seconds."""
    _record("step", event)
    time.sleep(event.get("pause", 0))
    return event["value"] + 2


def flaky(event: dict[str, Any], _context: object) -> Any:
    """Fail until the attempt that is told."""
    _record("flaky", event)
    if event["attempt"] < event["needed"]:
        raise NotYetError(f"attempt {event['attempt']} of {event['needed']}")
    return {"attempts": event["attempt"]}


def refuse(event: dict[str, Any], _context: object) -> Any:
    """Fail."""
    _record("refuse", event)
    raise RefusedError(event["reason"])


def ask(event: dict[str, Any], _context: object) -> Any:
    """Hand a task token to the outside; the answer comes by SendTaskSuccess."""
    _record("ask", event)
    return {"asked": True}


def _record(function: str, event: dict[str, Any]) -> None:
    line = json.dumps({"function": function, "at": time.time(), **event}) + "\n"
    # One write of an appending file is not mixed with another's, and outlives the process.
    with Path(os.environ[CALLS_VARIABLE]).open("ab", buffering=0) as calls:
        calls.write(line.encode())
