"""Idempotency keys: a mutation that is sent twice is carried out once, and answered alike."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from millrace.model import Json
from millrace.services.caller import Caller
from millrace.services.errors import ConflictError, ErrorCode, Fault, InvalidRequestError
from millrace.store.port import Store

HEADER: Final = "idempotency-key"

_LONGEST_KEY: Final = 255
_WORKING_SECONDS: Final = 60
"""How long a request counts as being carried out: longer than the function may run."""

_KEPT_SECONDS: Final = 24 * 3600
"""How long an answer is given again."""

_FIRST_SERVER_FAULT: Final = 500

Answer = dict[str, Any]
"""A response as API Gateway takes it from a function."""


def once(
    store: Store, caller: Caller, event: Mapping[str, Any], body: bytes, carry_out: Callable[[], Answer]
) -> Answer:
    """Carry out a mutation, unless one with the same key was carried out before; then give that one's answer.

    An answer that says that the fault is ours is not kept, so that the same request can be sent again.

    Args:
        store: Where keys and answers are kept.
        caller: Whose key it is.
        event: The request; without a key it is simply carried out.
        body: What it sends.
        carry_out: Does it.

    Raises:
        InvalidRequestError: The key is empty, or too long.
        ConflictError: The key came with another request, or the request is still being carried out.
    """
    given = event["headers"].get(HEADER)
    if given is None:
        return carry_out()
    if not 1 <= len(given) <= _LONGEST_KEY:
        raise InvalidRequestError(
            [Fault("Idempotency-Key", f"expected 1 to {_LONGEST_KEY} characters, found {len(given)}")]
        )
    http = event["requestContext"]["http"]
    key = _digest(caller.workspace, caller.user, given)
    request = _digest(http["method"], event["rawPath"], event.get("rawQueryString", ""), body)
    if store.claim(key, _WORKING_SECONDS):
        return _first(store, key, request, carry_out)
    known = cast("dict[str, Any] | None", store.remembered(key))
    if known is None:
        raise ConflictError(
            ErrorCode.IDEMPOTENCY_IN_PROGRESS,
            "the request with this Idempotency-Key is being carried out; send it again in a moment",
        )
    if known["request"] != request:
        raise ConflictError(
            ErrorCode.IDEMPOTENCY_KEY_REUSED,
            "expected the request that this Idempotency-Key came with first, found another; use a new key",
        )
    return cast("Answer", known["answer"])


def _first(store: Store, key: str, request: str, carry_out: Callable[[], Answer]) -> Answer:
    try:
        answer = carry_out()
    except BaseException:
        store.release(key)
        raise
    if answer["statusCode"] >= _FIRST_SERVER_FAULT:
        store.release(key)
    else:
        store.remember(key, {"request": request, "answer": cast("Json", answer)}, _KEPT_SECONDS)
    return answer


def _digest(*parts: str | bytes) -> str:
    """Give a text for parts that no other parts have."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return f"request:{digest.hexdigest()}"
