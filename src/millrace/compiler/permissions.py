"""What a machine's role must be allowed to do."""

from millrace.catalogue import Task
from millrace.compiler.context import CompileContext
from millrace.compiler.plan import Act, Delegate, Plan


def permissions(plan: Plan, context: CompileContext) -> tuple[tuple[str, str], ...]:
    """Give the IAM actions of a plan, each with the resource that it needs, sorted."""
    needed: set[tuple[str, str]] = set()
    for item in plan.walk():
        if isinstance(item, Act) and isinstance(item.operation, Task):
            needed |= set(item.operation.permissions)
            if item.operation.function is not None:
                needed.add(("lambda:InvokeFunction", _function_arn(context.function_name(item.operation.function))))
        elif isinstance(item, Delegate):
            machine = context.child_arns.format(name=item.name)
            execution = machine.replace(":stateMachine:", ":execution:") + ":*"
            needed |= {
                ("states:StartExecution", machine),
                ("states:DescribeExecution", execution),
                ("states:StopExecution", execution),
                # .sync:2 learns of the end by a rule that Step Functions keeps in the account.
                ("events:PutTargets", _SYNC_RULE),
                ("events:PutRule", _SYNC_RULE),
                ("events:DescribeRule", _SYNC_RULE),
            }
    return tuple(sorted(needed))


_SYNC_RULE = "arn:aws:events:*:*:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"


def _function_arn(name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:lambda:*:*:function:{name}"
