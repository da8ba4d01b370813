"""What a machine's role must be allowed to do."""

from collections.abc import Iterator
from typing import Final

from millrace.catalogue import Task
from millrace.compiler.context import CompileContext
from millrace.compiler.plan import Act, Delegate, Plan

_SYNC_RULE: Final = "arn:aws:events:*:*:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
"""The rule by which .sync:2 learns of an end (Step Functions, "IAM policies for calling Step Functions")."""

_ARN_PARTS: Final = 7
"""Parts of a state machine's ARN; what follows is a version or an alias."""


def permissions(plan: Plan, context: CompileContext) -> tuple[tuple[str, str], ...]:
    """Give the IAM actions of a plan, each with the resource that it needs, sorted."""
    needed: set[tuple[str, str]] = set()
    for item in plan.walk():
        if isinstance(item, Act) and isinstance(item.operation, Task):
            needed |= set(_of_task(item.operation, context))
        elif isinstance(item, Delegate):
            needed |= set(_starting(context.child_arns.format(name=item.name), wait=True))
    return tuple(sorted(needed))


def _of_task(operation: Task, context: CompileContext) -> Iterator[tuple[str, str]]:
    yield from operation.permissions
    if operation.function is not None:
        name = context.function_name(operation.function)
        yield "lambda:InvokeFunction", name if name.startswith("arn:") else f"arn:aws:lambda:*:*:function:{name}"
    if "states:startExecution" in operation.resource and isinstance(operation.arguments, dict):
        machine = operation.arguments.get("StateMachineArn")
        if isinstance(machine, str):
            yield from _starting(context.machine_arn(machine), wait=".sync" in operation.resource)


def _starting(machine: str, *, wait: bool) -> Iterator[tuple[str, str]]:
    # A version or an alias is authorised by its machine's ARN ("Authorization for versions and aliases").
    name = machine if machine.startswith("arn:") else f"arn:aws:states:*:*:stateMachine:{machine}"
    arn = ":".join(name.split(":")[:_ARN_PARTS])
    yield "states:StartExecution", arn
    if wait:
        execution = arn.replace(":stateMachine:", ":execution:") + ":*"
        yield "states:DescribeExecution", execution
        yield "states:StopExecution", execution
        for action in ("PutTargets", "PutRule", "DescribeRule"):
            yield f"events:{action}", _SYNC_RULE
