"""Tenth pass: write the plan as Amazon States Language.

States are written from the end of a plan to its start, so that each knows what comes next and which values are read
after it. A value is a variable of the scope in which its state stands; a branch hands on, as its output, what is read
behind it (Amazon States Language, "Assign" and "Variable scope").
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from millrace.catalogue import LAMBDA_INVOKE, Pause, Retry, Stop, Task
from millrace.catalogue.lists import as_list
from millrace.compiler.bind import Assignment, Bound, condition
from millrace.compiler.emission import Block, Child, Emission, Exit, State
from millrace.compiler.guards import ALWAYS, Atom, Guard, ports_by_node
from millrace.compiler.plan import (
    Act,
    Choose,
    Compute,
    Cycle,
    Delegate,
    Fork,
    Gate,
    Item,
    Iterate,
    Plan,
    results_of,
    used_by,
)
from millrace.compiler.render import Renderer
from millrace.expressions import (
    Expression,
    Reference,
    ReferenceKind,
    Template,
    as_expression,
    call,
    jsonata,
    literal,
    operand,
    reference,
    walk_template,
)
from millrace.model import Json, JsonType, NodeId, Port, StateName
from millrace.steps import TRANSIENT_ERRORS

MAX_INLINE_CONCURRENCY: Final = 40
"""Iterations of an inline Map that may run at once (Step Functions quotas)."""

_CAUSE: Final = (
    '($cause := $states.errorOutput.Cause; $message := $exists($cause) and $substring($cause, 0, 1) = "{" and '
    '$substring($cause, -1) = "}" ? $parse($cause).errorMessage; '
    '$exists($message) ? $message : $exists($cause) ? $cause : "")'
)
_CAUGHT: Final = f'{{"type": $states.errorOutput.Error, "message": {_CAUSE}}}'
_CAUGHT_MEMBERS: Final[State] = {"type": "{% $states.errorOutput.Error %}", "message": f"{{% {_CAUSE} %}}"}
_ALL: Final[list[Json]] = ["States.ALL"]


class Emitter:
    """Writes plans into blocks."""

    def __init__(self, emission: Emission) -> None:
        self._emission = emission

    def plan(self, plan: Plan, block: Block, exit_: Exit) -> StateName:
        """Write a plan and give the name of its first state."""
        for item in reversed(plan.items):
            name = self._item(item, block, exit_)
            self._emission.live |= used_by(item)
            if name is not None:
                exit_ = Exit(name)
        return exit_.state(block)

    def _item(self, item: Item, block: Block, exit_: Exit) -> StateName | None:
        match item:
            case Compute():
                return self._compute(item, block, exit_)
            case Act(operation=Stop() as operation):
                return self._stop(item, operation, block)
            case Act(operation=Task() as operation):
                return self._task(item, operation, block, exit_)
            case Act(operation=Pause() as operation) if not item.bound.caught:
                return self._wait(item, operation, block, exit_)
            case Act():
                return self._attempt(item, block, exit_)
            case Choose():
                return self._choose(item, block, exit_)
            case Gate():
                return self._gate(item, block, exit_)
            case Fork():
                return self._fork(item, block, exit_)
            case Iterate():
                return self._iterate(item, block, exit_)
            case Cycle():
                return self._cycle(item, block, exit_)
            case Delegate():
                return self._delegate(item, block, exit_)

    # States without branches

    def _compute(self, item: Compute, block: Block, exit_: Exit) -> StateName | None:
        nodes = [assignment.node for assignment in item.assignments]
        if item.only_marks:
            block.mark(nodes, exit_.target)
            return None
        working = [assignment.node for assignment in item.assignments if assignment.target is not None]
        name = block.name(self._title(working))
        assigned, renderer = Renderer(block.scope).assign(item.assignments)
        self._note_variables(name, item.assignments, block)
        return block.add(name, {"Type": "Pass", "Assign": assigned, **exit_.leave(block, renderer)}, nodes)

    def _stop(self, item: Act, operation: Stop, block: Block) -> StateName:
        renderer = Renderer(block.scope)
        state: State = {
            "Type": "Fail",
            "Error": renderer.value(_as_text(operation.error)),
            "Cause": renderer.value(_as_text(operation.cause)),
        }
        return block.add(self._emission.node_name(item.bound.step), state, (item.bound.step.id,))

    def _wait(self, item: Act, operation: Pause, block: Block, exit_: Exit) -> StateName:
        name = self._emission.node_name(item.bound.step)
        assigned, renderer = Renderer(block.scope).assign(item.attached)
        state: State = {"Type": "Wait", **self._duration(operation, block)}
        if assigned:
            state["Assign"] = assigned
        self._note_variables(name, item.attached, block)
        return block.add(name, state | exit_.leave(block, renderer), self._nodes(item.bound, item.attached))

    def _duration(self, operation: Pause, block: Block) -> State:
        renderer = Renderer(block.scope)
        if operation.until is not None:
            return {"Timestamp": renderer.value(operation.until)}
        return {"Seconds": renderer.value(operation.seconds)}

    # Tasks

    def _task(self, item: Act, operation: Task, block: Block, exit_: Exit, rescue: State | None = None) -> StateName:
        bound = item.bound
        name = self._emission.node_name(bound.step)
        entry = {assignment.target: self._entry_text(assignment) for assignment in item.entry if assignment.target}
        renderer = Renderer(block.scope, entry)
        state: State = {"Type": "Task", "Resource": operation.resource}
        if bound.step.config.notes:
            state["Comment"] = bound.step.config.notes
        state["Arguments"] = self._arguments(operation, renderer)
        if bound.timeout is not None:
            state["TimeoutSeconds"] = renderer.value(bound.timeout)
        result = f"$states.result{operation.result}"
        output = Reference(ReferenceKind.OUTPUT, bound.step.id)
        success = _success_port(bound, operation)
        ways = self._ways(item, block, exit_)
        decided = bool(operation.port_member)
        assigned: State = {
            block.scope.variable(target): f"{{% {text} %}}"
            for target, text in entry.items()
            if target in self._emission.live
        }
        assigned[block.scope.variable(output)] = f"{{% {result} %}}"
        assigned |= self._settled(bound, block, None if decided else success, ways)
        if decided:
            assigned[block.scope.variable(_port(bound))] = _decided_port(operation, result)
        more, leaving = replace(renderer, own={**entry, output: result}).assign(item.attached)
        self._note_output(name, bound, item.attached, block)
        retries = _retry(bound.step.retry, explicit=bound.step.config.retry is not None)
        catchers = self._catchers(item, block, exit_, ways, operation.timeout_port)
        if rescue is not None:
            catchers.append(rescue)
        if retries:
            state["Retry"] = retries
        if catchers:
            state["Catch"] = catchers
        state["Assign"] = {**assigned, **more}
        if success is None and item.arms:
            following = self._decided(item, block, exit_, ways)
            state |= {"Output": f"{{% {result} %}}", "Next": following}
        elif success is not None and success in ways.entries:
            state |= {"Output": f"{{% {result} %}}", "Next": ways.entries[success]}
        else:
            state |= {"Output": f"{{% {result} %}}"} | exit_.leave(block, leaving)
        return block.add(name, state, self._nodes(bound, item.attached))

    def _arguments(self, operation: Task, renderer: Renderer) -> Json:
        payload = renderer.value(operation.arguments)
        if operation.function is not None and operation.resource.startswith(LAMBDA_INVOKE):
            return {"FunctionName": self._emission.context.function_name(operation.function), "Payload": payload}
        if "startExecution" in operation.resource and isinstance(payload, dict):
            workflow = payload.get("StateMachineArn")
            known = self._emission.context.machine_arns
            return {
                **payload,
                "StateMachineArn": known.get(workflow, workflow) if isinstance(workflow, str) else workflow,
            }
        return payload

    def _entry_text(self, assignment: Assignment) -> str:
        assert isinstance(assignment.value, Expression)
        return assignment.value.render(str)

    def _decided(self, item: Act, block: Block, exit_: Exit, ways: "_Ways") -> StateName:
        """Write the Choice on the port that a task's result has decided."""
        name = block.name(f"{item.bound.step.label}: way on")
        taken = reference(ReferenceKind.PORT, item.bound.step.id)
        rules: list[Json] = []
        for port, entry in ways.entries.items():
            test = jsonata(taken, " = ", literal(port), type=JsonType.BOOLEAN, optional=False, fallible=False)
            rule: State = {"Condition": Renderer(block.scope).condition(test), "Next": entry}
            if ways.nulls.get(port):
                rule["Assign"] = ways.nulls[port]
            rules.append(rule)
        state: State = {"Type": "Choice", "Choices": rules, "Default": exit_.state(block)}
        if ways.all_null:
            state["Assign"] = ways.all_null
        return block.add(name, state, ())

    def _attempt(self, item: Act, block: Block, exit_: Exit) -> StateName:
        """Write native work whose failure is caught: only Task, Parallel and Map have a Catch."""
        bound = item.bound
        name = self._emission.node_name(bound.step)
        inner_name = block.name(f"{bound.step.label}: attempt")
        renderer = Renderer(block.scope)
        output = Reference(ReferenceKind.OUTPUT, bound.step.id)
        own: dict[Reference, str] = {}
        if isinstance(bound.operation, Pause):
            inner: State = {
                "Type": "Wait",
                **self._duration(bound.operation, block),
                "Output": renderer.value(bound.passed),
            }
            own[output] = "$states.result[0]"
        else:
            values = [assignment for assignment in bound.assignments if assignment.target is not None]
            inner = {"Type": "Pass", "Output": [renderer.value(assignment.value) for assignment in values]}
            own = {a.target: f"$states.result[0][{i}]" for i, a in enumerate(values) if a.target is not None}
        inner["End"] = True
        ways = self._ways(item, block, exit_)
        success = bound.step.ports[0]
        assigned: State = {block.scope.variable(target): f"{{% {text} %}}" for target, text in own.items()}
        assigned |= self._settled(bound, block, success, ways)
        more, leaving = replace(renderer, own=own).assign(item.attached)
        self._note_output(name, bound, item.attached, block)
        state: State = {
            "Type": "Parallel",
            "Branches": [{"StartAt": inner_name, "States": {inner_name: inner}}],
            "Catch": self._catchers(item, block, exit_, ways, None),
            "Assign": {**assigned, **more},
        }
        self._emission.source_map[inner_name] = []
        state |= {"Next": ways.entries[success]} if success in ways.entries else exit_.leave(block, leaving)
        return block.add(name, state, self._nodes(bound, item.attached))

    # What follows a node that decides

    def _ways(self, item: Act | Choose | Iterate | Cycle, block: Block, exit_: Exit) -> "_Ways":
        """Write the arms of a decision; give their first states, and what each port leaves without a value."""
        node = item.bound.step.id
        live = self._emission.live
        every = frozenset[Reference]().union(*(plan.defined & live for plan in item.arms.values()))
        shared: dict[int, tuple[Plan, list[Port]]] = {}
        for port, plan in item.arms.items():
            shared.setdefault(id(plan), (plan, []))[1].append(port)
        entries: dict[Port, StateName] = {}
        nulls: dict[Port, State] = {}
        for plan, ports in shared.values():
            guard = frozenset((node, port) for port in ports)
            for reached, entry, unset in self._entries(guard, plan, block, exit_, every - plan.defined):
                for _, port in reached:
                    entries[port], nulls[port] = entry, _nulls(unset, block)
        return _Ways(entries, nulls, _nulls(every, block))

    def _entries(
        self, guard: Guard, plan: Plan, block: Block, exit_: Exit, unset: frozenset[Reference]
    ) -> list[tuple[Guard, StateName, frozenset[Reference]]]:
        """Write what runs under a guard; give its first states, each with its part of the guard.

        Where the plan begins by telling apart just the cases of its guard, each case leads to its own part at once,
        without a second Choice.
        """
        first = plan.items[0] if plan.items else None
        if not isinstance(first, Gate) or frozenset[Atom]().union(*(inner for inner, _ in first.arms)) != guard:
            return [(guard, self.plan(plan, block, exit_), unset)]
        rest = plan.items[1:]
        if rest:
            exit_ = Exit(self.plan(Plan(rest), block, exit_))
        live = self._emission.live
        every = frozenset[Reference]().union(*(arm.defined & live for _, arm in first.arms))
        entries: list[tuple[Guard, StateName, frozenset[Reference]]] = []
        for inner, arm in first.arms:
            entries += self._entries(inner, arm, block, exit_, unset | (every - arm.defined))
        return entries

    def _settled(self, bound: Bound, block: Block, port: Port | None, ways: "_Ways") -> State:
        """Give what is known when a node has ended well: the port, no error, nothing from the arms not taken."""
        known: State = {}
        error = Reference(ReferenceKind.ERROR, bound.step.id)
        if bound.caught and error in self._emission.live:
            known[block.scope.variable(error)] = None
        if port is not None:
            if bound.step.decides:
                known[block.scope.variable(_port(bound))] = port
            known |= ways.nulls.get(port, ways.all_null)
        return known

    def _catchers(
        self,
        item: Act | Iterate | Cycle,
        block: Block,
        exit_: Exit,
        ways: "_Ways",
        timeout_port: Port | None,
    ) -> list[Json]:
        bound = item.bound
        step, scope = bound.step, block.scope
        output, error = Reference(ReferenceKind.OUTPUT, step.id), Reference(ReferenceKind.ERROR, step.id)
        catchers: list[Json] = []

        def catcher(errors: list[Json], port: Port, value: Json, text: str, fault: bool) -> State:
            assigned: State = {}
            if bound.owns_output:
                assigned[scope.variable(output)] = value
            for assignment in bound.assignments:
                if assignment.target is not None and assignment.target != output:
                    assigned[scope.variable(assignment.target)] = None
            if bound.caught and error in self._emission.live:
                assigned[scope.variable(error)] = _CAUGHT_MEMBERS if fault else None
            if step.decides:
                assigned[scope.variable(_port(bound))] = port
            for name in bound.carried:
                assigned[scope.variable(Reference(ReferenceKind.CARRIED, f"{step.id}.{name}"))] = None
            own = {output: text, error: _CAUGHT if fault else "null"}
            own |= {a.target: "null" for a in bound.assignments if a.target is not None and a.target != output}
            more, _ = Renderer(scope, own).assign(item.attached)
            assigned |= ways.nulls.get(port, ways.all_null)
            target = ways.entries.get(port) or exit_.state(block)
            return {"ErrorEquals": errors, "Assign": {**assigned, **more}, "Next": target}

        if timeout_port is not None:
            catchers.append(catcher(["States.Timeout"], timeout_port, None, "null", fault=False))
        if step.config.onError == "continue":
            catchers.append(
                catcher(list(_ALL), step.ports[0], {"error": _CAUGHT_MEMBERS}, f'{{"error": {_CAUGHT}}}', fault=True)
            )
        elif step.config.onError == "branch":
            catchers.append(catcher(list(_ALL), Port("error"), None, "null", fault=True))
        return catchers

    def _choose(self, item: Choose, block: Block, exit_: Exit) -> StateName:
        step = item.bound.step
        name = self._emission.node_name(step)
        ways = self._ways(item, block, exit_)
        renderer = Renderer(block.scope)
        attached, _ = renderer.assign(item.attached)
        port_variable = block.scope.variable(_port(item.bound)) if step.decides else None

        def way(port: Port) -> tuple[State, StateName]:
            assigned: State = {port_variable: port} if port_variable is not None else {}
            assigned |= ways.nulls.get(port, ways.all_null)
            return {**assigned, **attached}, ways.entries.get(port) or exit_.state(block)

        rules: list[Json] = []
        for port, test in item.rules:
            assigned, target = way(port)
            rules.append({"Condition": renderer.condition(test), "Assign": assigned, "Next": target})
        assigned, target = way(item.default)
        state: State = {"Type": "Choice", "Choices": rules, "Default": target, "Assign": assigned}
        if step.config.notes:
            state["Comment"] = step.config.notes
        self._note_variables(name, item.attached, block)
        return block.add(name, state, self._nodes(item.bound, item.attached))

    def _gate(self, item: Gate, block: Block, exit_: Exit) -> StateName:
        live = self._emission.live
        every = frozenset[Reference]().union(*(plan.defined & live for _, plan in item.arms))
        name = block.name(" / ".join(self._guard_title(guard) for guard, _ in item.arms))
        rules: list[Json] = []
        for guard, plan in item.arms:
            for reached, entry, unset in self._entries(guard, plan, block, exit_, every - plan.defined):
                rule: State = {"Condition": Renderer(block.scope).condition(condition(reached))}
                if unset:
                    rule["Assign"] = _nulls(unset, block)
                rules.append(rule | {"Next": entry})
        state: State = {"Type": "Choice", "Choices": rules, "Default": exit_.state(block)}
        nulls = _nulls(every, block)
        if nulls:
            state["Assign"] = nulls
        return block.add(name, state, ())

    # Branches and containers

    def _fork(self, item: Fork, block: Block, exit_: Exit) -> StateName:
        name = block.name("Parallel: " + " | ".join(self._plan_title(branch) for branch in item.branches))
        for assignment in item.attached:
            self._emission.live |= assignment.references
        # What one branch hands on does not depend on what another one reads.
        every = [self._exports(branch.defined & self._emission.live, block) for branch in item.branches]
        branches: list[Json] = []
        own: dict[Reference, str] = {}
        assigned: State = {}
        for index, (branch, exports) in enumerate(zip(item.branches, every, strict=True)):
            branches.append(self._branch(branch, block, exports))
            for exported, variable in exports.items():
                own[exported] = f"$states.result[{index}].{variable}"
                assigned[variable] = f"{{% {own[exported]} %}}"
        more, leaving = Renderer(block.scope, own).assign(item.attached)
        state: State = {"Type": "Parallel", "Branches": branches}
        if assigned or more:
            state["Assign"] = {**assigned, **more}
        self._note_variables(name, item.attached, block)
        nodes = [assignment.node for assignment in item.attached]
        return block.add(name, state | exit_.leave(block, leaving), nodes)

    def _exports(self, references: Iterable[Reference], block: Block) -> dict[Reference, str]:
        return {used: block.scope.variable(used) for used in sorted(references)}

    def _branch(self, plan: Plan, block: Block, exports: Mapping[Reference, str]) -> State:
        self._emission.live |= set(exports)
        inner = Block(self._emission, block.scope.inner(plan))
        start = self.plan(plan, inner, Exit(output=_exporting(exports)))
        return {"StartAt": start, "States": inner.states()}

    def _iterate(self, item: Iterate, block: Block, exit_: Exit) -> StateName:
        bound, operation = item.bound, item.operation
        name = self._emission.node_name(bound.step)
        ways = self._ways(item, block, exit_)
        self._emission.live |= used_by(replace(item, body=Plan(())))
        body, index, member = self._iteration(item, block)
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
        assigned |= self._settled(bound, block, bound.step.ports[0], ways)
        more, leaving = replace(renderer, own={output: text}).assign(item.attached)
        self._note_output(name, bound, item.attached, block)
        state: State = {"Type": "Map"}
        if bound.step.config.notes:
            state["Comment"] = bound.step.config.notes
        state |= {
            "Items": renderer.value(operation.items if _is_plain_list(operation.items) else _items(operation.items)),
            "MaxConcurrency": self._concurrency(operation.concurrency, renderer),
            "ItemSelector": {
                key: f"{{% $states.context.Map.Item.{source} %}}"
                for key, source, wanted in (("item", "Value", member), ("index", "Index", index))
                if wanted
            },
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **body},
        }
        self._add_error_handling(state, item, block, exit_, ways)
        state["Assign"] = {**assigned, **more}
        state |= (
            {"Next": ways.entries[bound.step.ports[0]]}
            if bound.step.ports[0] in ways.entries
            else exit_.leave(block, leaving)
        )
        return block.add(name, state, self._nodes(bound, item.attached))

    def _concurrency(self, concurrency: Template, renderer: Renderer) -> Json:
        if isinstance(concurrency, Expression):
            wanted = operand(concurrency)
            return renderer.query(
                jsonata(f"$min([{MAX_INLINE_CONCURRENCY}, $max([1, $floor(", wanted, ")])])", optional=False)
            )
        return min(int(concurrency), MAX_INLINE_CONCURRENCY) if isinstance(concurrency, (int, float)) else 10

    def _iteration(self, item: Iterate, block: Block) -> tuple[State, bool, bool]:
        """Write the processor of a loop; give it with whether it needs the index and the item."""
        bound, operation = item.bound, item.operation
        fallible = any(expression.fallible for expression in walk_template(operation.collect))
        label = f"{bound.step.label}: collect"
        inner = Block(self._emission, block.scope.inner(item.body))
        if not operation.skip_failed:
            exit_ = Exit(output=lambda renderer: renderer.value(operation.collect), fallible=fallible, label=label)
            start = self.plan(item.body, inner, exit_)
            reads = item.body.defined
            needs = [Reference(kind, bound.step.id) in reads for kind in (ReferenceKind.INDEX, ReferenceKind.ITEM)]
            return {"StartAt": start, "States": inner.states()}, needs[0], needs[1]
        failed = inner.name(f"{bound.step.label}: failed item")
        record: State = {
            "index": "{% $states.input.index %}",
            "item": "{% $states.input.item %}",
            "error": _CAUGHT_MEMBERS,
        }
        rescue: State = {"ErrorEquals": list(_ALL), "Output": {"error": record}, "Next": failed}
        inner.add(failed, {"Type": "Succeed"}, ())
        only = item.body.items[0] if len(item.body.items) == 1 else None
        if not fallible and isinstance(only, Act) and isinstance(only.operation, Task) and _is_plain(only.bound):
            exit_ = Exit(
                output=lambda renderer: {"result": renderer.value(operation.collect)}, fallible=fallible, label=label
            )
            start = self._task(only, only.operation, inner, exit_, rescue)
            self._emission.live |= used_by(only)
        else:
            start = inner.name(f"{bound.step.label}: item")
            branch_block = Block(self._emission, inner.scope)
            exit_ = Exit(output=lambda renderer: renderer.value(operation.collect), fallible=fallible, label=label)
            branch: State = {"StartAt": self.plan(item.body, branch_block, exit_), "States": branch_block.states()}
            state: State = {
                "Type": "Parallel",
                "Branches": [branch],
                "Catch": [rescue],
                "Output": {"result": "{% $states.result[0] %}"},
                "End": True,
            }
            inner.add(start, state, ())
        return {"StartAt": start, "States": inner.states()}, True, True

    def _cycle(self, item: Cycle, block: Block, exit_: Exit) -> StateName:
        bound = item.bound
        name = self._emission.node_name(bound.step)
        ways = self._ways(item, block, exit_)
        self._emission.live |= used_by(replace(item, body=Plan(())))
        branch = self._rounds(item, block)
        output = Reference(ReferenceKind.OUTPUT, bound.step.id)
        own = {output: "$states.result[0].output"}
        for variable in bound.carried:
            own[Reference(ReferenceKind.CARRIED, f"{bound.step.id}.{variable}")] = (
                f"$states.result[0].variables.{variable}"
            )
        assigned: State = {block.scope.variable(target): f"{{% {text} %}}" for target, text in own.items()}
        assigned |= self._settled(bound, block, bound.step.ports[0], ways)
        more, leaving = Renderer(block.scope, own).assign(item.attached)
        self._note_output(name, bound, item.attached, block)
        state: State = {"Type": "Parallel", "Branches": [branch]}
        self._add_error_handling(state, item, block, exit_, ways)
        state["Assign"] = {**assigned, **more}
        state |= (
            {"Next": ways.entries[bound.step.ports[0]]}
            if bound.step.ports[0] in ways.entries
            else exit_.leave(block, leaving)
        )
        return block.add(name, state, self._nodes(bound, item.attached))

    def _rounds(self, item: Cycle, block: Block) -> State:
        """Write the Choice cycle of a while."""
        bound, operation = item.bound, item.operation
        node, label = bound.step.id, bound.step.label
        index, results = Reference(ReferenceKind.INDEX, node), Reference(ReferenceKind.RESULTS, node)
        carried = {name: Reference(ReferenceKind.CARRIED, f"{node}.{name}") for name in bound.carried}
        scope = block.scope.inner(item.body, frozenset((index, results, *carried.values())))
        inner = Block(self._emission, scope)
        renderer = Renderer(scope)
        start, check, repeat, done = (inner.name(f"{label}: {part}") for part in ("start", "while", "next", "done"))
        summary: State = {
            "results": f"{{% {scope.text(results)} %}}",
            "errors": [],
            "iterations": f"{{% {scope.text(index)} %}}",
        }
        final: State = {"output": summary, "variables": {n: f"{{% {scope.text(r)} %}}" for n, r in carried.items()}}
        inner.add(done, {"Type": "Succeed", "Output": final}, ())
        collected = call("append", reference(ReferenceKind.RESULTS, node), as_expression([operation.collect]))
        following: State = {
            scope.variable(index): f"{{% {scope.text(index)} + 1 %}}",
            scope.variable(results): renderer.query(replace(collected, optional=False)),
        }
        following |= {scope.variable(carried[n]): renderer.value(end) for n, (_, end) in bound.carried.items()}
        inner.add(repeat, {"Type": "Pass", "Assign": following, "Next": check}, ())
        body = self.plan(item.body, inner, Exit(repeat))
        limit = renderer.text(operand(as_expression(operation.limit)))
        test = renderer.test(operation.condition)
        rule: State = {
            "Condition": f"{{% {scope.text(index)} < {limit} and ({test}) %}}",
            "Next": body,
        }
        inner.add(check, {"Type": "Choice", "Choices": [rule], "Default": done}, ())
        outer = Renderer(block.scope)
        first: State = {scope.variable(index): 0, scope.variable(results): []}
        first |= {scope.variable(carried[n]): outer.value(begin) for n, (begin, _) in bound.carried.items()}
        first |= _nulls(operation.condition.references & item.body.defined, inner)
        inner.add(start, {"Type": "Pass", "Assign": first, "Next": check}, ())
        return {"StartAt": start, "States": inner.states()}

    def _add_error_handling(
        self, state: State, item: Iterate | Cycle, block: Block, exit_: Exit, ways: "_Ways"
    ) -> None:
        config = item.bound.step.config
        retries = _retry(config.retry, explicit=True)
        if retries:
            state["Retry"] = retries
        catchers = self._catchers(item, block, exit_, ways, None)
        if catchers:
            state["Catch"] = catchers

    def _delegate(self, item: Delegate, block: Block, exit_: Exit) -> StateName:
        name = block.name(item.name)
        exports = self._exports(item.body.defined & self._emission.live, block)
        self._emission.live |= set(exports)
        inner = Block(self._emission, block.scope.machine(item.body))
        start = self.plan(item.body, inner, Exit(output=_exporting(exports)))
        definition: State = {
            "Comment": f"{self._emission.graph.workflow.name}: {item.name}",
            "QueryLanguage": "JSONata",
            "StartAt": start,
            "States": inner.states(),
        }
        self._emission.children.append(Child(item.name, definition))
        scope = block.scope
        run = {kind: scope.text(Reference(kind)) for kind in (ReferenceKind.RUN_ID, ReferenceKind.RUN_STARTED_AT)}
        values: State = {
            variable: f"{{% {_or_null(scope.text(used))} %}}" for used, variable in sorted(inner.scope.imports.items())
        }
        parent: State = {
            "inputs": f"{{% {_or_null(scope.text(Reference(ReferenceKind.INPUTS)))} %}}",
            "trigger": f"{{% {_or_null(scope.text(Reference(ReferenceKind.TRIGGER)))} %}}",
            "run": {
                "id": f"{{% {run[ReferenceKind.RUN_ID]} %}}",
                "startedAt": f"{{% {run[ReferenceKind.RUN_STARTED_AT]} %}}",
            },
            "values": values,
            "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "{% $states.context.Execution.Id %}",
        }
        own = {used: f"$states.result.Output.{variable}" for used, variable in exports.items()}
        state: State = {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Arguments": {
                "StateMachineArn": self._emission.context.child_arns.format(name=item.name),
                "Input": parent,
            },
            "Output": {},
        }
        if own:
            state["Assign"] = {exports[used]: f"{{% {text} %}}" for used, text in own.items()}
        return block.add(name, state | exit_.leave(block, Renderer(scope, own)), ())

    # Titles and the source map

    def _label(self, node: NodeId) -> str:
        return self._emission.graph.steps[node].label

    def _title(self, nodes: Sequence[NodeId]) -> str:
        named = list(dict.fromkeys(node for node in nodes if node))
        return ", ".join(self._label(node) for node in named) or "Item"

    def _guard_title(self, guard: Guard) -> str:
        if guard == ALWAYS:
            return "Always"
        return (
            " or ".join(f"{self._label(node)} {' or '.join(ports)}" for node, ports in ports_by_node(guard).items())
            + "?"
        )

    def _plan_title(self, plan: Plan) -> str:
        for item in plan.items:
            match item:
                case Compute(assignments=assignments):
                    return self._title([assignment.node for assignment in assignments][:1])
                case Act(bound=bound) | Choose(bound=bound) | Iterate(bound=bound) | Cycle(bound=bound):
                    return bound.step.label
                case Gate(arms=arms):
                    return self._guard_title(arms[0][0])
                case Fork(branches=branches):
                    return self._plan_title(branches[0])
                case Delegate(name=name):
                    return name
        return "…"

    def _nodes(self, bound: Bound, attached: Sequence[Assignment]) -> list[NodeId]:
        return [bound.step.id, *(assignment.node for assignment in attached)]

    def _note_output(self, name: StateName, bound: Bound, attached: Sequence[Assignment], block: Block) -> None:
        self._note_variables(name, attached, block)
        for target in results_of(bound):
            self._emission.variables[name][block.scope.variable(target)] = target

    def _note_variables(self, name: StateName, assignments: Sequence[Assignment], block: Block) -> None:
        noted = self._emission.variables.setdefault(name, {})
        for assignment in assignments:
            if assignment.target is not None:
                noted[block.scope.variable(assignment.target)] = assignment.target


