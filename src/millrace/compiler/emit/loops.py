"""Map states."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from millrace.catalogue.lists import as_list
from millrace.compiler.emission import Block, Exit, State
from millrace.compiler.emit.errors import ALL_ERRORS, CAUGHT_MEMBERS, add_error_handling
from millrace.compiler.emit.tasks import write_task
from millrace.compiler.emit.titles import nodes_of, note_output
from millrace.compiler.emit.ways import go_on, own_after, settled, write_ways
from millrace.compiler.plan import Iterate, Plan, used_by
from millrace.compiler.render import Renderer
from millrace.expressions import (
    Expression,
    Reference,
    ReferenceKind,
    Template,
    as_expression,
    jsonata,
    operand,
    walk_template,
)
from millrace.model import Json, StateName

if TYPE_CHECKING:
    from millrace.compiler.emit.emitter import Emitter

MAX_INLINE_CONCURRENCY: Final = 40
"""Iterations of an inline Map that may run at once (Step Functions quotas)."""


def write_iterate(emitter: "Emitter", item: Iterate, block: Block, exit_: Exit) -> StateName:
    """Write a loop."""
    bound, operation = item.bound, item.operation
    name = emitter.emission.node_name(bound.step)
    ways = write_ways(emitter, item, block, exit_)
    emitter.emission.live |= used_by(replace(item, body=Plan(())))
    body, index, member = _iteration(emitter, item, block)
    renderer = Renderer(block.scope)
    output = Reference(ReferenceKind.OUTPUT, bound.step.id)
    if operation.skip_failed:
        results = "[$map($states.result[$exists(result)], function($item) { $item.result })[]]"
        errors = "[$states.result.error[]]"
    else:
        results, errors = "$states.result", "[]"
    text = f'{{"results": {results}, "errors": {errors}}}'
    assigned: State = {
        block.scope.variable(output): {
            "results": f"{{% {results} %}}",
            "errors": f"{{% {errors} %}}" if operation.skip_failed else [],
        }
    }
    assigned |= settled(bound, block, bound.step.ports[0], ways)
    more, leaving = replace(renderer, own={output: text, **own_after(bound, bound.step.ports[0], ways)}).assign(
        item.attached
    )
    note_output(block.emission, name, bound, item.attached, block)
    state: State = {
        "Type": "Map",
        "Items": renderer.value(operation.items if _is_plain_list(operation.items) else _items(operation.items)),
        "MaxConcurrency": _concurrency(operation.concurrency, renderer),
        "ItemSelector": {
            key: f"{{% $states.context.Map.Item.{source} %}}"
            for key, source, wanted in (("item", "Value", member), ("index", "Index", index))
            if wanted
        },
        "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **body},
    }
    add_error_handling(state, item, block, exit_, ways)
    state["Assign"] = {**assigned, **more}
    state |= go_on(ways, bound.step.ports[0], exit_, block, leaving)
    return block.add(name, state, nodes_of(bound, item.attached))


def _concurrency(concurrency: Template, renderer: Renderer) -> Json:
    if isinstance(concurrency, Expression):
        wanted = operand(concurrency)
        return renderer.query(
            jsonata(f"$min([{MAX_INLINE_CONCURRENCY}, $max([1, $floor(", wanted, ")])])", optional=False)
        )
    return min(int(concurrency), MAX_INLINE_CONCURRENCY) if isinstance(concurrency, (int, float)) else 10


def _iteration(emitter: "Emitter", item: Iterate, block: Block) -> tuple[State, bool, bool]:
    """Write the processor of a loop; give it with whether it needs the index and the item."""
    bound, operation = item.bound, item.operation
    fallible = item.collects_fallibly
    label = f"{bound.step.label}: collect"
    inner = Block(emitter.emission, block.scope.inner(item.body))
    if not operation.skip_failed:
        exit_ = Exit(output=lambda renderer: renderer.output(operation.collect), fallible=fallible, label=label)
        start = emitter.plan(item.body, inner, exit_)
        reads = item.body.defined
        needs = [Reference(kind, bound.step.id) in reads for kind in (ReferenceKind.INDEX, ReferenceKind.ITEM)]
        return inner.machine(start), needs[0], needs[1]
    failed = inner.name(f"{bound.step.label}: failed item")
    record: State = {
        "index": "{% $states.input.index %}",
        "item": "{% $states.input.item %}",
        "error": CAUGHT_MEMBERS,
    }
    rescue: State = {"ErrorEquals": list(ALL_ERRORS), "Output": {"error": record}, "Next": failed}
    inner.add(failed, {"Type": "Succeed"}, ())
    if item.only_task is not None:
        only, task = item.only_task
        exit_ = Exit(output=lambda renderer: {"result": renderer.value(operation.collect)}, label=label)
        start = write_task(emitter, only, task, inner, exit_, rescue)
        emitter.emission.live |= used_by(only)
    else:
        start = inner.name(f"{bound.step.label}: item")
        branch_block = Block(emitter.emission, inner.scope)
        exit_ = Exit(output=lambda renderer: renderer.output(operation.collect), fallible=fallible, label=label)
        branch = branch_block.machine(emitter.plan(item.body, branch_block, exit_))
        state: State = {
            "Type": "Parallel",
            "Branches": [branch],
            "Catch": [rescue],
            "Output": {"result": "{% $states.result[0] %}"},
            "End": True,
        }
        inner.add(start, state, ())
    return inner.machine(start), True, True


def _is_plain_list(items: Template) -> bool:
    return isinstance(items, list) and not any(True for _ in walk_template(items))


def _items(items: Template) -> Expression:
    return as_list(as_expression(items))
