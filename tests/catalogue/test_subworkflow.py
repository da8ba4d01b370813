from millrace.catalogue import Task
from millrace.expressions import Expression, ReferenceKind, reference

from .nodes import lower


def test_waits_for_the_other_run_and_gives_its_output() -> None:
    task = lower("subworkflow", workflowId="wf_a", inputs={"n": 1}).as_a(Task)
    assert task.resource == "arn:aws:states:::states:startExecution.sync:2"
    assert task.result == ".Output"
    assert isinstance(task.arguments, dict)
    assert task.arguments["StateMachineArn"] == "wf_a"
    given = task.arguments["Input"]
    assert isinstance(given, dict)
    link = given.pop("AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID")
    assert isinstance(link, Expression)
    assert link.render(str) == "$states.context.Execution.Id"
    assert given == {
        "inputs": {"n": 1},
        "trigger": {
            "type": "subworkflow",
            "workflowId": reference(ReferenceKind.WORKFLOW_ID),
            "runId": reference(ReferenceKind.RUN_ID),
            "node": "this-node",
        },
    }


def test_starts_the_other_run_without_waiting() -> None:
    task = lower("subworkflow", workflowId="wf_a", version=3, wait=False).as_a(Task)
    assert (task.resource, task.result) == ("arn:aws:states:::states:startExecution", "")
    assert isinstance(task.arguments, dict)
    assert task.arguments["StateMachineArn"] == "wf_a:3"
