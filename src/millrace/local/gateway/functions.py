"""The functions behind the gateway: which there are, and what an invocation of one ends with."""

import asyncio
import logging
import traceback
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from inspect import isawaitable
from typing import Final

import orjson

from millrace.local.function_host import FunctionHost, PythonFunction
from millrace.model import Json

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FunctionError:
    """An exception that a handler raised, as Lambda tells of it."""

    type: str
    message: str
    trace: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Give the payload of an invocation that failed (Lambda Developer Guide, "Python function errors")."""
        return {"errorMessage": self.message, "errorType": self.type, "stackTrace": list(self.trace)}


class FunctionTimeoutError(Exception):
    """An invocation took longer than its caller waits; it goes on in its thread."""


class ThrottledError(Exception):
    """As many invocations are at work and waiting as may be."""


class Functions:
    """Invokes functions by their names, a bounded number at a time.

    Args:
        sources: The functions, by name.
        threads: Where they run.
        most: How many invocations may be at work or wait for a thread.
    """

    def __init__(self, sources: Mapping[str, PythonFunction], threads: Executor, most: int) -> None:
        self._host = FunctionHost(sources, threads)
        self._most = most
        self._under_way = 0

    def __contains__(self, name: str) -> bool:
        """Tell whether there is a function of this name."""
        return name in self._host.functions

    async def invoke(self, name: str, payload: Json, seconds: float) -> bytes | FunctionError:
        """Invoke a function; gives its result in JSON, or the error that it ended with.

        Args:
            name: One of the functions.
            payload: The event.
            seconds: How long the caller waits.

        Raises:
            FunctionTimeoutError: It took longer.
            ThrottledError: Too many invocations are under way.
        """
        if self._under_way >= self._most:
            raise ThrottledError(f"{self._most} invocations are under way")
        self._under_way += 1
        working = asyncio.ensure_future(self._call(name, payload))
        # What a timeout leaves behind still occupies its thread.
        working.add_done_callback(self._ended)
        try:
            return await asyncio.wait_for(asyncio.shield(working), seconds)
        except TimeoutError as error:
            _log.error("%s took longer than %g s", name, seconds)
            raise FunctionTimeoutError(f"{name} took longer than {seconds:g} s") from error

    def _ended(self, _: object) -> None:
        self._under_way -= 1

    async def _call(self, name: str, payload: Json) -> bytes | FunctionError:
        try:
            outcome = self._host.functions[name](payload)
            result = await outcome if isawaitable(outcome) else outcome
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is the invocation's end
            _log.exception("%s failed", name)
            trace = tuple(traceback.format_tb(error.__traceback__))
            return FunctionError(type(error).__name__, str(error), trace)
        try:
            return orjson.dumps(result)
        except TypeError as error:
            _log.error("%s gave what is no JSON: %s", name, error)
            return FunctionError("Runtime.MarshalError", f"Unable to marshal response: {error}")
