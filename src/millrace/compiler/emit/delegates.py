"""Parts of a machine that run as machines of their own."""

from typing import TYPE_CHECKING, Final

from millrace.compiler.emission import Block, Child, Exit, State
from millrace.compiler.emit.forks import exporting, exports_of
from millrace.compiler.plan import Delegate
from millrace.compiler.render import Renderer
from millrace.expressions import Reference, ReferenceKind
from millrace.model import StateName

if TYPE_CHECKING:
    from millrace.compiler.emit.emitter import Emitter

_CHILD: Final = (
    "$cause := $states.errorOutput.Cause; "
    '$child := $exists($cause) and $substring($cause, 0, 1) = "{" ? $parse($cause) : {}'
)
_FAILURE: Final[State] = {
    "error": f"{{% ({_CHILD}; $exists($child.Error) ? $child.Error : $states.errorOutput.Error) %}}",
    "cause": f'{{% ({_CHILD}; $exists($child.Cause) ? $child.Cause : $exists($cause) ? $cause : "") %}}',
}
"""The failure of a child's own state: .sync:2 reports it inside a description of the execution, as JSON."""


def write_delegate(emitter: "Emitter", item: Delegate, block: Block, exit_: Exit) -> StateName:
    """Write a machine for a part of the work, and the Task that starts it and waits for it."""
    name = block.name(item.name)
    exports = exports_of(item.body.defined & emitter.emission.live, block)
    emitter.emission.live |= set(exports)
    inner = Block(emitter.emission, block.scope.machine(item.body))
    start = emitter.plan(item.body, inner, Exit(output=exporting(exports)))
    definition: State = {
        "Comment": f"{emitter.emission.graph.workflow.name}: {item.name}",
        "QueryLanguage": "JSONata",
        **inner.machine(start),
    }
    emitter.emission.children.append(Child(item.name, definition))
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
            "StateMachineArn": emitter.emission.context.child_arns.format(name=item.name),
            # Who sees the child's events finds the run by the first 36 characters.
            "Name": f"{{% {run[ReferenceKind.RUN_ID]} & '-' & $uuid() %}}",
            "Input": parent,
        },
        "Output": {},
    }
    failed = block.name(f"{item.name}: failed")
    block.add(failed, {"Type": "Fail", "Error": "{% $states.input.error %}", "Cause": "{% $states.input.cause %}"}, ())
    state["Catch"] = [{"ErrorEquals": ["States.TaskFailed"], "Output": _FAILURE, "Next": failed}]
    if own:
        state["Assign"] = {exports[used]: f"{{% {text} %}}" for used, text in own.items()}
    return block.add(name, state | exit_.leave(block, Renderer(scope, own)), ())


def _or_null(text: str) -> str:
    return f"($exists({text}) ? {text} : null)"
