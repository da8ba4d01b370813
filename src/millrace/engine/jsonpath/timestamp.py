"""Timestamps in data.

Source: Amazon States Language specification, "Timestamps" (RFC 3339); to the nanosecond, as java.time reads them.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

_TIMESTAMP: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):([0-5]\d))", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(NamedTuple):
    """A moment.

    Attributes:
        seconds: Since the epoch.
        nanoseconds: Within the second.
    """

    seconds: int
    nanoseconds: int


def parse_timestamp(text: str) -> Instant | None:
    """Read a timestamp; None when the text is none."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    local, fraction, sign, hours, minutes = match.groups()
    try:
        moment = datetime.fromisoformat(local).replace(tzinfo=UTC)
    except ValueError:
        return None
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    if sign is not None:
        offset = int(hours) * 3600 + int(minutes) * 60
        if offset > 18 * 3600:
            return None
        seconds -= offset if sign == "+" else -offset
    return Instant(seconds, int((fraction or "").ljust(9, "0")))
