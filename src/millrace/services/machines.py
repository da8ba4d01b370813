"""The state machines that workflows become.

A published workflow is the machine `millrace-<stage>-<workflow>`, with a version for each publish and the alias `live`;
an express one has `-express` behind its name, as a machine's type cannot change. Everything else is immutable and named
after what is in it, `millrace-<stage>-run-<hash>`: runs of drafts, and the parts that a large machine starts, so that
an older version of a workflow keeps the parts that it was published with.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

import orjson
from botocore.exceptions import ClientError

from millrace.compiler import Compilation, CompileContext, compile_document
from millrace.model import Json, NodeId
from millrace.services.machine_settings import MachineSettings
from millrace.services.pacing import Pacing, error_code
from millrace.services.startable import LIVE, Startable, unstartable
from millrace.store.port import Store
from millrace.store.records import WorkflowId, WorkspaceId

_CHILD: Final = "arn:aws:states:::millrace-part:{name}"
"""Stands for the ARN of a part until the part's definition, and so its name, is known."""

_DESCRIPTION: Final = 256
"""Characters of a version's description (PublishStateMachineVersion)."""


class Machines:
    """Creates machines, and moves aliases.

    Args:
        client: boto3's client of Step Functions.
        store: Where workflows and versions are found that others start.
        settings: What machines have in common.
        pacing: How calls are spread over time.
    """

    def __init__(self, client: Any, store: Store, settings: MachineSettings, pacing: Pacing | None = None) -> None:
        self._client = client
        self._store = store
        self._settings = settings
        self._pacing = pacing or Pacing()
        self._created: set[str] = set()

    def arn(self, workflow: WorkflowId, kind: str = "STANDARD") -> str:
        """Give the ARN of a workflow's machine.

        Args:
            workflow: Which.
            kind: STANDARD or EXPRESS.
        """
        suffix = "-express" if kind == "EXPRESS" else ""
        return self._arn(f"{self._prefix}-{workflow}{suffix}")

    def context(
        self,
        workspace: WorkspaceId,
        workflow: WorkflowId,
        *,
        version: int | None = None,
        pins: Mapping[NodeId, Json] | None = None,
    ) -> CompileContext:
        """Give what a workflow is compiled with.

        Args:
            workspace: Where the workflows are that it may start.
            workflow: Which.
            version: The version that it is to be; None for a draft.
            pins: Outputs used in place of running.
        """
        return CompileContext(
            workflow_id=workflow,
            workflow_version=version,
            function_names=self._settings.functions,
            machine_arns=Startable(self._store, workspace, workflow, self.arn(workflow)),
            child_arns=_CHILD,
            pins=pins or {},
        )

    def compile(
        self,
        workspace: WorkspaceId,
        workflow: WorkflowId,
        document: Json,
        *,
        version: int | None = None,
        pins: Mapping[NodeId, Json] | None = None,
    ) -> Compilation:
        """Compile a workflow; that it starts one which is not there, or not published, is an error of it."""
        context = self.context(workspace, workflow, version=version, pins=pins)
        compilation = compile_document(document, context)
        problems = unstartable(compilation, context.machine_arns)
        if not problems:
            return compilation
        return replace(compilation, definition=None, estimate=None, diagnostics=(*compilation.diagnostics, *problems))

    def immutable(self, compilation: Compilation) -> str:
        """Create the machine of a compilation, unless it is there; gives its ARN.

        Raises:
            ClientError: AWS refuses.
        """
        return self._immutable(self.with_parts(compilation), compilation.type)

    def with_parts(self, compilation: Compilation) -> dict[str, Json]:
        """Create the parts that a machine starts; gives its definition with their ARNs.

        Raises:
            ClientError: AWS refuses.
        """
        assert compilation.definition is not None
        arns: dict[str, str] = {}
        # A part comes before the one that starts it.
        for name, definition in compilation.children.items():
            arns[_CHILD.format(name=name)] = self._immutable(_replaced(definition, arns), "STANDARD")
        return _replaced(compilation.definition, arns)

    def publish(self, workflow: WorkflowId, kind: str, definition: Mapping[str, Json], description: str) -> str:
        """Give a workflow's machine a new version; gives the version's ARN. The alias stays where it is.

        Raises:
            ClientError: AWS refuses.
        """
        arn = self.arn(workflow, kind)
        text = _text(definition)
        shared = {
            "definition": text,
            "roleArn": self._settings.role,
            "loggingConfiguration": self._logging,
            "publish": True,
            **({"versionDescription": description[:_DESCRIPTION]} if description else {}),
        }
        try:
            answer = self._pacing.call(self._client.update_state_machine, stateMachineArn=arn, **shared)
        except ClientError as error:
            if error_code(error) != "StateMachineDoesNotExist":
                raise
            name = arn.rpartition(":")[2]
            answer = self._pacing.call(self._client.create_state_machine, name=name, type=kind, **shared)
        return str(answer["stateMachineVersionArn"])

    def make_live(self, version: str) -> None:
        """Let the alias `live` of a version's machine lead to it.

        Raises:
            ClientError: AWS refuses.
        """
        machine = version.rpartition(":")[0]
        routing = [{"stateMachineVersionArn": version, "weight": 100}]
        try:
            self._pacing.call(
                self._client.update_state_machine_alias,
                stateMachineAliasArn=f"{machine}:{LIVE}",
                routingConfiguration=routing,
            )
        except ClientError as error:
            if error_code(error) not in ("ResourceNotFound", "ResourceNotFoundException"):
                raise
            self._pacing.call(self._client.create_state_machine_alias, name=LIVE, routingConfiguration=routing)

    def _immutable(self, definition: Mapping[str, Json], kind: str) -> str:
        text = _text(definition)
        digest = hashlib.sha256(f"{kind}\n{text}".encode()).hexdigest()[:16]
        name = f"{self._prefix}-run-{digest}"
        arn = self._arn(name)
        if arn in self._created:
            return arn
        try:
            self._pacing.call(
                self._client.create_state_machine,
                name=name,
                type=kind,
                definition=text,
                roleArn=self._settings.role,
                loggingConfiguration=self._logging,
            )
        except ClientError as error:
            # The same definition with another logging configuration, from before that was changed.
            if error_code(error) != "StateMachineAlreadyExists":
                raise
        self._created.add(arn)
        return arn

    @property
    def _prefix(self) -> str:
        return f"millrace-{self._settings.stage}"

    def _arn(self, name: str) -> str:
        _, partition, _, _, account, *_ = self._settings.role.split(":")
        return f"arn:{partition}:states:{self._settings.region}:{account}:stateMachine:{name}"

    @property
    def _logging(self) -> dict[str, Any]:
        if self._settings.log_group is None:
            return {"level": "OFF", "includeExecutionData": False}
        destination = {"cloudWatchLogsLogGroup": {"logGroupArn": f"{self._settings.log_group}:*"}}
        return {"level": "ALL", "includeExecutionData": True, "destinations": [destination]}


def _text(definition: Mapping[str, Json]) -> str:
    return orjson.dumps(definition).decode()


def _replaced(definition: Mapping[str, Json], arns: Mapping[str, str]) -> dict[str, Json]:
    """Put the ARNs of parts in the places that stand for them."""
    if not arns:
        return dict(definition)

    def walk(value: Json) -> Json:
        match value:
            case dict():
                return {key: walk(member) for key, member in value.items()}
            case list():
                return [walk(member) for member in value]
            case str():
                return arns.get(value, value)
            case _:
                return value

    return cast("dict[str, Json]", walk(dict(definition)))
