"""Retriers and catchers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from millrace.catalogue import Retry
from millrace.catalogue.failure import CONSOLE_MARK, TRANSIENT_ERRORS
from millrace.compiler.bound import Bound
from millrace.compiler.emission import Block, Exit, State
from millrace.compiler.emit.ways import NULL, Ways, nulls_of, own_after, port_of
from millrace.compiler.plan import Act, Cycle, Iterate
from millrace.compiler.render import Renderer
from millrace.expressions import Reference, ReferenceKind, Template, as_expression, literal
from millrace.model import ERROR, Json, Port

_CAUSE: Final = (
    '($cause := $states.errorOutput.Cause; $message := $exists($cause) and $substring($cause, 0, 1) = "{" and '
    '$substring($cause, -1) = "}" ? $parse($cause).errorMessage; '
    f"$exists($message) ? $substringBefore($message, {literal(CONSOLE_MARK).render(str)}) : "
    '$exists($cause) ? $cause : "")'
)
CAUGHT: Final = f'{{"type": $states.errorOutput.Error, "message": {_CAUSE}}}'
"""A caught error as one JSONata expression; Lambda's causes are JSON with an errorMessage."""

CAUGHT_MEMBERS: Final[State] = {"type": "{% $states.errorOutput.Error %}", "message": f"{{% {_CAUSE} %}}"}
ALL_ERRORS: Final[list[Json]] = ["States.ALL"]


def retriers(retry: Retry | None, *, explicit: bool) -> list[Json]:
    """Write a retrier: of every error where the node asks for retries, of transient ones by default."""
    if retry is None or retry.maxAttempts <= 1:
        return []
    retrier: State = {
        "ErrorEquals": list(ALL_ERRORS) if explicit else list(TRANSIENT_ERRORS),
        "IntervalSeconds": retry.intervalSeconds,
        "MaxAttempts": retry.maxAttempts - 1,
        "BackoffRate": retry.backoffRate,
    }
    if retry.maxDelaySeconds is not None and retry.maxDelaySeconds > retry.intervalSeconds:
        retrier["MaxDelaySeconds"] = retry.maxDelaySeconds
    retrier["JitterStrategy"] = "FULL" if retry.jitter else "NONE"
    return [retrier]


def catchers_of(
    item: Act | Iterate | Cycle,
    block: Block,
    exit_: Exit,
    ways: Ways,
    timeout_port: Port | None = None,
    entry: Mapping[Reference, str] = MappingProxyType({}),
) -> list[Json]:
    """Write the catchers of a node: of its timeout where that is a way on, and of its failure.

    `entry` is what the state takes from its input and assigns.
    """
    bound = item.bound
    step, scope = bound.step, block.scope
    output, error = Reference(ReferenceKind.OUTPUT, step.id), Reference(ReferenceKind.ERROR, step.id)
    catchers: list[Json] = []

    def catcher(errors: list[Json], port: Port, value: Json, output_text: str, *, fault: bool) -> State:
        assigned: State = {scope.variable(target): f"{{% {text} %}}" for target, text in entry.items()}
        if bound.owns_output:
            assigned[scope.variable(output)] = value
        kept = _kept(bound)
        before = Renderer(scope)
        assigned |= {scope.variable(target): before.value(template) for target, template in kept.items()}
        if bound.caught and error in block.emission.live:
            assigned[scope.variable(error)] = CAUGHT_MEMBERS if fault else None
        if step.decides:
            assigned[scope.variable(port_of(bound))] = port
        own = {**entry, output: output_text, **own_after(bound, port, ways), error: CAUGHT if fault else NULL}
        own |= {target: before.text(as_expression(template)) for target, template in kept.items()}
        more, _ = Renderer(scope, own).assign(item.attached)
        assigned |= nulls_of(ways.unset_at(port), block)
        target = ways.entries.get(port) or exit_.state(block)
        return {"ErrorEquals": errors, "Assign": {**assigned, **more}, "Next": target}

    if timeout_port is not None:
        catchers.append(catcher(["States.Timeout"], timeout_port, None, NULL, fault=False))
    if step.config.onError == "continue":
        catchers.append(
            catcher(list(ALL_ERRORS), bound.otherwise, {"error": CAUGHT_MEMBERS}, f'{{"error": {CAUGHT}}}', fault=True)
        )
    elif step.config.onError == "branch":
        catchers.append(catcher(list(ALL_ERRORS), ERROR, None, NULL, fault=True))
    return catchers


def _kept(bound: Bound) -> dict[Reference, Template]:
    """Give the workflow variables that a failed node would have written, with the values that they keep."""
    node = bound.step.id
    kept = {Reference(ReferenceKind.CARRIED, f"{node}.{name}"): begin for name, (begin, _) in bound.carried.items()}
    written = Reference(ReferenceKind.WRITTEN, node)
    if any(assignment.target == written for assignment in bound.assignments):
        kept[written] = bound.previous
    return kept


def add_error_handling(state: State, item: Iterate | Cycle, block: Block, exit_: Exit, ways: Ways) -> None:
    """Add the Retry and the Catch of a container."""
    config = item.bound.step.config
    retries = retriers(config.retry, explicit=True)
    if retries:
        state["Retry"] = retries
    catchers = catchers_of(item, block, exit_, ways)
    if catchers:
        state["Catch"] = catchers
