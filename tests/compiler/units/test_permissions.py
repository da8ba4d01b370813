"""What a machine's role must be allowed to do."""

from millrace.compiler import Compilation, CompileContext

from .drawing import chain, code, document, node
from .execution import compiled

_CONTEXT = CompileContext(
    function_names={"steps": "my-steps", "code": "arn:aws:lambda:eu-west-1:1:function:code:live"},
    machine_arns={
        "plain": "arn:aws:states:eu-west-1:1:stateMachine:Plain",
        "alias": "arn:aws:states:eu-west-1:1:stateMachine:Live:live",
    },
    child_arns="arn:aws:states:eu-west-1:1:stateMachine:app-{name}",
)
_EVENTS = {"events:PutTargets", "events:PutRule", "events:DescribeRule"}


def _of(compilation: Compilation) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for action, resource in compilation.permissions:
        found.setdefault(action, set()).add(resource)
    return found


def test_a_native_workflow_needs_no_permission() -> None:
    nodes = {
        "a": node("set", fields={"v": 1}),
        "c": node("conditional", condition="${a.output.v = inputs.n}"),
        "w": node("wait", seconds=1),
        "l": node("loop", items=[1, 2]),
        "i": node("echo", "l", value="${l.item}"),
        "s": node("stop", error="E", cause="c"),
        "t": node("set", fields={"v": "${$number(inputs.n)}"}, onError="continue"),
    }
    assert compiled(document(nodes, ["a > c", "c:true > w > l > t", "c:false > s"]), _CONTEXT).permissions == ()


def test_functions_are_named_as_the_context_names_them() -> None:
    nodes = {"h": node("http", url="https://example.com"), "c": code(1), "p": node("approval", message="m")}
    found = _of(compiled(document(nodes), _CONTEXT))
    assert found == {
        "lambda:InvokeFunction": {
            "arn:aws:lambda:*:*:function:my-steps",
            "arn:aws:lambda:eu-west-1:1:function:code:live",
            "arn:aws:lambda:*:*:function:millrace-people",
        }
    }


def test_a_function_in_a_loop_in_a_while_is_found() -> None:
    nodes = {
        "w": node("while", condition=True, maxIterations=2),
        "l": node("loop", "w", items=[1]),
        "c": code(1, "l"),
    }
    assert set(_of(compiled(document(nodes)))) == {"lambda:InvokeFunction"}


def test_a_node_that_never_runs_needs_no_permission() -> None:
    nodes = {
        "c": node("conditional", condition=False),
        "a": code(1),
        "d": code(2, disabled=True),
        "p": code(3, pinned=4),
    }
    assert compiled(document(nodes, ["c:true > a"])).permissions == ()


def test_starting_a_workflow_without_waiting_needs_the_start_alone() -> None:
    found = _of(compiled(document({"s": node("subworkflow", workflowId="plain", wait=False)}), _CONTEXT))
    assert found == {"states:StartExecution": {"arn:aws:states:eu-west-1:1:stateMachine:Plain"}}


def test_waiting_for_a_workflow_needs_to_see_and_stop_its_executions() -> None:
    found = _of(compiled(document({"s": node("subworkflow", workflowId="plain")}), _CONTEXT))
    assert set(found) == {"states:StartExecution", "states:DescribeExecution", "states:StopExecution", *_EVENTS}
    assert found["states:DescribeExecution"] == {"arn:aws:states:eu-west-1:1:execution:Plain:*"}
    assert found["states:StopExecution"] == found["states:DescribeExecution"]
    rule = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
    assert all(resource.endswith(f":rule/{rule}") for action in _EVENTS for resource in found[action])


def test_a_workflow_started_by_its_alias_is_allowed_by_its_machine() -> None:
    # "Authorization for versions and aliases", Step Functions Developer Guide: the state machine's ARN is looked at.
    found = _of(compiled(document({"s": node("subworkflow", workflowId="alias")}), _CONTEXT))
    assert found["states:StartExecution"] == {"arn:aws:states:eu-west-1:1:stateMachine:Live"}
    assert found["states:DescribeExecution"] == {"arn:aws:states:eu-west-1:1:execution:Live:*"}


def test_children_are_started_under_the_names_that_the_context_gives_them() -> None:
    nodes = {f"b{index}": code(inputs={"pad": "n" * 100_000}) for index in range(12)}
    compilation = compiled(document(nodes, chain(*nodes)), _CONTEXT)
    assert compilation.children
    found = _of(compilation)
    assert found["states:StartExecution"] == {
        f"arn:aws:states:eu-west-1:1:stateMachine:app-{name}" for name in compilation.children
    }
    assert found["states:StopExecution"] == {
        f"arn:aws:states:eu-west-1:1:execution:app-{name}:*" for name in compilation.children
    }


def test_permissions_are_sorted_and_named_once() -> None:
    nodes = {f"c{index}": code(index) for index in range(5)} | {"h": node("http", url="https://example.com")}
    permissions = compiled(document(nodes)).permissions
    assert list(permissions) == sorted(set(permissions))
