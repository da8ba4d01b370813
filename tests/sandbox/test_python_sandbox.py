import time
from typing import Any

import pytest

from millrace.model import Json
from millrace.sandbox import Limits, SandboxError, run_python

BRIEF = Limits(seconds=0.5)
"""Time for code that never ends; every other test keeps the default."""


def run(source: str, /, limits: Limits | None = None, **inputs: Json) -> Any:
    return run_python(source, inputs, limits or Limits(), lambda _: None)


def failure(source: str, /, limits: Limits | None = None, **inputs: Json) -> SandboxError:
    with pytest.raises(SandboxError) as caught:
        run(source, limits, **inputs)
    return caught.value


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("return a + b", 3),
        ("return inputs['a'] + inputs['b']", 3),
        ("a = a * 10\nreturn a", 10),
        ("a += 1\nreturn a", 2),
        ("return [1, 'x', None, True, {'k': (1.5,)}]", [1, "x", None, True, {"k": [1.5]}]),
        ("pass", None),
        ("", None),
        ("# only a comment\n\n", None),
        ("    x = 1\n    return x", 1),
        ("if a:\n\treturn 'tab'\nreturn 'none'", "tab"),
        ('text = """one\n  two\nthree"""\nreturn text', "one\n  two\nthree"),
        ('text = f"""{a}\n {b}\n"""\nreturn text', "1\n 2\n"),
        ("return {k: v for k, v in zip('ab', [1, 2])}", {"a": 1, "b": 2}),
        ("return f'{a:>3}|{b!r}'", "  1|2"),
        (
            "import json, re, math\nreturn json.loads('[1]') + [math.floor(2.5), re.findall('\\\\d', 'a1')[0]]",
            [1, 2, "1"],
        ),
        ("try:\n    return 1 / 0\nexcept ZeroDivisionError as error:\n    return str(error)", "division by zero"),
        ("class A:\n    def __init__(self, x):\n        self.x = x\nreturn A(4).x", 4),
        ("import asyncio\nasync def f():\n    return 5\nreturn await f()", 5),
        ("match inputs:\n    case {'a': x}:\n        return x", 1),
        ("return sum(x for x in range(4) if x % 2)", 4),
    ],
)
def test_the_source_is_the_body_of_an_async_function(source: str, expected: Json) -> None:
    assert run(source, a=1, b=2) == expected


def test_inputs_arrive_as_they_are() -> None:
    value: Json = {"text": 'quote " \\ \n', "n": [0, -1.5, 1e300, 2**60], "deep": {"a": [[None, True]]}, "ключ": "é"}
    assert run("return value", value=value) == value


def test_printed_lines_are_kept_in_order() -> None:
    console: list[str] = []
    run_python(
        "import sys\nprint('a', 1)\nprint('b', end='')\nprint('c')\nprint('two\\nlines')\nprint('rest', end='')",
        {},
        Limits(),
        console.append,
    )
    assert console == ["a 1", "bc", "two", "lines", "rest"]


def test_console_output_before_a_failure_is_kept() -> None:
    console: list[str] = []
    with pytest.raises(SandboxError):
        run_python("print('before')\nwhile True: pass", {}, BRIEF, console.append)
    assert console == ["before"]


def test_console_output_is_cut_at_its_limit() -> None:
    console: list[str] = []
    run_python("for i in range(2000):\n    print('x' * 100)\nprint('y' * 1000000)", {}, Limits(), console.append)
    assert sum(len(line) + 1 for line in console[:-1]) <= 64 * 1024 + 1
    assert console[-1] == "[console output cut: only the first 64 KiB are kept]"


