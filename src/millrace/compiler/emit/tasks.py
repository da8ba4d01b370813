"""Task states, and native work whose failure is caught."""

from dataclasses import replace
from typing import TYPE_CHECKING

from millrace.catalogue import LAMBDA_INVOKE, Pause, Task
from millrace.compiler.bound import Assignment, Bound
from millrace.compiler.emission import Block, Exit, State
from millrace.compiler.emit.errors import catchers_of, retriers
from millrace.compiler.emit.titles import nodes_of, note_output
from millrace.compiler.emit.values import duration
from millrace.compiler.emit.ways import Ways, go_on, nulls_of, own_after, port_of, settled, write_ways
from millrace.compiler.plan import Act
from millrace.compiler.render import Renderer
from millrace.expressions import Expression, Reference, ReferenceKind, Template, jsonata, literal, operand, reference
from millrace.model import Json, JsonType, Port, StateName

if TYPE_CHECKING:
    from millrace.compiler.emit.emitter import Emitter


def write_task(
    emitter: "Emitter", item: Act, operation: Task, block: Block, exit_: Exit, rescue: State | None = None
) -> StateName:
    """Write a Task; `rescue` is a catcher that takes what its own catchers leave."""
    bound = item.bound
    name = emitter.emission.node_name(bound.step)
    entry = {assignment.target: _entry_text(assignment) for assignment in item.entry if assignment.target}
    renderer = Renderer(block.scope, entry)
    state: State = {"Type": "Task", "Resource": operation.resource}
    state["Arguments"] = _arguments(emitter, operation, renderer)
    if bound.timeout is not None:
        state["TimeoutSeconds"] = _timeout(bound.timeout, operation, renderer)
    result = f"$states.result{operation.result}"
    output = Reference(ReferenceKind.OUTPUT, bound.step.id)
    success = _success_port(bound, operation)
    ways = write_ways(emitter, item, block, exit_)
    decided = bool(operation.port_member)
    assigned: State = {
        block.scope.variable(target): f"{{% {text} %}}"
        for target, text in entry.items()
        if target in emitter.emission.live
    }
    assigned[block.scope.variable(output)] = f"{{% {result} %}}"
    assigned |= settled(bound, block, None if decided else success, ways)
    own = {**entry, output: result, **own_after(bound, success, ways)}
    if decided:
        own[port_of(bound)] = _decided_port(operation, result)
        assigned[block.scope.variable(port_of(bound))] = f"{{% {own[port_of(bound)]} %}}"
    more, leaving = replace(renderer, own=own).assign(item.attached)
    note_output(block.emission, name, bound, item.attached, block)
    retries = retriers(bound.step.retry, explicit=bound.step.config.retry is not None)
    catchers = catchers_of(item, block, exit_, ways, operation.timeout_port, entry)
    if rescue is not None:
        catchers.append(rescue)
    if retries:
        state["Retry"] = retries
    if catchers:
        state["Catch"] = catchers
    state["Assign"] = {**assigned, **more}
    state["Output"] = f"{{% {result} %}}"
    if success is None and item.arms:
        state["Next"] = _decided(item, block, exit_, ways)
    else:
        state |= go_on(ways, success, exit_, block, leaving)
    return block.add(name, state, nodes_of(bound, item.attached))


def _timeout(timeout: Template, operation: Task, renderer: Renderer) -> Json:
    """Give the seconds after which Step Functions ends a Task; a node that keeps its time itself is left some more."""
    if not operation.grace_seconds:
        return renderer.value(timeout)
    if isinstance(timeout, Expression):
        return renderer.query(jsonata(operand(timeout), f" + {operation.grace_seconds}", optional=True))
    assert isinstance(timeout, int)
    return timeout + operation.grace_seconds


