"""Lambda functions in Python, run in this process by the handlers that Lambda would call."""

import asyncio
import hashlib
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Final

from millrace.model import Json

if TYPE_CHECKING:
    from millrace.engine.tasks import Function

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


@dataclass(frozen=True, slots=True)
class PythonFunction:
    """Where a function's handler is.

    Attributes:
        path: Its module.
        handler: The handler's name in there.
    """

    path: Path
    handler: str = "handler"


class FunctionHost:
    """Invokes functions in threads; each module is imported when it is first called.

    Args:
        functions: The functions, by the name that Lambda's Invoke takes.
        threads: Where they run.
    """

    def __init__(self, functions: Mapping[str, PythonFunction], threads: Executor) -> None:
        self._threads = threads
        self.functions: Final = {name: self._invoker(name, function) for name, function in functions.items()}

    def _invoker(self, name: str, function: PythonFunction) -> "Function":
        async def invoke(payload: Json) -> Json:
            def call() -> Json:
                return _handler(function)(payload, InvocationContext(name))

            return await asyncio.get_running_loop().run_in_executor(self._threads, call)

        return invoke


def own_function(name: str) -> PythonFunction:
    """Give a function of this product by its folder's name."""
    return PythonFunction(functions_folder() / name / "app.py")


def functions_folder() -> Path:
    """Give the folder of the functions: beside `src` in a checkout, else inside the installed package."""
    package = Path(__file__).parents[1]
    checkout = package.parents[1] / "functions"
    return checkout if checkout.is_dir() else package / "functions"


def load(function: PythonFunction) -> None:
    """Import a function's module ahead of its first call."""
    _handler(function)


def _handler(function: PythonFunction) -> Callable[[Json, InvocationContext], Json]:
    with _IMPORTING:
        module = _module(function.path)
    handler: Callable[[Json, InvocationContext], Json] = getattr(module, function.handler)
    return handler


@cache
def _module(path: Path) -> ModuleType:
    """Import a function's module within a package of its folder, whose other modules it may import relatively."""
    if not path.is_file():
        raise FileNotFoundError(f"expected a function at {path}, found no such file")
    digest = hashlib.sha256(str(path.parent).encode()).hexdigest()[:8]
    package = ModuleType(f"millrace_function_{path.parent.name}_{digest}")
    package.__path__ = [str(path.parent)]
    sys.modules.setdefault(package.__name__, package)
    return import_module(f"{package.__name__}.{path.stem}")
