"""Pass: say for every reference where its value stands when the node reads it.

References to inputs of a node, to workflow variables and to nodes that only pass a value on are replaced by what they
stand for, so that what is left are values that some state assigns, and what the execution itself knows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from millrace.catalogue import Decide, Each, Gather, Lowering, Pause, Repeat, Result, SetVariable, Value
from millrace.compiler.bound import Assignment, Binding, Bound
from millrace.compiler.condition import liveness
from millrace.compiler.graph import Graph, Region, Step
from millrace.compiler.guards import ALWAYS, NEVER, Guard
from millrace.compiler.operands import rewrite_operation, rewrite_template
from millrace.compiler.selection import choose, condition, decision
from millrace.expressions import (
    Expression,
    Reference,
    ReferenceKind,
    Template,
    as_expression,
    call,
    jsonata,
    literal,
    or_null,
    reference,
)
from millrace.model import OUT, JsonType, NodeId, Port

_ALIAS_PARTS: Final = 6
"""How long the text that stands for a passed-on value may be before the value gets a variable of its own."""


def bind(graph: Graph) -> Binding:
    """Settle every reference of the nodes that may run."""
    return _Binder(graph).bind()


def _first_port(step: Step) -> Port:
    return step.ports[0] if step.ports else OUT


class _Binder:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._guards = graph.guards
        self._aliases: dict[NodeId, Expression] = {}
        self._bound: dict[NodeId, Bound] = {}
        self._writes: dict[NodeId | None, dict[str, list[NodeId]]] = {}
        # The condition of a while reads what its body's nodes gave in the iteration before, and null at first.
        self._kept = {
            used.node
            for step in graph.steps.values()
            if isinstance(step.operation, Repeat)
            for used in step.operation.condition.references
            if used.kind is ReferenceKind.OUTPUT
        }

    def bind(self) -> Binding:
        for owner in self._graph.regions:
            self._find_writes(owner)
        self._bind_region(self._graph.regions[None])
        outputs = [
            (node, operation.name, self._final_value(node))
            for node in self._graph.regions[None].order
            if isinstance(operation := self._graph.steps[node].operation, Result) and node in self._bound
        ]
        return Binding(self._bound, tuple(outputs))

    def _find_writes(self, owner: NodeId | None) -> dict[str, list[NodeId]]:
        """Find the nodes of a region that leave a variable written, in order; a while does when its body does."""
        if owner in self._writes:
            return self._writes[owner]
        writes = self._writes[owner] = {}
        for node in self._graph.regions[owner].order:
            operation = self._graph.steps[node].operation
            names: Iterable[str] = ()
            if isinstance(operation, SetVariable):
                names = (operation.name,)
            elif isinstance(operation, Repeat) and node in self._graph.regions:
                names = self._find_writes(node)
            for name in names:
                writes.setdefault(name, []).append(node)
        return writes

    def _bind_region(self, region: Region) -> None:
        for node in region.order:
            if self._guards.by_node[node] != NEVER:
                self._bind_node(region, node)

    def _bind_node(self, region: Region, node: NodeId) -> None:
        step = self._graph.steps[node]
        operation = step.operation
        assert operation is not None
        if isinstance(operation, Gather):
            operation = self._gather(region, node, operation)
        if node in self._graph.regions:
            self._bind_region(self._graph.regions[node])
        known = self._guards.by_node[node]
        outer = self._reader(region, node, known)
        inner = self._end_reader(node) if node in self._graph.regions else outer
        if isinstance(operation, Repeat):
            # The condition is tested before an iteration: variables stand as the last one left them.
            operation = Repeat(
                rewrite_condition(operation, self._start_reader(node)),
                rewrite_template(operation.limit, outer),
                rewrite_template(self._collect(node, operation.collect), inner),
            )
        elif isinstance(operation, Each):
            operation = rewrite_operation(
                Each(
                    operation.items,
                    operation.concurrency,
                    self._collect(node, operation.collect),
                    operation.skip_failed,
                ),
                outer,
                inner,
            )
        else:
            operation = rewrite_operation(operation, outer, inner)
        self._bound[node] = self._settle(region, step, operation, outer)

    def _settle(self, region: Region, step: Step, operation: Lowering, outer: "_Reader") -> Bound:
        """Split what a node does into values to assign and work for a state of its own."""
        node = step.id
        output = Reference(ReferenceKind.OUTPUT, node)
        mark = Assignment(node)
        match operation:
            case Value(value=Expression() as value, passes_input=True):
                return Bound(step, None, (self._pass_on(node, value) or mark,))
            case Value(value=value):
                if step.kind.name == "input" and isinstance(value, Expression):
                    self._aliases[node] = value
                    return Bound(step, None, (mark,))
                return Bound(step, None, (Assignment(node, output, value),), otherwise=_first_port(step))
            case Result(value=value):
                if isinstance(value, Expression) and not value.fallible and len(value.parts) <= _ALIAS_PARTS:
                    self._aliases[node] = or_null(value)
                    return Bound(step, None, (mark,))
                return Bound(step, None, (Assignment(node, output, value),), otherwise=_first_port(step))
            case SetVariable() | Decide() | Pause():
                return self._settle_passing(step, operation, outer)
            case Repeat():
                return Bound(
                    step, operation, carried=self._carried(region, node), timeout=rewrite_template(step.timeout, outer)
                )
            case _:
                return Bound(
                    step, operation, otherwise=_first_port(step), timeout=rewrite_template(step.timeout, outer)
                )

    def _settle_passing(self, step: Step, operation: SetVariable | Decide | Pause, outer: "_Reader") -> Bound:
        """Split what a node does that passes its input on."""
        node = step.id
        taken = _first_port(step)
        value = _expression(outer.read(Reference(ReferenceKind.INPUT)))
        output = Assignment(node, Reference(ReferenceKind.OUTPUT, node), value)
        caught = step.config.onError != "stop"
        if isinstance(operation, SetVariable):
            written = Assignment(node, Reference(ReferenceKind.WRITTEN, node), operation.value)
            if caught and written.fallible:
                previous = outer.read(Reference(ReferenceKind.VARIABLE, operation.name))
                return Bound(step, None, (written, output), previous=_expression(previous), otherwise=taken)
            passed = self._pass_on(node, value)
            return Bound(step, None, (written, passed) if passed else (written,))
        if isinstance(operation, Decide):
            decided = Assignment(node, Reference(ReferenceKind.PORT, node), decision(operation))
            if caught and decided.fallible:
                return Bound(step, None, (decided, output), otherwise=operation.default)
        elif caught:
            return Bound(step, operation, passed=value, otherwise=taken)
        passed = self._pass_on(node, value)
        return Bound(step, operation, (passed,) if passed else ())

    def _pass_on(self, node: NodeId, expression: Expression) -> Assignment | None:
        """Let a node's output stand for its input; long texts get a variable, lest they grow from node to node."""
        if node not in self._kept and sum(1 for _ in expression.walk()) <= _ALIAS_PARTS:
            self._aliases[node] = expression
            return None
        return Assignment(node, Reference(ReferenceKind.OUTPUT, node), expression)

    def _final_value(self, node: NodeId) -> Template:
        return self._aliases.get(node, reference(ReferenceKind.OUTPUT, node))

    # What a reference stands for

    def _reader(self, region: Region, node: NodeId | None, known: Guard) -> "_Reader":
        return _Reader(self, region, node, known)

    def _start_reader(self, container: NodeId) -> "_Reader":
        return _Reader(self, self._graph.regions[container], None, ALWAYS, at_start=True)

    def _end_reader(self, container: NodeId) -> "_Reader":
        return _Reader(self, self._graph.regions[container], None, ALWAYS)

    def output_of(self, node: NodeId, known: Guard) -> Expression | Reference:
        guard = self._guards.by_node.get(node, NEVER)
        if self._guards.exclusive(known, guard):
            # It never runs, or never with the reader, which may stand on a way where it has no variable.
            return literal(None)
        alias = self._aliases.get(node)
        if alias is None:
            return Reference(ReferenceKind.OUTPUT, node)
        if self._guards.implies(known, guard):
            return alias
        return choose([(guard, alias), (ALWAYS, literal(None))])

    def has_error(self, node: NodeId, known: Guard) -> bool:
        """Whether a node's error may have a value where something is known."""
        step = self._graph.steps[node]
        if self._guards.exclusive(known, self._guards.by_node.get(node, NEVER)):
            return False
        return step.config.onError != "stop" and node in self._bound and self._bound[node].may_fail

    def input_at(self, region: Region, node: NodeId | None, known: Guard) -> Expression | Reference:
        """Give the input of a node, or of the container whose iterations are meant."""
        if node is not None:
            return self.input_of(region, node, known)
        assert region.owner is not None
        return self.input_of(self._graph.region_of(region.owner), region.owner, self._guards.by_node[region.owner])

    def input_of(self, region: Region, node: NodeId, known: Guard) -> Expression | Reference:
        edges = region.incoming[node]
        if not edges:
            return self._first_input(region.owner)
        cases: list[tuple[Guard, Expression]] = []
        for edge in edges:
            live = liveness(self._graph, self._guards, edge)
            if live == NEVER:
                continue
            value = _expression(self.output_of(edge.source, live))
            if cases and cases[-1][1] == value:
                live = self._guards.union((cases.pop()[0], live))
            cases.append((live, value))
            if self._guards.implies(known, live):
                break
        return choose(cases) if cases else literal(None)

    def _first_input(self, owner: NodeId | None) -> Expression | Reference:
        if owner is None:
            return Reference(ReferenceKind.INPUTS)
        if isinstance(self._graph.steps[owner].operation, Each):
            return Reference(ReferenceKind.ITEM, owner)
        return self.input_of(self._graph.region_of(owner), owner, self._guards.by_node[owner])

    def variable(
        self, name: str, region: Region, node: NodeId | None, known: Guard, *, at_start: bool = False
    ) -> Expression:
        """Give a variable's value before a node, or at a region's start or end."""
        cases: list[tuple[Guard, Expression]] = []
        writers = [] if at_start else self._writes[region.owner].get(name, [])
        for writer in reversed(writers):
            guard = self._guards.by_node[writer]
            if self._guards.exclusive(known, guard) or (node is not None and not region.is_ancestor(writer, node)):
                continue
            cases.append((guard, self._written(writer, name)))
            if self._guards.implies(known, guard):
                return choose(cases)
        cases.append((ALWAYS, self._before(name, region)))
        return choose(cases)

    def _written(self, writer: NodeId, name: str) -> Expression:
        if isinstance(self._graph.steps[writer].operation, SetVariable):
            return reference(ReferenceKind.WRITTEN, writer)
        return reference(ReferenceKind.CARRIED, f"{writer}.{name}")

    def _before(self, name: str, region: Region) -> Expression:
        """Give a variable's value where a region begins."""
        owner = region.owner
        if owner is None:
            return literal(None)
        if isinstance(self._graph.steps[owner].operation, Repeat) and name in self._writes[owner]:
            return reference(ReferenceKind.CARRIED, f"{owner}.{name}")
        return self.variable(name, self._graph.region_of(owner), owner, self._guards.by_node[owner])

    def _carried(self, region: Region, node: NodeId) -> dict[str, tuple[Template, Template]]:
        body = self._graph.regions[node]
        return {
            name: (
                self.variable(name, region, node, self._guards.by_node[node]),
                self.variable(name, body, None, ALWAYS),
            )
            for name in sorted(self._writes[node])
        }

    # What operations of several values become

    def _collect(self, container: NodeId, collect: Template | None) -> Template:
        if collect is not None:
            return collect
        sinks = [node for node in self._graph.regions[container].sinks() if self._gives_output(node)]
        if len(sinks) == 1:
            return reference(ReferenceKind.OUTPUT, sinks[0])
        return {node: reference(ReferenceKind.OUTPUT, node) for node in sinks}

    def _gives_output(self, node: NodeId) -> bool:
        return self._graph.steps[node].kind.name != "stop"

    def _gather(self, region: Region, node: NodeId, gather: Gather) -> Lowering:
        if gather.mode == "first":
            return Value(reference(ReferenceKind.INPUT), passes_input=True)
        known = self._guards.by_node[node]
        sources: dict[NodeId, Guard] = {}
        for edge in region.incoming[node]:
            live = liveness(self._graph, self._guards, edge)
            if live != NEVER:
                sources[edge.source] = self._guards.union((sources.get(edge.source, NEVER), live))
        certain = all(self._guards.implies(known, guard) for guard in sources.values())
        outputs = {source: reference(ReferenceKind.OUTPUT, source) for source in sources}
        if certain:
            return Value([*outputs.values()] if gather.mode == "array" else {**outputs})
        kind = JsonType.ARRAY if gather.mode == "array" else JsonType.OBJECT
        empty = "[]" if gather.mode == "array" else "{}"
        members: list[Expression] = []
        for source, guard in sources.items():
            member = as_expression([outputs[source]] if gather.mode == "array" else {source: outputs[source]})
            if not self._guards.implies(known, guard):
                member = jsonata(
                    condition(guard), " ? ", member, f" : {empty}", type=kind, optional=False, fallible=False
                )
            members.append(member)
        if gather.mode == "array":
            joined = members[0]
            for member in members[1:]:
                joined = call("append", joined, member, type=kind)
            # An array of one element stays an array: JSONata unwraps a sequence of one, never a constructed array.
            return Value(joined)
        merged: list[str | Expression] = ["$merge(["]
        for index, member in enumerate(members):
            merged += [", ", member] if index else [member]
        return Value(jsonata(*merged, "])", type=kind, optional=False, fallible=False))


