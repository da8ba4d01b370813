"""The process that JavaScript runs in: a QuickJS context per request, no environment, no files, no sockets.

Started as a script by `javascript.py` with an interpreter that sees only the standard library. One JSON object a line:
a request comes in on stdin; `{"log": text}` any number of times and one `{"end": ...}` go out on stdout.
"""

import contextlib
import importlib.machinery
import importlib.util
import json
import sys
import time

_STACK_BYTES = 512 * 1024
_ADDRESS_SPACE_BYTES = 2 * 1024**3

# Runs before the source in the same context; keeps the natives it needs out of the source's reach.
_PRELUDE = r"""
(() => {
  const emit = globalThis.__emit, request = JSON.parse(globalThis.__request);
  delete globalThis.__emit; delete globalThis.__request;
  const { stringify } = JSON, { isArray } = Array, { isFinite } = Number, text = String, Native = Error, ObjectProto = Object.prototype;
  const { getPrototypeOf } = Object, AsyncFunction = getPrototypeOf(async () => {}).constructor;
  const paths = new WeakMap(), keep = paths.set.bind(paths), find = paths.get.bind(paths), then = Promise.prototype.then;
  const call = Function.prototype.call.bind(Function.prototype.call), resolve = Promise.resolve.bind(Promise);
  const slice = String.prototype.slice;
  const show = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Native) return `${value.name}: ${value.message}`;
    if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint" || value === undefined) return text(value);
    try { return stringify(value) ?? text(value); } catch { return "[object]"; }
  };
  const log = (...items) => { let line = ""; for (let i = 0; i < items.length; i++) line += (i ? " " : "") + show(items[i]); emit("log", call(slice, line, 0, request.console)); };
  globalThis.console = { log, info: log, warn: log, error: log, debug: log };
  const refuse = (path, what, remedy) => { throw { refused: `${path} is ${what}, which is not JSON; ${remedy}` }; };
  const step = (holder, key) => {
    const base = find(holder) ?? "result";
    if (key === "" && find(holder) === undefined) return "result";
    return isArray(holder) ? `${base}[${key}]` : `${base}.${key}`;
  };
  const check = function (key, value) {
    const path = step(this, key);
    switch (typeof value) {
      case "function": return refuse(path, "a function", "return data only");
      case "symbol": return refuse(path, "a symbol", "return its description instead");
      case "bigint": return refuse(path, "a BigInt", "convert it with Number(...) or String(...)");
      case "number": return isFinite(value) ? value : refuse(path, text(value), "return null or a finite number instead");
      case "object":
        if (value === null) return null;
        if (value instanceof Map) return refuse(path, "a Map", "convert it with Object.fromEntries(...)");
        if (value instanceof Set) return refuse(path, "a Set", "convert it with Array.from(...)");
        keep(value, path);
    }
    return value;
  };
  const fault = (phase, error) => {
    if (error !== null && typeof error === "object" && typeof error.refused === "string") return emit("end", stringify({ kind: "result", message: error.refused }));
    const native = error instanceof Native;
    const message = native ? `${error.name}: ${error.message}` : `${show(error)} was thrown`;
    emit("end", stringify({ kind: phase, message: call(slice, message, 0, 10000), stack: native ? call(slice, text(error.stack), 0, 10000) : "" }));
  };
  const finish = (value) => {
    let json;
    try { json = stringify(value === undefined ? null : value, check); }
    catch (error) {
      if (error instanceof Native && error.name === "TypeError" && /circular/.test(error.message)) return emit("end", stringify({ kind: "result", message: "result contains itself (a cycle), which is not JSON; return a copy without the reference back" }));
      return fault("error", error);
    }
    if (json.length > request.result) return emit("end", stringify({ kind: "large", size: json.length }));
    emit("end", `{"kind":"value","value":${json}}`);
  };
  let body;
  try { body = AsyncFunction("inputs", ...request.names, request.source); } catch (error) { return fault("syntax", error); }
  call(then, resolve(body(request.inputs, ...request.values)), finish, (error) => fault("error", error));
})()
"""


def _lock() -> None:
    """Give up what a program has no use for: files, sockets, processes, dumps."""
    try:
        import resource
    except ImportError:  # Windows has no resource limits; QuickJS itself offers no files or sockets
        return
    limits = {"NOFILE": 0, "FSIZE": 0, "CORE": 0, "NPROC": 0}
    if sys.platform == "linux":
        limits["AS"] = _ADDRESS_SPACE_BYTES
    for name, value in limits.items():
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


def _end_runaway(seconds: float) -> None:
    """Have the system end this process if it computes on after its parent died."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 5, hard))


def _send(message: dict) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _is_memory(text: str) -> bool:
    return "out of memory" in text or text.split("\n")[0] in {"null", ""}


def _run(quickjs, request: dict) -> dict:
    context = quickjs.Context()
    context.set_memory_limit(request["memory"])
    context.set_max_stack_size(_STACK_BYTES)
    left = request["console"]
    end: list[str] = []

    def emit(kind: str, text: str) -> None:
        nonlocal left
        if kind == "end":
            end.append(text)
        elif left > 0:
            left -= len(text) + 1
            _send({"log": text})

    context.add_callable("__emit", emit)
    context.set("__request", json.dumps({key: request[key] for key in ("source", "names", "values", "inputs", "console", "result")}))
    try:
        context.eval(_PRELUDE)
        while not end and context.execute_pending_job():
            pass
    except (quickjs.JSException, quickjs.StackOverflow, MemoryError) as error:
        if not end:
            return {"kind": "memory" if isinstance(error, MemoryError) or _is_memory(str(error)) else "error", "message": str(error).split("\n")[0]}
    if end:
        return {"json": end[0]}
    full = context.memory()["malloc_size"] > 0.9 * request["memory"]  # a job that cannot be queued is dropped in silence
    return {"kind": "memory" if full else "pending"}


def main() -> None:
    """Serve requests until stdin ends."""
    loader = importlib.machinery.ExtensionFileLoader("_quickjs", sys.argv[1])
    spec = importlib.util.spec_from_file_location("_quickjs", sys.argv[1], loader=loader)
    quickjs = importlib.util.module_from_spec(spec)
    loader.exec_module(quickjs)
    _lock()
    for line in sys.stdin:
        request = json.loads(line)
        _end_runaway(request["seconds"])
        _send({"end": _run(quickjs, request)})


if __name__ == "__main__":
    main()
