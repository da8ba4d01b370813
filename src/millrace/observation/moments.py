"""Moments as records keep them."""

import datetime as dt
from functools import lru_cache


@lru_cache(4_096)
def moment(milliseconds: int) -> str:
    """Write milliseconds since the epoch as ISO 8601 in UTC, with milliseconds."""
    at = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def milliseconds_between(start: str, end: str) -> int:
    """Give the milliseconds from one moment to another."""
    return round((dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(start)).total_seconds() * 1000)