@dataclass(frozen=True, slots=True)
class _Ways:
    """The ways on from a decision.

    Attributes:
        entries: First state by port, for the ports with an arm.
        nulls: By port, the values of the other arms that are read later and then have none.
        all_null: The same for a port without an arm.
    """

    entries: Mapping[Port, StateName]
    nulls: Mapping[Port, State]
    all_null: State


def _nulls(references: Iterable[Reference], block: Block) -> State:
    return {block.scope.variable(unset): None for unset in sorted(references)}


def _is_plain(bound: Bound) -> bool:
    return not bound.caught and not bound.step.decides


def _port(bound: Bound) -> Reference:
    return Reference(ReferenceKind.PORT, bound.step.id)


def _success_port(bound: Bound, operation: Task) -> Port | None:
    if operation.port_member:
        return None
    return next(port for port in bound.step.ports if port != operation.timeout_port)


def _decided_port(operation: Task, result: str) -> str:
    member = f"{result}.{operation.port_member}"
    if all(value == port for value, port in operation.ports.items()):
        return f"{{% {member} %}}"
    return f"{{% $lookup({literal(dict(operation.ports)).render(str)}, {member}) %}}"


def _retry(retry: Retry | None, *, explicit: bool) -> list[Json]:
    """Write a retrier: of every error where the node asks for retries, of transient ones by default."""
    if retry is None or retry.maxAttempts <= 1:
        return []
    retrier: State = {
        "ErrorEquals": list(_ALL) if explicit else list(TRANSIENT_ERRORS),
        "IntervalSeconds": retry.intervalSeconds,
        "MaxAttempts": retry.maxAttempts - 1,
        "BackoffRate": retry.backoffRate,
    }
    if retry.maxDelaySeconds is not None and retry.maxDelaySeconds > retry.intervalSeconds:
        retrier["MaxDelaySeconds"] = retry.maxDelaySeconds
    retrier["JitterStrategy"] = "FULL" if retry.jitter else "NONE"
    return [retrier]


def _exporting(exports: Mapping[Reference, str]) -> Callable[[Renderer], Json]:
    def output(renderer: Renderer) -> Json:
        return {
            variable: renderer.query(reference(exported.kind, exported.name)) for exported, variable in exports.items()
        }

    return output


def _is_plain_list(items: Template) -> bool:
    return isinstance(items, list) and not any(True for _ in walk_template(items))


def _items(items: Template) -> Expression:
    return as_list(as_expression(items))


def _as_text(template: Template) -> Template:
    if isinstance(template, Expression) and template.type is not JsonType.STRING:
        return call("string", operand(template), type=JsonType.STRING, optional=template.optional)
    if isinstance(template, (str, Expression)):
        return template
    return call("string", as_expression(template), type=JsonType.STRING, optional=False)


def _or_null(text: str) -> str:
    return f"($exists({text}) ? {text} : null)"
