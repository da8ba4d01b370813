"""Moments in a definition and in the data."""

import datetime as dt
import re
from typing import Final

_TIMESTAMP: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)\Z")


def parse_timestamp(text: str) -> float | None:
    """Read an ISO-8601 date and time with its offset as seconds since the epoch; None when it is none."""
    match = _TIMESTAMP.match(text)
    if match is None:
        return None
    moment, fraction, offset = match.groups()
    try:
        parsed = dt.datetime.fromisoformat(f"{moment}{offset}")
    except ValueError:
        return None
    return parsed.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)
