"""Synchronous code that waits on the event loop.

botocore blocks while it waits for a response. Here it runs in a greenlet: at the one place where it would send
(its documented `before-send` event) it steps aside, the event loop sends, and it goes on with the response. No thread
waits, and a cancelled call unwinds botocore as an exception would.
"""

import contextvars
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import greenlet

T = TypeVar("T")
Request = TypeVar("Request")
Response = TypeVar("Response")


async def run(code: Callable[[], T], answer: Callable[[Any], Awaitable[object]]) -> T:
    """Run code that calls `wait`; each time, `answer` is awaited for what `wait` returns.

    Raises:
        BaseException: What the code raises. What `answer` raises is raised by `wait`.
    """
    worker = greenlet.greenlet(code)
    worker.gr_context = contextvars.copy_context()
    outcome: Any = worker.switch()
    while not worker.dead:
        try:
            response = await answer(outcome)
        except BaseException as error:  # noqa: BLE001 - handed on, as cancellation must be
            outcome = worker.throw(error)
        else:
            outcome = worker.switch(response)
    return cast("T", outcome)


def wait(request: object) -> Any:
    """Step aside until the event loop has an answer; only within `run`."""
    parent = greenlet.getcurrent().parent
    assert parent is not None
    return parent.switch(request)


def bridged() -> bool:
    """Tell whether this code runs within `run`."""
    return greenlet.getcurrent().parent is not None