def _arguments(emitter: "Emitter", operation: Task, renderer: Renderer) -> Json:
    payload = renderer.value(operation.arguments)
    if operation.function is not None and operation.resource.startswith(LAMBDA_INVOKE):
        return {"FunctionName": emitter.emission.context.function_name(operation.function), "Payload": payload}
    if "states:startExecution" in operation.resource and isinstance(payload, dict):
        workflow = payload["StateMachineArn"]
        assert isinstance(workflow, str)
        return {**payload, "StateMachineArn": emitter.emission.context.machine_arn(workflow)}
    return payload


def _entry_text(assignment: Assignment) -> str:
    assert isinstance(assignment.value, Expression)
    return assignment.value.render(str)


def _decided(item: Act, block: Block, exit_: Exit, ways: Ways) -> StateName:
    """Write the Choice on the port that a task's result has decided; one that no port is for fails the run."""
    name = block.name(f"{item.bound.step.label}: way on")
    taken = reference(ReferenceKind.PORT, item.bound.step.id)
    rules: list[Json] = []
    for port, entry in ways.entries.items():
        test = jsonata(taken, " = ", literal(port), type=JsonType.BOOLEAN, optional=False, fallible=False)
        rule: State = {"Condition": Renderer(block.scope).condition(test), "Next": entry}
        if ways.unset[port]:
            rule["Assign"] = nulls_of(ways.unset[port], block)
        rules.append(rule)
    state: State = {"Type": "Choice", "Choices": rules}
    if any(port not in ways.entries for port in item.bound.step.ports):
        state["Default"] = exit_.state(block)
        if ways.every:
            state["Assign"] = nulls_of(ways.every, block)
    return block.add(name, state, ())


def write_attempt(emitter: "Emitter", item: Act, block: Block, exit_: Exit) -> StateName:
    """Write native work whose failure is caught: only Task, Parallel and Map have a Catch."""
    bound = item.bound
    name = emitter.emission.node_name(bound.step)
    inner_name = block.name(f"{bound.step.label}: attempt")
    renderer = Renderer(block.scope)
    output = Reference(ReferenceKind.OUTPUT, bound.step.id)
    own: dict[Reference, str] = {}
    if isinstance(bound.operation, Pause):
        inner: State = {
            "Type": "Wait",
            **duration(bound.operation, block),
            "Output": renderer.output(bound.passed),
        }
        own[output] = "$states.result[0]"
    else:
        values = [assignment for assignment in bound.assignments if assignment.target is not None]
        inner = {
            "Type": "Pass",
            "Output": {block.scope.variable(a.target): renderer.value(a.value) for a in values if a.target},
        }
        own = {a.target: f"$states.result[0].{block.scope.variable(a.target)}" for a in values if a.target}
    inner["End"] = True
    ways = write_ways(emitter, item, block, exit_)
    success = None if port_of(bound) in own else bound.step.ports[0]
    assigned: State = {block.scope.variable(target): f"{{% {text} %}}" for target, text in own.items()}
    assigned |= settled(bound, block, success, ways)
    more, leaving = replace(renderer, own=own | own_after(bound, success, ways)).assign(item.attached)
    note_output(block.emission, name, bound, item.attached, block)
    state: State = {
        "Type": "Parallel",
        "Branches": [{"StartAt": inner_name, "States": {inner_name: inner}}],
        "Catch": catchers_of(item, block, exit_, ways),
        "Assign": {**assigned, **more},
    }
    emitter.emission.source_map[inner_name] = []
    if success is None and item.arms:
        state["Next"] = _decided(item, block, exit_, ways)
    else:
        state |= go_on(ways, success, exit_, block, leaving)
    return block.add(name, state, nodes_of(bound, item.attached))


def _success_port(bound: Bound, operation: Task) -> Port | None:
    if operation.port_member:
        return None
    return next(port for port in bound.step.ports if port != operation.timeout_port)


def _decided_port(operation: Task, result: str) -> str:
    member = f"{result}.{operation.port_member}"
    if all(value == port for value, port in operation.ports.items()):
        return member
    return f"$lookup({literal(dict(operation.ports)).render(str)}, {member})"
