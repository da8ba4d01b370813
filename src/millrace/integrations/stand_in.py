"""Where stand-ins for AWS are known to answer otherwise than AWS does.

Only used with an endpoint of one's own. Sources: the recordings, Amazon S3 User Guide, "Setting default server-side
encryption", Amazon SNS API, Publish.
"""

import itertools
import time
from typing import Any, Final
from urllib.parse import urlsplit

from millrace.integrations.errors import ClientError

_OBJECTS: Final = frozenset({"PutObject", "GetObject", "HeadObject"})
_SEQUENCE: Final = itertools.count(time.time_ns() // 1000)


def check(service: str, parameters: dict[str, Any]) -> None:
    """Refuse a queue that AWS's SDK would not find: it sends to the queue's own URL.

    Raises:
        ClientError: The queue's URL names no queue.
    """
    queue = parameters.get("QueueUrl")
    if service == "sqs" and isinstance(queue, str) and not urlsplit(queue).path.strip("/"):
        raise ClientError(f"Unable to execute HTTP request: {queue}: Name or service not known")


def complete(service: str, operation: str, parameters: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Add what AWS would have told."""
    match service:
        case "s3" if operation in _OBJECTS:
            answer.setdefault("ServerSideEncryption", "AES256")
            if any(name.startswith("Checksum") for name in answer):
                answer.setdefault("ChecksumType", "FULL_OBJECT")
        case "sns" if operation == "Publish" and str(parameters.get("TopicArn", "")).endswith(".fifo"):
            answer.setdefault("SequenceNumber", f"{next(_SEQUENCE):020d}")
        case _:
            pass
    return answer
