"""AWS JSON 1.0: how requests and answers are written.

Source: Smithy, "AWS JSON 1.0 protocol".
"""

from typing import Any, Final, cast

import orjson

from millrace.stepfunctions.errors import ApiError

CONTENT_TYPE: Final = b"application/x-amz-json-1.0"
TARGET_PREFIX: Final = b"AWSStepFunctions."


def operation_of(target: bytes) -> str:
    """Read the operation's name from the header X-Amz-Target.

    Raises:
        ApiError: UnknownOperationException.
    """
    if not target.startswith(TARGET_PREFIX):
        raise ApiError(
            "UnknownOperationException",
            f"expected the header X-Amz-Target: AWSStepFunctions.<operation>, found {target.decode('latin-1')!r}; "
            "this endpoint is AWS Step Functions'",
        )
    return target[len(TARGET_PREFIX) :].decode("latin-1")


def read_parameters(body: bytes) -> dict[str, Any]:
    """Read an operation's input; an empty body stands for an empty object.

    Raises:
        ApiError: SerializationException.
    """
    try:
        parameters = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise ApiError("SerializationException", f"expected a body in JSON: {error}") from error
    if type(parameters) is not dict:
        raise ApiError("SerializationException", "expected a JSON object as the body")
    return cast("dict[str, Any]", parameters)


def write_answer(answer: dict[str, Any]) -> bytes:
    """Write an operation's answer."""
    return orjson.dumps(answer)


def write_error(error: ApiError) -> bytes:
    """Write an error's body."""
    return orjson.dumps({"__type": error.code, "message": error.message, **error.details})
