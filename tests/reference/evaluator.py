"""Runs a workflow document by the language's rules, node by node (design, "The workflow language")."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from millrace.model import Json, NodeId

from .expressions import EvaluationFailed, Expressions, Lookup
from .failure import ANY, QUERY_ERROR, Failure, NodeFailed
from .nodes import Call, holds, run, updated
from .world import Refusal, World


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a node that was reached.

    Attributes:
        port: The port that it took; None for a node that was skipped.
    """

    output: Any = None
    port: str | None = None
    error: Any = None


SKIPPED: Final = Outcome()

RUN_ID: Final = "run-1"
TRIGGER: Final[Mapping[str, Any]] = {"type": "test", "v": 3}
"""What started each run of the tests."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a run ends.

    Attributes:
        outputs: Of a run that completes.
        failures: Of a run that fails: any of them may come first.
        nodes: What became of each node outside of containers; nodes that were not reached are missing.
    """

    outputs: dict[str, Any] | None
    failures: tuple[Failure, ...]
    nodes: Mapping[str, Outcome]

    @property
    def completed(self) -> bool:
        return not self.failures


def evaluate(
    document: Mapping[str, Any],
    inputs: Any = None,
    *,
    world: World | None = None,
    pins: Mapping[NodeId, Any] | None = None,
) -> Evaluation:
    """Run a document.

    Args:
        document: A document without mistakes.
        inputs: The run's inputs.
        world: Answers what nodes ask outside.
        pins: Outputs used in place of running, by node.
    """
    machine = _Machine(document, inputs, world or World(), pins or {})
    frame = _Frame(None, {})
    try:
        machine.run_region(None, frame)
    except NodeFailed as failed:
        return Evaluation(None, failed.failures, frame.outcomes)
    return Evaluation(machine.outputs(frame.outcomes), (), frame.outcomes)


@dataclass(slots=True)
class _Frame:
    """One run of one region: the top, an item of a loop or an iteration of a while."""

    owner: str | None
    variables: dict[str, Any]
    outer: "_Frame | None" = None
    outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    item: Any = None
    index: int = 0
    input: Any = None


@dataclass(frozen=True, slots=True)
class _Edge:
    source: str
    port: str