@dataclass(frozen=True, slots=True)
class _Reader:
    """A place in the run from which references are read: before a node, or at a region's start or end.

    Attributes:
        node: The node that reads; None for the start or the end of the region.
    """

    binder: _Binder
    region: Region
    node: NodeId | None
    known: Guard
    at_start: bool = False

    def __call__(self, used: Reference) -> Expression | Reference:
        return self.read(used)

    def read(self, used: Reference) -> Expression | Reference:
        match used.kind:
            case ReferenceKind.OUTPUT:
                region, known = self._where(used.node)
                return self.binder.output_of(used.node, known) if region is not None else literal(None)
            case ReferenceKind.ERROR:
                _, known = self._where(used.node)
                return used if self.binder.has_error(used.node, known) else literal(None)
            case ReferenceKind.INPUT:
                return self.binder.input_at(self.region, self.node, self.known)
            case ReferenceKind.VARIABLE:
                return self.binder.variable(used.name, self.region, self.node, self.known, at_start=self.at_start)
            case _:
                return used

    def _where(self, node: NodeId) -> tuple[Region | None, Guard]:
        """Give the region that a node lies in and what is known there when this place is reached."""
        graph = self.binder._graph
        parent = graph.steps[node].node.parent
        if parent == self.region.owner:
            return self.region, self.known
        owner = self.region.owner
        while owner is not None:
            if graph.steps[owner].node.parent == parent:
                return graph.regions.get(parent), graph.guards.by_node[owner]
            owner = graph.steps[owner].node.parent
        return None, ALWAYS


def rewrite_condition(repeat: Repeat, reader: _Reader) -> Expression:
    """Settle the references of a while's condition."""
    condition_ = rewrite_template(repeat.condition, reader)
    assert isinstance(condition_, Expression)
    return condition_


def _expression(value: Expression | Reference) -> Expression:
    return value if isinstance(value, Expression) else reference(value.kind, value.name)
