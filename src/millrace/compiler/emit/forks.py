"""Parallel states, and what branches hand on."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from millrace.compiler.emission import Block, Exit, State
from millrace.compiler.emit.titles import note_variables, plan_title
from millrace.compiler.plan import Fork, Plan
from millrace.compiler.render import Renderer
from millrace.expressions import Reference, reference
from millrace.model import Json, StateName

if TYPE_CHECKING:
    from millrace.compiler.emit.emitter import Emitter


def write_fork(emitter: "Emitter", item: Fork, block: Block, exit_: Exit) -> StateName:
    """Write branches that run at the same time."""
    name = block.name("Parallel: " + " | ".join(plan_title(emitter.emission, branch) for branch in item.branches))
    for assignment in item.attached:
        emitter.emission.live |= assignment.references
    # What one branch hands on does not depend on what another one reads.
    every = [exports_of(branch.defined & emitter.emission.live, block) for branch in item.branches]
    branches: list[Json] = []
    own: dict[Reference, str] = {}
    assigned: State = {}
    for index, (branch, exports) in enumerate(zip(item.branches, every, strict=True)):
        branches.append(_branch(emitter, branch, block, exports))
        for exported, variable in exports.items():
            own[exported] = f"$states.result[{index}].{variable}"
            assigned[variable] = f"{{% {own[exported]} %}}"
    more, leaving = Renderer(block.scope, own).assign(item.attached)
    state: State = {"Type": "Parallel", "Branches": branches}
    if assigned or more:
        state["Assign"] = {**assigned, **more}
    note_variables(block.emission, name, item.attached, block)
    nodes = [assignment.node for assignment in item.attached]
    return block.add(name, state | exit_.leave(block, leaving), nodes)


def exports_of(references: Iterable[Reference], block: Block) -> dict[Reference, str]:
    """Give values that a branch hands on, with the names that they have outside of it."""
    return {used: block.scope.variable(used) for used in sorted(references)}


def _branch(emitter: "Emitter", plan: Plan, block: Block, exports: Mapping[Reference, str]) -> State:
    emitter.emission.live |= set(exports)
    inner = Block(emitter.emission, block.scope.inner(plan))
    start = emitter.plan(plan, inner, Exit(output=exporting(exports)))
    return inner.machine(start)


def exporting(exports: Mapping[Reference, str]) -> Callable[[Renderer], Json]:
    """Give what writes the output of a branch: the values that it hands on."""

    def output(renderer: Renderer) -> Json:
        return {
            variable: renderer.query(reference(exported.kind, exported.name)) for exported, variable in exports.items()
        }

    return output
