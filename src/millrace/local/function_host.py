"""The Lambda functions of this product, run in this process by the handlers that Lambda would call."""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, Final

from millrace.engine import FunctionTasks
from millrace.engine.tasks import Function
from millrace.model import Json

_IMPORTING: Final = Lock()

FUNCTION_SECONDS: Final = 120
"""How long an invocation may take, by the context that the handler gets."""


class InvocationContext:
    """Lambda's context object, as far as handlers use it (AWS Lambda Developer Guide, "Python context object")."""

    def __init__(self, function_name: str, seconds: float = FUNCTION_SECONDS) -> None:
        self.function_name = function_name
        self.function_version = "$LATEST"
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function_name}"
        self.memory_limit_in_mb = "512"
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = f"/aws/lambda/{function_name}"
        self._deadline = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Give the time until the invocation's limit."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class FunctionHost:
    """Invokes functions in threads; each module is imported when it is first called.

    Args:
        functions: Our functions, each with the name that Lambda's Invoke takes.
        threads: Where they run.
    """

    def __init__(self, functions: Iterable[tuple[str, str]], threads: Executor) -> None:
        self._threads = threads
        self.tasks: Final = FunctionTasks({name: self._invoker(function, name) for function, name in functions})

    def _invoker(self, function: str, name: str) -> Function:
        async def invoke(payload: Json) -> Json:
            def call() -> Json:
                return _handler(function)(payload, InvocationContext(name))

            return await asyncio.get_running_loop().run_in_executor(self._threads, call)

        return invoke


def functions_folder() -> Path:
    """Give the folder of the functions: beside `src` in a checkout, else inside the installed package."""
    package = Path(__file__).parents[1]
    checkout = package.parents[1] / "functions"
    return checkout if checkout.is_dir() else package / "functions"


def _handler(function: str) -> Callable[[Json, InvocationContext], Json]:
    with _IMPORTING:
        module = _module(function)
    handler: Callable[[Json, InvocationContext], Json] = module.handler
    return handler


@cache
def _module(function: str) -> ModuleType:
    path = functions_folder() / function / "app.py"
    spec = spec_from_file_location(f"millrace_function_{function}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"expected the function {function!r} at {path}, found no such file")
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
