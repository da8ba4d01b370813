"""What each node type does, in plain Python."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any, Final

from millrace.model import Json

from .expressions import Expressions, Lookup, equal, evaluate, truth
from .failure import Failure, NodeFailed
from .world import Refusal, World

COMMON: Final = frozenset({"label", "notes", "disabled", "timeoutSeconds", "retry", "onError", "cache", "pinned"})


@dataclass(frozen=True, slots=True)
class Call:
    """A node that is about to run.

    Attributes:
        data: Its config.
        input: The output of its first live predecessor.
        lookup: Gives what its expressions name.
        live: The outputs of its live predecessors by id, each at the place of its first edge.
    """

    id: str
    type: str
    data: Mapping[str, Any]
    input: Json
    lookup: Lookup
    expressions: Expressions
    world: World
    live: Mapping[str, Any]

    def value(self, field: str, default: Any = None) -> Any:
        """Evaluate a field of the config."""
        if field not in self.data:
            return default
        return self.expressions.template(self.data[field], self.lookup)

    def items(self) -> list[Json]:
        """Give the items of a list node."""
        return as_items(self.value("items") if self.data.get("items") is not None else self.input)


_NUMBER: Final = 0
_TEXT: Final = 1

Answer = tuple[Any, str]
"""A node's output and the port that it takes."""


def run(call: Call) -> Answer:
    """Run a node that is no container and writes no variable."""
    return _RUNNERS[call.type](call)


