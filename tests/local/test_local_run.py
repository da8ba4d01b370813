"""Running documents in this process: functions, nested executions, large workflows."""

import asyncio
from pathlib import Path

import pytest

from millrace.local.errors import CompileError, InputError, LocalRunError
from millrace.local.function_host import InvocationContext, functions_folder
from millrace.local.local_run import LocalRun
from millrace.local.program import load_program
from millrace.store.records import RunStatus
from tests.local.workflows import part, run_here, save, statuses, workflow


def test_nodes_run_in_the_functions_that_lambda_would_call(tmp_path: Path) -> None:
    document = workflow(
        {
            "js": ("code", {"source": "return [1, 2].map((n) => n * 2)"}),
            "py": (
                "code",
                {"language": "python", "source": "return sum(numbers)", "inputs": {"numbers": "${js.output}"}},
            ),
            "jmes": ("transform", {"language": "jmespath", "expression": "@"}),
            "out": ("output", {}),
        },
        ["js > py > jmes > out"],
    )
    assert run_here(tmp_path, document).outputs == {"out": 6}


def test_failure_of_a_function_has_its_name_and_its_message(tmp_path: Path) -> None:
    document = workflow({"js": ("code", {"source": "console.log('Printed'.toLowerCase()); throw new TypeError('no')"})})
    report = run_here(tmp_path, document)
    assert report.error is not None
    assert report.error.error.type == "Code.Error"
    assert report.error.error.message.startswith("TypeError: no")
    assert "printed" not in report.error.error.message


def test_run_knows_its_inputs_trigger_and_workflow(tmp_path: Path) -> None:
    document = workflow({"out": ("output", {"value": ["${inputs.n}", "${trigger.type}", "${workflow.id}"]})})
    assert run_here(tmp_path, document, {"n": 1}).outputs == {"out": [1, "manual", "main"]}


def test_inputs_are_checked_all_at_once_and_defaults_filled_in(tmp_path: Path) -> None:
    schema = {"n": {"type": "integer", "required": True}, "s": {"type": "string", "default": "x"}}
    document = workflow({"in": ("input", {"schema": schema}), "out": ("output", {})}, ["in > out"])
    assert run_here(tmp_path, document, {"n": 1}).outputs == {"out": {"n": 1, "s": "x"}}
    with pytest.raises(InputError) as caught:
        run_here(tmp_path, document, {"s": 5, "other": 1})
    assert len(caught.value.faults) == 3


def test_waits_and_retries_take_no_time_when_fast(tmp_path: Path) -> None:
    document = workflow({"pause": ("wait", {"seconds": 86_400}), "out": ("output", {})}, ["pause > out"])
    assert run_here(tmp_path, document, {"a": 1}).outputs == {"out": {"a": 1}}


def test_document_with_errors_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(CompileError) as caught:
        load_program(save(tmp_path, "main", workflow({"a": ("unknown", {})})))
    assert [found.code.value for found in caught.value.diagnostics] == ["unknown-node-type"]


class TestSubworkflows:
    DOUBLE = workflow(
        {
            "in": (
                "input",
                {"schema": {"n": {"type": "integer", "required": True}, "by": {"type": "integer", "default": 2}}},
            ),
            "out": ("output", {"name": "product", "value": "${inputs.n * inputs.by}"}),
        },
        ["in > out"],
    )

    def test_node_runs_the_document_beside_its_own(self, tmp_path: Path) -> None:
        save(tmp_path, "double", self.DOUBLE)
        document = workflow(
            {"sub": ("subworkflow", {"workflowId": "double", "inputs": {"n": "${inputs.n}"}}), "out": ("output", {})},
            ["sub > out"],
        )
        assert run_here(tmp_path, document, {"n": 21}).outputs == {"out": {"product": 42}}

    def test_document_may_lie_in_a_folder_of_its_name(self, tmp_path: Path) -> None:
        (tmp_path / "double").mkdir()
        save(tmp_path / "double", "workflow", self.DOUBLE)
        document = workflow({"sub": ("subworkflow", {"workflowId": "double", "inputs": {"n": 1}})})
        assert part(run_here(tmp_path, document), "sub").output == {"product": 2}

    def test_bad_inputs_fail_the_node(self, tmp_path: Path) -> None:
        save(tmp_path, "double", self.DOUBLE)
        report = run_here(tmp_path, workflow({"sub": ("subworkflow", {"workflowId": "double", "inputs": {"n": "x"}})}))
        assert report.error is not None
        assert report.error.node == "sub"
        assert report.error.error.type == "Inputs.Invalid"
        assert "`n`" in report.error.error.message

    def test_failure_inside_says_what_happened_there(self, tmp_path: Path) -> None:
        save(tmp_path, "halting", workflow({"halt": ("stop", {"error": "Sub.Bad", "cause": "because"})}))
        report = run_here(tmp_path, workflow({"sub": ("subworkflow", {"workflowId": "halting"})}))
        assert report.error is not None
        assert report.error.error.message == "Sub.Bad: because"

    def test_missing_document_is_told_before_anything_runs(self, tmp_path: Path) -> None:
        with pytest.raises(LocalRunError, match=r"'sub'.* starts the workflow 'nowhere'"):
            run_here(tmp_path, workflow({"sub": ("subworkflow", {"workflowId": "nowhere"})}))

    def test_workflows_that_start_each_other_for_ever_are_stopped(self, tmp_path: Path) -> None:
        report = run_here(tmp_path, workflow({"sub": ("subworkflow", {"workflowId": "main"})}))
        assert report.error is not None
        assert "10 workflows deep" in report.error.error.message

    def test_run_ends_when_workflows_that_nobody_waits_for_have_ended(self, tmp_path: Path) -> None:
        save(tmp_path, "double", self.DOUBLE)
        node = {"workflowId": "double", "wait": False, "inputs": {"n": 1}}
        report = run_here(tmp_path, workflow({"sub": ("subworkflow", node)}))
        assert report.status is RunStatus.COMPLETED
        output = part(report, "sub").output
        assert isinstance(output, dict)
        assert "ExecutionArn" in output


def large(failing: int | None = None) -> dict[str, object]:
    """Make a document whose machine is larger than one may be."""
    padding = "x" * 60_000
    nodes = {
        f"n{i}": ("code", {"source": f"{'throw new Error(1);' if i == failing else ''}return {i} //{padding}"})
        for i in range(25)
    }
    return workflow(nodes, [" > ".join(nodes)])


def test_parts_that_run_as_machines_of_their_own_are_followed(tmp_path: Path) -> None:
    program = load_program(save(tmp_path, "main", large()))
    assert program.children
    report = asyncio.run(LocalRun(program).run({}))
    assert set(statuses(report).values()) == {"completed"}
    assert part(report, "n24").output == 24


def test_failure_in_a_machine_of_its_own_names_its_node(tmp_path: Path) -> None:
    report = run_here(tmp_path, large(failing=7))
    assert report.error is not None
    assert report.error.node == "n7"
    assert list(statuses(report).values()) == ["completed"] * 7 + ["failed"] + ["pending"] * 17


def test_context_of_an_invocation_counts_down() -> None:
    context = InvocationContext("millrace-steps", seconds=10)
    assert 9_000 < context.get_remaining_time_in_millis() <= 10_000
    assert InvocationContext("millrace-steps", seconds=0).get_remaining_time_in_millis() == 0
    assert context.invoked_function_arn.endswith(":function:millrace-steps")


def test_functions_lie_in_the_checkout() -> None:
    assert (functions_folder() / "steps" / "app.py").is_file()
