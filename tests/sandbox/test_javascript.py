import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from millrace.model import Json
from millrace.sandbox import Limits, SandboxError, run_javascript

BRIEF = Limits(seconds=0.5)
"""Time for code that never ends; every other test keeps the default."""


def run(source: str, /, limits: Limits | None = None, **inputs: Json) -> Any:
    return run_javascript(source, inputs, limits or Limits(), lambda _: None)


def failure(source: str, /, limits: Limits | None = None, **inputs: Json) -> SandboxError:
    with pytest.raises(SandboxError) as caught:
        run(source, limits, **inputs)
    return caught.value


def lines(source: str) -> list[str]:
    console: list[str] = []
    run_javascript(source, {}, Limits(), console.append)
    return console


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("return a + b", 3),
        ("return inputs.a + inputs['b']", 3),
        ("a = a * 10; return a", 10),
        ("return [1, 'x', null, true, {k: [1.5]}]", [1, "x", None, True, {"k": [1.5]}]),
        ("return", None),
        ("", None),
        ("// only a comment", None),
        ("return undefined", None),
        ("return {gone: undefined, list: [undefined]}", {"list": [None]}),
        ("return new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("const f = async () => a; return (await f()) + 1", 2),
        ("return Promise.all([1, Promise.resolve(2)])", [1, 2]),
        ("return new Promise((done) => done(7))", 7),
        ("class A { get x() { return 4 } }; return new A().x", 4),
        ("function* g() { yield* [1, 2] }; return [...g()]", [1, 2]),
        ("return [...'héllo 👋'].length", 7),
        ("const s = `v=${a}`; return s", "v=1"),
        ("return /(?<year>\\d{4})/.exec('in 2026').groups.year", "2026"),
        ("return 2 ** 53 + 0.5", 2**53),
    ],
)
def test_the_source_is_the_body_of_an_async_function(source: str, expected: Json) -> None:
    assert run(source, a=1, b=2) == expected


def test_inputs_arrive_as_they_are() -> None:
    value: Json = {
        "text": 'quote " \\ \n \u2028 </script>',
        "n": [0, -1.5, 1e300],
        "deep": {"a": [[None, True]]},
        "ключ": "é",
    }
    assert run("return value", value=value) == value


def test_console_output_is_kept_in_order() -> None:
    source = """
        console.log('a', 1, {b: [2]}, null, undefined);
        console.warn('w');
        console.error(new TypeError('t'));
        console.info();
    """
    assert lines(source) == ['a 1 {"b":[2]} null undefined', "w", "TypeError: t", ""]


def test_console_output_before_a_failure_is_kept() -> None:
    console: list[str] = []
    with pytest.raises(SandboxError):
        run_javascript("console.log('before'); while (true) {}", {}, BRIEF, console.append)
    assert console == ["before"]


def test_console_output_is_cut_at_its_limit() -> None:
    console = lines("for (let i = 0; i < 2000; i++) console.log('x'.repeat(100)); console.log('y'.repeat(1e6))")
    assert sum(len(line) + 1 for line in console[:-1]) <= 64 * 1024 + 1
    assert console[-1] == "[console output cut: only the first 64 KiB are kept]"


@pytest.mark.parametrize(
    ("source", "name", "message", "line", "column"),
    [
        ("let x = 1;\nlet y = ;", "Code.SyntaxError", "SyntaxError", 2, 9),
        ("return 'abc", "Code.SyntaxError", "SyntaxError", 1, 8),
        ("const a = 1;\nconst a = 2;", "Code.SyntaxError", "redefinition", 2, 9),
        ("let x = 1;\n\n  throw new RangeError('too far');", "Code.Error", "RangeError: too far", 3, 13),
        ("const f = () => missing;\nreturn f()", "Code.Error", "missing is not defined", 1, 17),
        ("await null;\nlet a;\na.b", "Code.Error", "cannot read property 'b' of undefined", 3, 1),
        ("return JSON.parse('{')", "Code.Error", "SyntaxError", 1, 13),
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
    [("throw 5", "5 was thrown"), ("throw {a: 1}", '{"a":1} was thrown'), ("throw 'x'", "x was thrown")],
)
def test_anything_may_be_thrown(source: str, message: str) -> None:
    assert message in str(failure(source))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("return {a: [{b() {}}]}", "result.a[0].b is a function"),
        ("return () => 1", "result is a function"),
        ("return {total: NaN}", "result.total is NaN"),
        ("return [Infinity]", "result[0] is Infinity"),
        ("return 10n", "result is a BigInt"),
        ("return Symbol('s')", "result is a symbol"),
        ("return new Map()", "Object.fromEntries"),
        ("return {s: new Set()}", "Array.from"),
        ("const o = {}; o.self = {o}; return o", "cycle"),
        ("let a = []; for (let i = 0; i < 1500; i++) a = [a]; return a", "nested too deeply"),
        ("return 'x'.repeat(6e6)", "at most 5,242,880"),
    ],
)
def test_results_that_are_not_json_are_refused(source: str, message: str) -> None:
    error = failure(source)
    assert error.name == "Code.Result"
    assert message in str(error)


