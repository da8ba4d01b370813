"""A run of another workflow."""

from typing import Annotated, Final

from pydantic import Field

from millrace.catalogue.config import NodeConfig, Value
from millrace.catalogue.lowering import Lowering, Task
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import ReferenceKind, jsonata, reference
from millrace.model import JsonType

START_EXECUTION: Final = "arn:aws:states:::states:startExecution"


class SubworkflowConfig(NodeConfig):
    """Which workflow runs, and with what."""

    workflowId: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$",
            description="The id of the workflow to run.",
            examples=["wf_invoice"],
            json_schema_extra={"widget": "workflow"},
        ),
    ]
    version: Annotated[int | None, Field(ge=1, description="The version to run; the default is the published one.")] = (
        None
    )
    inputs: Annotated[
        dict[str, Value], Field(description="The workflow's inputs by name.", examples=[{"order": "${inputs.order}"}])
    ] = {}  # noqa: RUF012 -- pydantic copies it
    wait: Annotated[
        bool,
        Field(
            description="Wait for the run and give its outputs; otherwise start it and give its `ExecutionArn` and "
            "`StartDate`."
        ),
    ] = True


class Subworkflow(NodeType[SubworkflowConfig]):
    """Runs another workflow as a part of this one.

    It is not tried again by default, since a second run would repeat what the first one did.
    """

    name = "subworkflow"
    title = "Subworkflow"
    summary = "Runs another workflow and gives its outputs."
    category = Category.STRUCTURE
    icon = "workflow"
    Config = SubworkflowConfig
    expected_seconds = 10.0
    examples = (
        {"workflowId": "wf_invoice", "inputs": {"order": "${inputs.order}"}},
        {"workflowId": "wf_audit", "version": 3, "wait": False},
    )

    def lower(self, config: SubworkflowConfig, scope: LowerScope) -> Lowering:
        """Start the other workflow's execution.

        The state machine is given by the workflow's id, with `:<version>` where one is named; the compiler puts its
        ARN in place of that.
        """
        machine = config.workflowId if config.version is None else f"{config.workflowId}:{config.version}"
        return Task(
            resource=f"{START_EXECUTION}.sync:2" if config.wait else START_EXECUTION,
            arguments={
                "StateMachineArn": machine,
                "Input": {
                    "inputs": scope.template(config.inputs, "inputs"),
                    "trigger": {
                        "type": "subworkflow",
                        "workflowId": reference(ReferenceKind.WORKFLOW_ID),
                        "runId": reference(ReferenceKind.RUN_ID),
                        "node": scope.node,
                    },
                    # Step Functions Developer Guide, "Start workflow executions from a task state": links the two runs.
                    "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": jsonata(
                        "$states.context.Execution.Id", type=JsonType.STRING, optional=False, fallible=False
                    ),
                },
            },
            result=".Output" if config.wait else "",
            expected_seconds=self.expected_seconds if config.wait else 0.1,
        )
