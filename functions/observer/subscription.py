"""What CloudWatch Logs hands to a function with a subscription filter.

Source: Amazon CloudWatch Logs User Guide, "Subscription filters with AWS Lambda".
"""

import base64
import gzip
import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import orjson

from millrace.observation import LogEvent

_log: Final = logging.getLogger(__name__)


def log_events(event: Mapping[str, Any]) -> Iterator[LogEvent]:
    """Give the events of executions in a subscription's event; what is none of them is left out.

    Raises:
        ValueError: It is no event of a subscription.
    """
    try:
        data = gzip.decompress(base64.b64decode(event["awslogs"]["data"]))
        message = cast("dict[str, Any]", orjson.loads(data))
    except (KeyError, TypeError, OSError) as error:
        raise ValueError(
            f'expected an event of CloudWatch Logs, {{"awslogs": {{"data": ...}}}}, found {sorted(event)}'
        ) from error
    if message.get("messageType") != "DATA_MESSAGE":
        return
    for written in message["logEvents"]:
        try:
            yield LogEvent.from_log(cast("dict[str, Any]", orjson.loads(written["message"])))
        except ValueError as error:
            _log.warning("a log event of %s is left out: %s", message.get("logGroup"), error)
