"""What optimised integrations tell of the HTTP exchange behind a result."""

import uuid
from collections.abc import Mapping
from typing import Any, cast

from millrace.model.json import Json


def with_metadata(result: Mapping[str, Json], answer: Mapping[str, Any]) -> dict[str, Json]:
    """Add SdkHttpMetadata and SdkResponseMetadata, made of botocore's ResponseMetadata; members in AWS's order."""
    about = cast("dict[str, Any]", answer.get("ResponseMetadata", {}))
    headers = {str(name): str(value) for name, value in cast("dict[str, str]", about.get("HTTPHeaders", {})).items()}
    return _joined(result, headers, int(about.get("HTTPStatusCode", 200)), str(about.get("RequestId", "")))


def local_metadata(result: Mapping[str, Json], status: int = 200) -> dict[str, Json]:
    """Add the metadata to the result of what was done in this process."""
    return _joined(result, {"Content-Type": "application/x-amz-json-1.0"}, status, str(uuid.uuid4()))


def _joined(result: Mapping[str, Json], headers: Mapping[str, str], status: int, request: str) -> dict[str, Json]:
    metadata: dict[str, Json] = {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": dict(headers),
            "HttpStatusCode": status,
        },
        "SdkResponseMetadata": {"RequestId": request},
    }
    return dict(sorted((metadata | dict(result)).items()))
