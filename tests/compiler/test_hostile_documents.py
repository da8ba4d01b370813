"""Whatever a document is, the answer is a compilation or diagnostics, within a time, and never a traceback."""

import json
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from millrace.compiler import compile_document

from .hostile import documents
from .soundness import check_soundness

WATCHDOG_SECONDS: Final = 20

CASES: Final = tuple(documents())


@contextmanager
def watchdog(seconds: int) -> Generator[None]:
    """Fail a test that takes longer."""

    def bark(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"expected an answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, bark)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_there_are_hundreds_of_documents() -> None:
    assert len(CASES) >= 250
    assert len({name for name, _ in CASES}) == len(CASES)


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in CASES])
def test_any_document_is_answered(make: Callable[[], Any]) -> None:
    document = make()
    with watchdog(WATCHDOG_SECONDS):
        compilation = compile_document(document)
    assert compilation.ok != any(problem.is_error for problem in compilation.diagnostics)
    shown = json.dumps([problem.to_json() for problem in compilation.diagnostics])
    assert len(shown) < 50_000_000, "expected diagnostics that a client can take"
    assert all(len(problem.message) < 2_000 for problem in compilation.diagnostics)
    if compilation.ok:
        check_soundness(compilation)
        json.dumps(compilation.to_json(), allow_nan=False)
