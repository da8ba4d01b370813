"""Events as CloudWatch Logs hands them over."""

import base64
import gzip
import json
from collections.abc import Iterable
from typing import Any

from millrace.observation import LogEvent


def subscription(events: Iterable[LogEvent], message_type: str = "DATA_MESSAGE") -> dict[str, Any]:
    """Give the event of a subscription."""
    message = {
        "messageType": message_type,
        "owner": "123456789012",
        "logGroup": "/aws/vendedlogs/states/millrace-dev",
        "logStream": "states/millrace-dev",
        "subscriptionFilters": ["millrace"],
        "logEvents": [
            {"id": f"{number:056d}", "timestamp": event.time, "message": json.dumps(event.to_log())}
            for number, event in enumerate(events)
        ],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(message).encode())).decode()}}
