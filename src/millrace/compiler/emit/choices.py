"""Choice states."""

from dataclasses import replace
from typing import TYPE_CHECKING

from millrace.compiler.emission import Block, Exit, State
from millrace.compiler.emit.titles import guard_title, nodes_of, note_output
from millrace.compiler.emit.ways import nulls_of, own_after, port_of, write_entries, write_ways
from millrace.compiler.plan import Choose, Gate
from millrace.compiler.render import Renderer
from millrace.compiler.selection import condition
from millrace.expressions import Reference
from millrace.model import Json, Port, StateName

if TYPE_CHECKING:
    from millrace.compiler.emit.emitter import Emitter


def write_choose(emitter: "Emitter", item: Choose, block: Block, exit_: Exit) -> StateName:
    """Write a node that decides."""
    step = item.bound.step
    name = emitter.emission.node_name(step)
    ways = write_ways(emitter, item, block, exit_)
    renderer = Renderer(block.scope)
    port_variable = block.scope.variable(port_of(item.bound)) if step.decides else None

    def way(port: Port) -> tuple[State, StateName]:
        assigned: State = {port_variable: port} if port_variable is not None else {}
        assigned |= nulls_of(ways.unset_at(port), block)
        attached, _ = replace(renderer, own=own_after(item.bound, port, ways)).assign(item.attached)
        return {**assigned, **attached}, ways.entries.get(port) or exit_.state(block)

    rules: list[Json] = []
    for port, test in item.rules:
        assigned, target = way(port)
        rules.append({"Condition": renderer.condition(test), "Assign": assigned, "Next": target})
    assigned, target = way(item.default)
    state: State = {"Type": "Choice", "Choices": rules, "Default": target, "Assign": assigned}
    note_output(block.emission, name, item.bound, item.attached, block)
    return block.add(name, state, nodes_of(item.bound, item.attached))


def write_gate(emitter: "Emitter", item: Gate, block: Block, exit_: Exit) -> StateName:
    """Write a Choice on ports that were decided before."""
    live = emitter.emission.live
    every = frozenset[Reference]().union(*(plan.defined & live for _, plan in item.arms))
    name = block.name(" / ".join(guard_title(emitter.emission, guard) for guard, _ in item.arms))
    rules: list[Json] = []
    for guard, plan in item.arms:
        for reached, entry, unset in write_entries(emitter, guard, plan, block, exit_, every - plan.defined):
            rule: State = {"Condition": Renderer(block.scope).condition(condition(reached))}
            if unset:
                rule["Assign"] = nulls_of(unset, block)
            rules.append(rule | {"Next": entry})
    state: State = {"Type": "Choice", "Choices": rules, "Default": exit_.state(block)}
    nulls = nulls_of(every, block)
    if nulls:
        state["Assign"] = nulls
    return block.add(name, state, ())