@pytest.mark.parametrize(
    ("source", "name", "message", "line", "column"),
    [
        ("x = 1\ny = = 2", "Code.SyntaxError", "SyntaxError", 2, 5),
        ("if True:\nreturn 1", "Code.SyntaxError", "indented block", 2, 1),
        ("x = (1", "Code.SyntaxError", "SyntaxError", 1, 7),
        ("def f(x):\n    return x / 0\n\nreturn f(1)", "Code.Error", "ZeroDivisionError: division by zero", 2, 12),
        ("return missing", "Code.Error", "NameError", 1, 8),
        ("x = 1\nraise ValueError('bad value')", "Code.Error", "ValueError: bad value", 2, 7),
        ("return {}['key']", "Code.Error", "KeyError", 1, 8),
        ("def g():\n    yield 1", "Code.SyntaxError", "does not know yield expressions", 2, 5),
    ],
)
def test_errors_carry_the_line_and_column_of_the_source(
    source: str, name: str, message: str, line: int, column: int
) -> None:
    error = failure(source)
    assert error.name == name
    assert message in str(error)
    assert error.position is not None
    assert (error.position.line, error.position.column) == (line, column)
    assert error.position.text == source.split("\n")[line - 1].strip()
    assert error.position.text in str(error)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("return {'a': [1, {2}]}", "result.a[1] is of type set; convert it with sorted"),
        ("return {1: 2}", "result has the key 1; keys must be text"),
        ("return float('nan')", "result is nan"),
        ("return [float('inf')]", "result[0] is inf"),
        ("return lambda: 1", "result is of type function"),
        ("return b'x'", "result is of type bytes"),
        ("import datetime\nreturn datetime.date(2026, 1, 2)", "isoformat"),
        ("class A:\n    pass\nreturn A()", "result is of type A"),
        ("a = []\na.append(a)\nreturn a", "cycle"),
        ("return 'x' * 6000000", "at most 5,242,880"),
    ],
)
def test_results_that_are_not_json_are_refused(source: str, message: str) -> None:
    error = failure(source)
    assert error.name == "Code.Result"
    assert message in str(error)


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass",
        "import time\nwhile True: time.sleep(0.2)",
        "import time\ntime.sleep(3600)",
        "while True: print('x')",
        "for _ in range(10 ** 12): pass",
    ],
)
def test_code_that_never_ends_is_stopped(source: str) -> None:
    started = time.monotonic()
    error = failure(source, BRIEF)
    assert error.name == "Code.Timeout"
    assert "longer than 0.5 s" in str(error)
    assert time.monotonic() - started < 3
    assert run("return 1") == 1


@pytest.mark.parametrize(
    "source",
    [
        "a = []\nwhile True: a.append('x' * 1000)",
        "return 'x' * 10 ** 10",
        "return 10 ** 10 ** 8",
        "return list(range(10 ** 9))",
        "return f'{5:>1000000000}'",
        "s = 'x'\nwhile True: s += s",
    ],
)
def test_memory_is_bounded(source: str) -> None:
    assert failure(source, Limits(seconds=5)).name == "Code.Memory"
    assert run("return 1") == 1


@pytest.mark.parametrize(
    "source",
    [
        "def f(): return f()\nreturn f()",
        "eval('(' * 100000)",
        "(" * 5000 + ")" * 5000,
        "-" * 100_000 + "1",
        "a = []\nfor i in range(5000): a = [a]\nreturn a",
        "open('/etc/passwd')",
        "import os\nreturn os.environ['HOME']",
        "import os\nos.system('true')",
        "import subprocess",
        "import socket",
        "import pydantic_monty",
        "from pathlib import Path\nreturn Path('/etc/passwd').read_text()",
        "return __import__('os')",
        "return ().__class__.__base__.__subclasses__()",
        "return (lambda: 0).__globals__",
        "return __builtins__",
        "exec('import socket')",
        "import urllib.request",
        "raise SystemExit(3)",
        "return 10 ** 5000",
    ],
)
def test_ways_out_end_in_a_failure(source: str) -> None:
    assert failure(source, BRIEF).name in {"Code.Error", "Code.SyntaxError"}
    assert run("return 1") == 1


def test_what_one_run_defines_the_next_does_not_see() -> None:
    run("global leak\nleak = 1")
    assert failure("return leak").name == "Code.Error"


def test_a_catastrophic_regular_expression_ends() -> None:
    started = time.monotonic()
    run("import re\nreturn re.match('(a+)+$', 'a' * 60 + 'b') is None", BRIEF)
    assert time.monotonic() - started < 3
