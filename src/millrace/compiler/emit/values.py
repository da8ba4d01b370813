"""States that do nothing but compute, wait or fail."""

from millrace.catalogue import Pause, Stop
from millrace.compiler.emission import Block, Exit, State
from millrace.compiler.emit.titles import nodes_of, note_variables, title_of
from millrace.compiler.plan import Act, Compute
from millrace.compiler.render import Renderer
from millrace.expressions import Expression, Template, as_expression, call, operand
from millrace.model import JsonType, StateName


def write_compute(item: Compute, block: Block, exit_: Exit) -> StateName | None:
    """Write a Pass state, or nothing where no value is computed."""
    nodes = [assignment.node for assignment in item.assignments]
    if item.only_marks:
        if exit_.target is None:
            exit_.marks.extend(nodes)
        else:
            block.mark(nodes, exit_.target)
        return None
    working = [assignment.node for assignment in item.assignments if assignment.target is not None]
    name = block.name(title_of(block.emission, working))
    assigned, renderer = Renderer(block.scope).assign(item.assignments)
    note_variables(block.emission, name, item.assignments, block)
    return block.add(name, {"Type": "Pass", "Assign": assigned, **exit_.leave(block, renderer)}, nodes)


def write_stop(item: Act, operation: Stop, block: Block) -> StateName:
    """Write a Fail state."""
    renderer = Renderer(block.scope)
    state: State = {
        "Type": "Fail",
        "Error": renderer.value(_as_text(operation.error)),
        "Cause": renderer.value(_as_text(operation.cause)),
    }
    return block.add(block.emission.node_name(item.bound.step), state, (item.bound.step.id,))


def write_wait(item: Act, operation: Pause, block: Block, exit_: Exit) -> StateName:
    """Write a Wait state."""
    name = block.emission.node_name(item.bound.step)
    assigned, renderer = Renderer(block.scope).assign(item.attached)
    state: State = {"Type": "Wait", **duration(operation, block)}
    if assigned:
        state["Assign"] = assigned
    note_variables(block.emission, name, item.attached, block)
    return block.add(name, state | exit_.leave(block, renderer), nodes_of(item.bound, item.attached))


def duration(operation: Pause, block: Block) -> State:
    """Give how long a Wait state waits."""
    renderer = Renderer(block.scope)
    if operation.until is not None:
        return {"Timestamp": renderer.value(operation.until)}
    return {"Seconds": renderer.value(operation.seconds)}


def _as_text(template: Template) -> Template:
    if isinstance(template, Expression) and template.type is not JsonType.STRING:
        return call("string", operand(template), type=JsonType.STRING, optional=template.optional)
    if isinstance(template, (str, Expression)):
        return template
    return call("string", as_expression(template), type=JsonType.STRING, optional=False)
