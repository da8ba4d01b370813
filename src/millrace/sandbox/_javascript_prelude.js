// Runs before the source in the same context, and keeps the natives that it needs out of the source's reach.
(() => {
  const emit = globalThis.__emit;
  const request = JSON.parse(globalThis.__request);
  delete globalThis.__emit;
  delete globalThis.__request;

  const { stringify } = JSON;
  const { isArray } = Array;
  const { isFinite } = Number;
  const text = String;
  const NativeError = Error;
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
  const call = Function.prototype.call.bind(Function.prototype.call);
  const slice = String.prototype.slice;
  const then = Promise.prototype.then;
  const resolve = Promise.resolve.bind(Promise);
  const paths = new WeakMap();
  const keepPath = paths.set.bind(paths);
  const pathOf = paths.get.bind(paths);

  const cut = (string, length) => call(slice, string, 0, length);

  const shown = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof NativeError) return `${value.name}: ${value.message}`;
    if (typeof value !== "object" || value === null) return text(value);
    try {
      return stringify(value) ?? text(value);
    } catch {
      return "[object]";
    }
  };

  const log = (...items) => {
    let line = "";
    for (let i = 0; i < items.length; i++) line += (i ? " " : "") + shown(items[i]);
    emit("log", cut(line, request.console));
  };
  globalThis.console = { log, info: log, warn: log, error: log, debug: log };

  const refuse = (path, what, remedy) => {
    throw { refused: `${path} is ${what}, which is not JSON; ${remedy}` };
  };

  const step = (holder, key) => {
    const base = pathOf(holder);
    if (base === undefined) return "result";
    return isArray(holder) ? `${base}[${key}]` : `${base}.${key}`;
  };

  const check = function (key, value) {
    const path = step(this, key);
    switch (typeof value) {
      case "function":
        return refuse(path, "a function", "return data only");
      case "symbol":
        return refuse(path, "a symbol", "return its description instead");
      case "bigint":
        return refuse(path, "a BigInt", "convert it with Number(...) or String(...)");
      case "number":
        return isFinite(value) ? value : refuse(path, text(value), "return null or a finite number instead");
      case "object":
        if (value === null) return null;
        if (value instanceof Map) return refuse(path, "a Map", "convert it with Object.fromEntries(...)");
        if (value instanceof Set) return refuse(path, "a Set", "convert it with Array.from(...)");
        keepPath(value, path);
    }
    return value;
  };

  const fail = (kind, message, stack = "") => emit("end", stringify({ kind, message: cut(message, 10000), stack: cut(stack, 10000) }));

  const fault = (kind, error) => {
    if (error instanceof NativeError) return fail(kind, `${error.name}: ${error.message}`, text(error.stack));
    if (typeof error === "object" && typeof error?.refused === "string") return fail("result", error.refused);
    return fail(kind, `${shown(error)} was thrown`);
  };

  const finish = (value) => {
    let json;
    try {
      json = stringify(value === undefined ? null : value, check);
    } catch (error) {
      const circular = error instanceof NativeError && error.message === "circular reference";
      const cycle = "result contains itself (a cycle), which is not JSON; return a copy without the reference back";
      return circular ? fail("result", cycle) : fault("error", error);
    }
    if (json.length > request.result) return emit("end", stringify({ kind: "large", size: json.length }));
    emit("end", `{"kind":"value","value":${json}}`);
  };

  let body;
  try {
    body = AsyncFunction("inputs", ...request.names, request.source);
  } catch (error) {
    return fault("syntax", error);
  }
  call(then, resolve(body(request.inputs, ...request.values)), finish, (error) => fault("error", error));
})();