def as_items(value: Json) -> list[Json]:
    """Give items as a list: null as none, another value as one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _set(call: Call) -> Answer:
    fields = call.value("fields")
    if call.data.get("include") == "input" and isinstance(call.input, dict):
        return {**call.input, **fields}, "out"
    return fields, "out"


def _echo(call: Call) -> Answer:
    return call.value("value"), "out"


def _output(call: Call) -> Answer:
    return call.value("value", call.input), "out"


def _respond(call: Call) -> Answer:
    return {
        "status": call.value("status", 200),
        "headers": call.value("headers", {}),
        "body": call.value("body", call.input),
    }, "out"


def _passing(call: Call) -> Answer:
    return call.input, "out"


def _wait(call: Call) -> Answer:
    call.value("seconds")
    return call.input, "out"


def _transform(call: Call) -> Answer:
    if call.data.get("language") == "jmespath":
        return _lambda(call)
    given = call.value("input", call.input)

    def lookup(kind: str, name: str) -> Any:
        return given if kind == "input" else call.lookup(kind, name)

    return call.expressions.expression(call.data["expression"], lookup), "out"


def _conditional(call: Call) -> Answer:
    return call.input, "true" if holds(call, call.data["condition"]) else "false"


def holds(call: Call, condition: Any) -> bool:
    """Evaluate a condition: an expression, a rule or several rules."""
    match condition:
        case bool():
            return condition
        case {"all": parts}:
            return all(holds(call, part) for part in parts)
        case {"any": parts}:
            return any(holds(call, part) for part in parts)
        case {"left": left, "operator": operator, "right": right}:
            left, right = (call.expressions.template(side, call.lookup) for side in (left, right))
            return _compared(left, right, operator)
        case _:
            return truth(call.expressions.template(condition, call.lookup))


def _compared(left: Any, right: Any, operator: str) -> bool:
    match operator:
        case "equals":
            return left is not None and right is not None and equal(left, right)
        case "exists":
            return left is not None
        case "greater" | "less":
            (rank, _), (other, _) = _rank(left), _rank(right)
            return (
                rank == other and rank in (_NUMBER, _TEXT) and (left > right if operator == "greater" else left < right)
            )
        case _:
            raise AssertionError(f"expected an operator that the reference knows, found {operator!r}")


def _switch(call: Call) -> Answer:
    value = call.value("value")
    for case in call.data["cases"]:
        if equal(value, call.expressions.template(case["equals"], call.lookup)):
            return call.input, case["handle"]
    return call.input, "default"


def _merge(call: Call) -> Answer:
    match call.data.get("mode", "object"):
        case "object":
            return dict(call.live), "out"
        case "array":
            return list(call.live.values()), "out"
        case _:
            return call.input, "out"


def _stop(call: Call) -> Answer:
    error, cause = call.value("error", "Stopped"), call.value("cause", "")
    raise NodeFailed(Failure(call.id, error, cause))


def _filter(call: Call) -> Answer:
    items = call.items()
    if (condition := call.data.get("condition")) is not None:
        right = call.expressions.template(condition.get("right"), call.lookup)
        return [
            item for item in items if _compared(_field(item, condition["left"]), right, condition["operator"])
        ], "out"
    test = f"$boolean({call.data['expression']})"
    return [item for item in items if call.expressions.expression(test, call.lookup, item)], "out"


def _field(item: Json, path: str) -> Json:
    if path == "$":
        return item
    for part in path.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return item


def _sort(call: Call) -> Answer:
    keys = [
        (key, "asc") if isinstance(key, str) else (key["field"], key.get("order", "asc")) for key in call.data["by"]
    ]

    def compare(left: Any, right: Any) -> int:
        for path, order in keys:
            (one_rank, one), (other_rank, other) = _rank(_field(left, path)), _rank(_field(right, path))
            if one_rank != other_rank:
                return -1 if one_rank < other_rank else 1
            if one != other:
                return (-1 if one < other else 1) * (1 if order == "asc" else -1)
        return 0

    return sorted(call.items(), key=cmp_to_key(compare)), "out"


def _rank(value: Json) -> tuple[int, Any]:
    match value:
        case bool():
            return 2, value
        case int() | float():
            return _NUMBER, value
        case str():
            return _TEXT, value
        case None:
            return 4, 0
        case _:
            return 3, 0


def _limit(call: Call) -> Answer:
    items, count, offset = call.items(), call.value("count"), call.value("offset", 0)
    if call.data.get("from") == "end":
        end = max(0, len(items) - offset)
        return items[max(0, end - count) : end], "out"
    return items[offset : offset + count], "out"


def _lambda(call: Call) -> Answer:
    config = {key: value for key, value in call.data.items() if key not in COMMON}
    if call.type == "code":
        source = config.pop("source")
        config = {**call.expressions.template(config, call.lookup), "source": source}
    else:
        config = call.expressions.template(config, call.lookup)
    retry: Mapping[str, int] = call.data.get("retry") or {}
    tries = retry.get("maxAttempts", 3 if call.type == "http" else 1)
    for left in reversed(range(tries)):
        if not call.world.flaky(call.id, config):
            return call.world.call(call.type, call.id, config, call.input), "out"
        if not left:
            raise Refusal("Lambda.TooManyRequestsException", "busy")
    raise AssertionError("the last try ends the loop")


def _people(call: Call) -> Answer:
    answer = call.world.decide(call.id, call.value("message"), call.input)
    if answer is None:
        return None, "timeout"
    return answer, answer["decision"] if call.type == "approval" else "submitted"


def _subworkflow(call: Call) -> Answer:
    return call.world.run(call.data["workflowId"], call.value("inputs", {})), "out"


_RUNNERS: Final[dict[str, Callable[[Call], Answer]]] = {
    "approval": _people,
    "code": _lambda,
    "conditional": _conditional,
    "echo": _echo,
    "filter": _filter,
    "http": _lambda,
    "input": _passing,
    "limit": _limit,
    "merge": _merge,
    "output": _output,
    "respond": _respond,
    "set": _set,
    "sort": _sort,
    "stop": _stop,
    "subworkflow": _subworkflow,
    "switch": _switch,
    "transform": _transform,
    "user-input": _people,
    "wait": _wait,
}


def updated(operation: str, old: Any, value: Any) -> Any:
    """Give a variable's new value."""
    match operation:
        case "set":
            return value
        case "append":
            return [*as_items(old), value]
        case _:
            return evaluate("$old + $value", None, {"old": 0 if old is None else old, "value": value})
