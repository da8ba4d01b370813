"""Choice cycles."""

from dataclasses import replace
from typing import TYPE_CHECKING

from millrace.compiler.emission import Block, Exit, State
from millrace.compiler.emit.errors import add_error_handling
from millrace.compiler.emit.titles import nodes_of, note_output
from millrace.compiler.emit.ways import go_on, nulls_of, own_after, settled, write_ways
from millrace.compiler.plan import Cycle, Plan, used_by
from millrace.compiler.render import Renderer, on_one_line
from millrace.expressions import Reference, ReferenceKind, as_expression, call, operand, reference
from millrace.model import StateName

if TYPE_CHECKING:
    from millrace.compiler.emit.emitter import Emitter


def write_cycle(emitter: "Emitter", item: Cycle, block: Block, exit_: Exit) -> StateName:
    """Write a while: a cycle in a branch of its own, so that its values stay apart and its failure can be caught."""
    bound = item.bound
    name = emitter.emission.node_name(bound.step)
    ways = write_ways(emitter, item, block, exit_)
    emitter.emission.live |= used_by(replace(item, body=Plan(())))
    branch = _rounds(emitter, item, block)
    output = Reference(ReferenceKind.OUTPUT, bound.step.id)
    own = {output: "$states.result[0].output"}
    for variable in bound.carried:
        carried = Reference(ReferenceKind.CARRIED, f"{bound.step.id}.{variable}")
        own[carried] = f"$states.result[0].variables.{block.scope.variable(carried)}"
    assigned: State = {block.scope.variable(target): f"{{% {text} %}}" for target, text in own.items()}
    assigned |= settled(bound, block, bound.step.ports[0], ways)
    own |= own_after(bound, bound.step.ports[0], ways)
    more, leaving = Renderer(block.scope, own).assign(item.attached)
    note_output(block.emission, name, bound, item.attached, block)
    state: State = {"Type": "Parallel", "Branches": [branch]}
    add_error_handling(state, item, block, exit_, ways)
    state["Assign"] = {**assigned, **more}
    state |= go_on(ways, bound.step.ports[0], exit_, block, leaving)
    return block.add(name, state, nodes_of(bound, item.attached))


def _rounds(emitter: "Emitter", item: Cycle, block: Block) -> State:
    """Write the Choice cycle of a while."""
    bound, operation = item.bound, item.operation
    node, label = bound.step.id, bound.step.label
    index, results = Reference(ReferenceKind.INDEX, node), Reference(ReferenceKind.RESULTS, node)
    carried = {name: Reference(ReferenceKind.CARRIED, f"{node}.{name}") for name in bound.carried}
    scope = block.scope.inner(item.body, frozenset((index, results, *carried.values())))
    inner = Block(emitter.emission, scope)
    renderer = Renderer(scope)
    start, check, repeat, done = (inner.name(f"{label}: {part}") for part in ("start", "while", "next", "done"))
    summary: State = {
        "results": f"{{% {scope.text(results)} %}}",
        "errors": [],
        "iterations": f"{{% {scope.text(index)} %}}",
    }
    final: State = {
        "output": summary,
        "variables": {block.scope.variable(r): f"{{% {scope.text(r)} %}}" for r in carried.values()},
    }
    inner.add(done, {"Type": "Succeed", "Output": final}, ())
    collected = call("append", reference(ReferenceKind.RESULTS, node), as_expression([operation.collect]))
    following: State = {
        scope.variable(index): f"{{% {scope.text(index)} + 1 %}}",
        scope.variable(results): renderer.query(replace(collected, optional=False)),
    }
    following |= {scope.variable(carried[n]): renderer.value(end) for n, (_, end) in bound.carried.items()}
    inner.add(repeat, {"Type": "Pass", "Assign": following, "Next": check}, ())
    body = emitter.plan(item.body, inner, Exit(repeat))
    limit = on_one_line(renderer.text(operand(as_expression(operation.limit))))
    test = on_one_line(renderer.test(operation.condition))
    rule: State = {
        "Condition": f"{{% {scope.text(index)} < {limit} and ({test}) %}}",
        "Next": body,
    }
    inner.add(check, {"Type": "Choice", "Choices": [rule], "Default": done}, ())
    outer = Renderer(block.scope)
    first: State = {scope.variable(index): 0, scope.variable(results): []}
    first |= {scope.variable(carried[n]): outer.value(begin) for n, (begin, _) in bound.carried.items()}
    first |= nulls_of(operation.condition.references & item.body.defined, inner)
    inner.add(start, {"Type": "Pass", "Assign": first, "Next": check}, ())
    return inner.machine(start)
