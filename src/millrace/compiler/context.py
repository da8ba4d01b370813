"""What a compilation depends on beside the document."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from millrace.model import Json, NodeId


@dataclass(frozen=True, slots=True)
class CompileContext:
    """What a compilation depends on beside the document.

    Attributes:
        workflow_id: What `workflow.id` gives.
        workflow_version: What `workflow.version` gives; None for a draft.
        function_names: Name or ARN by function, as Lambda's Invoke takes it.
        machine_arns: ARN of the state machine to start, by the workflow id that a subworkflow node names.
        child_arns: Pattern of the ARN of a child machine; `{name}` is the child's name.
        pins: Outputs used in place of running, by node; they go before the document's own.
    """

    workflow_id: str | None = None
    workflow_version: int | None = None
    function_names: Mapping[str, str] = field(default_factory=dict[str, str])
    machine_arns: Mapping[str, str] = field(default_factory=dict[str, str])
    child_arns: str = "arn:aws:states:us-east-1:123456789012:stateMachine:{name}"
    pins: Mapping[NodeId, Json] = field(default_factory=dict[NodeId, Json])

    def function_name(self, function: str) -> str:
        """Give the name that Lambda's Invoke takes for one of our functions."""
        return self.function_names.get(function, f"millrace-{function}")

    def machine_arn(self, workflow: str) -> str:
        """Give the ARN to start for a workflow that a subworkflow node names; the id itself where none is known."""
        return self.machine_arns.get(workflow, workflow)
