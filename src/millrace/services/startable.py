"""Which machine a subworkflow node starts: one of the same workspace, and published."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from millrace.compiler import Compilation
from millrace.model import Code, Diagnostic
from millrace.store.port import Store
from millrace.store.records import WorkflowId, WorkspaceId

LIVE: Final = "live"
"""The alias of a workflow's machine that leads to the published version."""

_SUBWORKFLOW: Final = "subworkflow"


class Startable(Mapping[str, str]):
    """ARNs of machines by `<workflow>` or `<workflow>:<version>`, looked up when they are asked for.

    Args:
        store: Where workflows are.
        workspace: Whose may be started.
        workflow: The one that starts others; it may start itself, also before it is first published.
        own: The ARN of its machine.
    """

    def __init__(self, store: Store, workspace: WorkspaceId, workflow: WorkflowId, own: str) -> None:
        self._store = store
        self._workspace = workspace
        self._workflow = workflow
        self._own = own
        self._known: dict[str, str | None] = {}

    def __getitem__(self, key: str) -> str:
        """Give the ARN for a key."""
        if key not in self._known:
            self._known[key] = self._find(key)
        found = self._known[key]
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        """Give the keys that were found so far."""
        return (key for key, arn in self._known.items() if arn is not None)

    def __len__(self) -> int:
        """Count the keys that were found so far."""
        return sum(1 for _ in self)

    def _find(self, key: str) -> str | None:
        name, _, number = key.partition(":")
        if number:
            version = self._store.version(self._workspace, WorkflowId(name), int(number))
            return None if version is None else version.machine_version
        workflow = self._store.workflow(self._workspace, WorkflowId(name))
        if workflow is not None and workflow.deleted is None and workflow.machine is not None:
            return f"{workflow.machine}:{LIVE}"
        return f"{self._own}:{LIVE}" if name == self._workflow else None


def unstartable(compilation: Compilation, machines: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """Tell which nodes start what cannot be started."""
    return tuple(
        problem
        for step in compilation.graph.steps.values()
        if step.kind.name == _SUBWORKFLOW and not step.is_broken
        for problem in _problems(step.node.id, cast("Any", step.config), machines)
    )


def _problems(node: Any, config: Any, machines: Mapping[str, str]) -> Iterator[Diagnostic]:
    key = config.workflowId if config.version is None else f"{config.workflowId}:{config.version}"
    if key in machines:
        return
    what = "a published workflow of this workspace" if config.version is None else "a published version of a workflow"
    yield Diagnostic(
        Code.INVALID_CONFIG,
        f"expected {what}, found {key!r}",
        "Publish that workflow first, or choose another one.",
        node=node,
        field="workflowId" if config.version is None else "version",
        expected=what,
        found=key,
    )