@pytest.mark.parametrize(
    "source",
    [
        "while (true) {}",
        "for (;;) { try { while (true) {} } catch {} finally { continue } }",
        "await null; for (;;) await null",
        "const spin = () => Promise.resolve().then(spin); while (true) spin",
        "return /(a+)+$/.test('a'.repeat(60) + 'b')",
        "return Array(5e8).join('x')",
        "return Array(2 ** 32 - 1).sort()",
        "return new Proxy({}, {ownKeys() { for (;;); }})",
        "return {toJSON() { for (;;); }}",
        "return [3, 2, 1].sort(() => { for (;;); })",
        "for (;;) { try { 'x'.repeat(2 ** 29) } catch {} }",
    ],
)
def test_code_that_never_ends_is_killed(source: str) -> None:
    started = time.monotonic()
    error = failure(source, BRIEF)
    assert error.name == "Code.Timeout"
    assert "longer than 0.5 s" in str(error)
    assert time.monotonic() - started < 3
    assert run("return 1") == 1


@pytest.mark.parametrize(
    "source",
    [
        "const a = []; for (;;) a.push('x'.repeat(1000) + a.length)",
        "let s = 'x'; for (;;) s += s",
        "const a = []; for (;;) a.push(new ArrayBuffer(1e6))",
        "return 'x'.repeat(2e7).replace(/x/g, 'yy')",
        "new Array(1e9).fill(0)",
        "new Uint8Array(2 ** 31)",
        "const m = new Map(); for (let i = 0; ; i++) m.set({i}, i)",
    ],
)
def test_memory_is_bounded(source: str) -> None:
    error = failure(source, Limits(seconds=5))
    assert error.name in {"Code.Memory", "Code.Error"}
    assert run("return 1") == 1


@pytest.mark.parametrize(
    "source",
    [
        "function f() { return f() + 1 } return f()",
        "JSON.parse('['.repeat(100000))",
        "eval('['.repeat(100000))",
        "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a",
        "const f = (n) => [n].map(f); return f(0)",
        "await new Promise(() => {})",
        "await import('os')",
        "'x'.repeat(2 ** 31)",
        "const chain = () => Promise.resolve().then(chain); await chain()",
    ],
)
def test_other_excesses_end_in_a_failure(source: str) -> None:
    assert failure(source, Limits(seconds=5)).name in {"Code.Error", "Code.Memory"}
    assert run("return 1") == 1


@pytest.mark.parametrize(
    "name",
    [
        "process",
        "require",
        "std",
        "os",
        "fetch",
        "XMLHttpRequest",
        "WebSocket",
        "Worker",
        "Deno",
        "setTimeout",
        "__emit",
        "__request",
        "print",
    ],
)
def test_nothing_of_the_host_is_there(name: str) -> None:
    assert run(f"return typeof {name}") == "undefined"
    assert run(f"return (0).constructor.constructor('return typeof {name}')()") == "undefined"
    assert run(f"return typeof globalThis['{name}']") == "undefined"


@pytest.mark.parametrize(
    "attack",
    [
        "Object.prototype.polluted = 1; Array.prototype.map = null; leak = 1; JSON.stringify = null; return 1",
        "Object.defineProperty(Object.prototype, 'x', {get() { return 1 }}); return 1",
        "Promise.prototype.then = null; Function.prototype.call = null; String.prototype.slice = null; return 1",
        "console.log = null; delete globalThis.JSON; return 1",
    ],
)
def test_what_one_run_changes_the_next_does_not_see(attack: str) -> None:
    assert run(attack) == 1
    source = "return [{}.polluted, {}.x, typeof [].map, typeof leak, typeof JSON.stringify, typeof console.log]"
    assert run(source) == [None, None, "function", "undefined", "function", "function"]


def test_source_that_closes_its_function_does_not_leave_the_sandbox() -> None:
    assert failure("}); globalThis.x = process; (async function () {").name in {"Code.SyntaxError", "Code.Error"}


def test_an_interpreter_that_died_between_two_runs_is_replaced() -> None:
    if not Path("/proc").exists():
        pytest.skip("needs /proc")
    run("return 1")
    for child in _workers():
        os.kill(int(child.name), signal.SIGKILL)
        os.waitid(os.P_PID, int(child.name), os.WEXITED | os.WNOWAIT)
    assert run("return 2") == 2


def test_runs_at_the_same_time_do_not_meet() -> None:
    with ThreadPoolExecutor(8) as threads:
        runs = [threads.submit(run, "globalThis.n = n; await null; return globalThis.n", n=n) for n in range(40)]
        assert [each.result() for each in runs] == list(range(40))


def test_the_process_has_no_environment_and_opens_nothing() -> None:
    if not Path("/proc").exists():
        pytest.skip("needs /proc")
    run("return 1")
    children = _workers()
    assert children
    for child in children:
        names = {entry.partition("=")[0] for entry in (child / "environ").read_text().split("\0") if entry}
        assert names <= {"LD_LIBRARY_PATH"}
        limits = (child / "limits").read_text()
        assert "Max open files            0                    0" in limits


def _workers() -> list[Path]:
    return [path for path in Path("/proc").glob("[0-9]*") if _is_worker(path)]


def _is_worker(path: Path) -> bool:
    try:
        parent = (path / "stat").read_text().rpartition(")")[2].split()[1]
        return int(parent) == os.getpid() and "_javascript_worker.py" in (path / "cmdline").read_text()
    except OSError:
        return False