class _Machine:
    def __init__(self, document: Mapping[str, Any], inputs: Any, world: World, pins: Mapping[NodeId, Any]) -> None:
        self._nodes: Mapping[str, Mapping[str, Any]] = {
            key: node for key, node in document["nodes"].items() if node["type"] != "note"
        }
        self._incoming: dict[str, list[_Edge]] = {node: [] for node in self._nodes}
        seen: set[tuple[str, str, str]] = set()
        for edge in document.get("edges", ()):
            key = (edge["source"], edge.get("sourceHandle") or "out", edge["target"])
            if key not in seen:
                seen.add(key)
                self._incoming[edge["target"]].append(_Edge(key[0], key[1]))
        self._expressions = Expressions(list(document["nodes"]))
        self._name = document.get("name", "Untitled")
        self._inputs = inputs
        self._world = world
        self._pins = pins

    def outputs(self, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
        """Give what the output nodes that were reached contribute: their own outputs."""
        named: dict[str, Any] = {}
        for node in self._order(None):
            body = self._nodes[node]
            data: Mapping[str, Any] = body.get("data") or {}
            if body["type"] in ("output", "respond") and outcomes[node].port is not None and not data.get("disabled"):
                name = "$response" if body["type"] == "respond" else data.get("name") or node
                named[name] = outcomes[node].output
        return named

    # Regions

    def run_region(self, owner: str | None, frame: _Frame) -> None:
        """Run every node that can be reached.

        Raises:
            NodeFailed: Nodes failed and end the region; each of them may have been the first.
        """
        failures: list[Failure] = []
        for node in self._order(owner):
            edges = self._incoming[node]
            if any(edge.source not in frame.outcomes for edge in edges):
                continue
            live = [edge for edge in edges if frame.outcomes[edge.source].port == edge.port]
            if edges and not live:
                frame.outcomes[node] = SKIPPED
                continue
            try:
                frame.outcomes[node] = self._run_node(node, live, frame)
            except NodeFailed as failed:
                failures += failed.failures
        if failures:
            raise NodeFailed(*failures)

    def _order(self, owner: str | None) -> list[str]:
        left = [node for node, body in self._nodes.items() if body.get("parentId") == owner]
        order: list[str] = []
        while left:
            ready = [node for node in left if all(edge.source in order for edge in self._incoming[node])]
            assert ready, "expected a graph without cycles"
            order += ready
            left = [node for node in left if node not in ready]
        return order

    def _run_node(self, node: str, live: Sequence[_Edge], frame: _Frame) -> Outcome:
        body = self._nodes[node]
        data: Mapping[str, Any] = body.get("data") or {}
        given = frame.outcomes[live[0].source].output if live else self._first_input(frame)
        sources = {edge.source for edge in live}
        call = Call(
            node,
            body["type"],
            data,
            given,
            lambda kind, name: self._read(frame, kind, name, given),
            self._expressions,
            self._world,
            {
                edge.source: frame.outcomes[edge.source].output
                for edge in self._incoming[node]
                if edge.source in sources
            },
        )
        if data.get("disabled"):
            return Outcome(given, self._ports(body)[0])
        pinned = self._pins.get(NodeId(node), data.get("pinned"))
        if pinned is not None and not self._runs_though_pinned(node):
            return Outcome(pinned, self._pinned_port(body, pinned))
        on_error = data.get("onError", "stop")
        try:
            try:
                output, port = self._perform(call, frame)
            except EvaluationFailed:
                raise NodeFailed(Failure(node, QUERY_ERROR, ANY)) from None
            except Refusal as refusal:
                raise NodeFailed(Failure(node, refusal.error, refusal.message)) from None
        except NodeFailed as failed:
            if on_error == "stop" or body["type"] == "stop":
                raise
            error = failed.error()
            if on_error == "branch":
                return Outcome(None, "error", error)
            decides = body["type"] in ("conditional", "switch")
            return Outcome({"error": error}, self._ports(body)[-1 if decides else 0], error)
        return Outcome(output, port)

    def _first_input(self, frame: _Frame) -> Any:
        if frame.owner is None:
            return self._inputs
        return frame.item if self._nodes[frame.owner]["type"] == "loop" else frame.input

    def _ports(self, body: Mapping[str, Any]) -> list[str]:
        match body["type"]:
            case "conditional":
                return ["true", "false"]
            case "switch":
                return [*(case["handle"] for case in body["data"]["cases"]), "default"]
            case "approval":
                return ["approved", "rejected", "timeout"]
            case "user-input":
                return ["submitted", "timeout"]
            case "stop":
                return [""]
            case _:
                return ["out"]

    def _runs_though_pinned(self, node: str) -> bool:
        """Whether a node has no output of its own to pin: it decides, or writes variables."""
        kind = self._nodes[node]["type"]
        if kind == "while":
            return any(
                self._nodes[inner]["type"] in ("variable", "while") and self._runs_though_pinned(inner)
                for inner, body in self._nodes.items()
                if body.get("parentId") == node
            )
        return kind in ("conditional", "switch", "stop", "variable")

    def _pinned_port(self, body: Mapping[str, Any], value: Json) -> str:
        decision = value.get("decision") if isinstance(value, dict) else None
        if body["type"] == "approval" and decision in ("approved", "rejected"):
            return str(decision)
        return self._ports(body)[0]

    # Nodes

    def _perform(self, call: Call, frame: _Frame) -> tuple[Any, str]:
        match call.type:
            case "loop":
                return self._loop(call, frame), "out"
            case "while":
                return self._while(call, frame), "out"
            case "variable":
                name, operation = call.data["name"], call.data.get("operation", "set")
                value = call.value("value", 1 if operation == "increment" else None)
                frame.variables[name] = updated(operation, frame.variables.get(name), value)
                return call.input, "out"
            case _:
                return run(call)

    def _loop(self, call: Call, frame: _Frame) -> dict[str, Any]:
        call.value("concurrency")
        results: list[Any] = []
        errors: list[dict[str, Any]] = []
        failures: list[Failure] = []
        for index, item in enumerate(call.items()):
            inner = _Frame(call.id, dict(frame.variables), frame, item=item, index=index)
            try:
                self.run_region(call.id, inner)
                results.append(self._collected(call, inner, call.input))
            except NodeFailed as failed:
                failures += failed.failures
                errors.append({"index": index, "item": item, "error": failed.error()})
        if failures and call.data.get("onItemError", "stop") == "stop":
            raise NodeFailed(*failures)
        return {"results": results, "errors": errors}

    def _while(self, call: Call, frame: _Frame) -> dict[str, Any]:
        limit = call.value("maxIterations", 100)
        results: list[Any] = []
        inner = _Frame(call.id, dict(frame.variables), frame, input=call.input)
        while inner.index < limit:
            test = Call(
                call.id,
                call.type,
                call.data,
                call.input,
                self._reader(inner, call.input),
                self._expressions,
                self._world,
                {},
            )
            if not holds(test, call.data["condition"]):
                break
            inner.outcomes = {}
            self.run_region(call.id, inner)
            results.append(self._collected(call, inner, call.input))
            inner.index += 1
        frame.variables.update(inner.variables)
        return {"results": results, "errors": [], "iterations": inner.index}

    def _reader(self, frame: _Frame, given: Any) -> Lookup:
        return lambda kind, name: self._read(frame, kind, name, given)

    def _collected(self, call: Call, inner: _Frame, given: Any) -> Any:
        if "collect" in call.data:
            try:
                return self._expressions.template(call.data["collect"], self._reader(inner, given))
            except EvaluationFailed:
                raise NodeFailed(Failure(call.id, QUERY_ERROR, ANY)) from None
        outputs = {node: inner.outcomes[node].output for node in self._sinks(call.id)}
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    def _sinks(self, owner: str) -> Iterator[str]:
        sources = {edge.source for edges in self._incoming.values() for edge in edges}
        for node, body in self._nodes.items():
            if body.get("parentId") == owner and node not in sources and body["type"] != "stop":
                yield node

    # What expressions read

    def _read(self, frame: _Frame, kind: str, name: str, given: Any) -> Any:
        match kind:
            case "output" | "error":
                outcome = self._outcome(frame, name)
                return outcome.output if kind == "output" else outcome.error
            case "item" | "index":
                inner: _Frame | None = frame
                while inner is not None and inner.owner != name:
                    inner = inner.outer
                assert inner is not None, f"expected a node inside of {name!r}"
                return inner.item if kind == "item" else inner.index
            case "input":
                return given
            case "inputs":
                return self._inputs[name] if name else self._inputs
            case "vars":
                return frame.variables.get(name)
            case "run.id":
                return RUN_ID
            case "trigger":
                return TRIGGER
            case "workflow.id" | "workflow.version":
                return None
            case _:
                raise AssertionError(f"expected a name that the reference knows, found {kind!r}")

    def _outcome(self, frame: _Frame, node: str) -> Outcome:
        inner: _Frame | None = frame
        parent = self._nodes[node].get("parentId")
        while inner is not None and inner.owner != parent:
            inner = inner.outer
        assert inner is not None, f"expected {node!r} in a region around"
        return inner.outcomes.get(node, SKIPPED)
