"""Publishing: a draft becomes a version that does not change, and the version goes live."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from millrace.compiler import Compilation
from millrace.model import Json, NodeId
from millrace.observation.mapping import map_of
from millrace.services.caller import Caller
from millrace.services.errors import ConflictError, ErrorCode, InvalidDocumentError, RevisionError, UnavailableError
from millrace.services.machines import Machines
from millrace.services.moments import Clock, moment
from millrace.services.pacing import error_code, error_message
from millrace.services.versions import Versions
from millrace.services.workflows import Workflows
from millrace.store.errors import RevisionConflictError
from millrace.store.port import Store
from millrace.store.records import Version, Workflow, WorkflowId

_LOCK_SECONDS: Final = 120
"""How long one publish of a workflow keeps others out, should it not end."""

_TRIES: Final = 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Published:
    """What a publish or a rollback has made live."""

    workflow: Workflow
    version: Version


class Publishing:
    """Publishes workflows.

    Args:
        store: Where workflows and versions are.
        workflows: Finds drafts.
        versions: Finds versions.
        machines: Makes state machines.
        clock: The time.
    """

    def __init__(
        self, store: Store, workflows: Workflows, versions: Versions, machines: Machines, clock: Clock = time.time
    ) -> None:
        self._store = store
        self._workflows = workflows
        self._versions = versions
        self._machines = machines
        self._clock = clock

    def preview(
        self,
        caller: Caller,
        document: Json,
        workflow: WorkflowId | None = None,
        pins: Mapping[NodeId, Json] | None = None,
    ) -> Compilation:
        """Compile a document without keeping anything.

        Args:
            caller: Whose workflows it may start.
            document: JSON of any shape.
            workflow: Which workflow it is the draft of.
            pins: Outputs used in place of running.
        """
        return self._machines.compile(caller.workspace, workflow or WorkflowId("draft"), document, pins=pins)

    def publish(self, caller: Caller, workflow: WorkflowId, message: str = "", seen: int | None = None) -> Published:
        """Publish a draft; what was live before stays so unless everything succeeds.

        Args:
            caller: Who publishes.
            workflow: Which.
            message: What is new.
            seen: The revision of the draft that is meant; None: the latest.

        Raises:
            NotFoundError: There is no such workflow.
            RevisionError: The draft has another revision.
            InvalidDocumentError: It does not compile.
            ConflictError: It is being published by somebody else.
            UnavailableError: Step Functions refused something.
        """
        current = self._workflows.get(caller, workflow)
        document = self._workflows.definition(current)
        if seen is not None and current.revision != seen:
            raise RevisionError(current, document, seen)
        return self._alone(workflow, lambda: self._publish(caller, workflow, document, message))

    def rollback(self, caller: Caller, workflow: WorkflowId, number: int) -> Published:
        """Make an earlier version live again; the draft stays as it is.

        Raises:
            NotFoundError: There is no such workflow, or no such version of it.
            ConflictError: It is being published.
            UnavailableError: Step Functions refused to move the alias.
        """
        version = self._versions.get(caller, workflow, number)

        def move() -> Published:
            current = self._workflows.get(caller, workflow)
            _step("move the alias", lambda: self._machines.make_live(version.machine_version))
            try:
                saved = self._recorded(caller, workflow, version, lambda new: self._store.save_workflow(new, None))
            except BaseException:
                self._take_back(current)
                raise
            return Published(saved, version)

        return self._alone(workflow, move)

    def _publish(self, caller: Caller, workflow: WorkflowId, document: Json, message: str) -> Published:
        current = self._workflows.get(caller, workflow)
        number = current.latest_version + 1
        compilation = self._machines.compile(caller.workspace, workflow, document, version=number)
        if compilation.definition is None:
            raise InvalidDocumentError(compilation.diagnostics)
        definition = _step("create the machine's parts", lambda: self._machines.with_parts(compilation))
        arn = _step(
            "create the machine's version",
            lambda: self._machines.publish(workflow, compilation.type, definition, message),
        )
        version = Version(
            workflow=workflow,
            number=number,
            workspace=caller.workspace,
            author=caller.user,
            created=moment(self._clock),
            message=message,
            machine_version=arn,
            document=document,
            compilation=kept(compilation),
        )
        _step("move the alias", lambda: self._machines.make_live(arn))
        try:
            saved = self._recorded(caller, workflow, version, lambda new: self._store.create_version(version, new))
        except BaseException:
            self._take_back(current)
            raise
        return Published(saved, version)

    def _recorded(
        self, caller: Caller, workflow: WorkflowId, version: Version, write: Callable[[Workflow], Workflow]
    ) -> Workflow:
        """Write which version is live; again where the draft was saved in between, which it may be."""
        for tries_left in reversed(range(_TRIES)):
            current = self._workflows.get(caller, workflow)
            new = replace(
                current,
                published=version.number,
                latest_version=max(current.latest_version, version.number),
                machine=version.machine_version.rpartition(":")[0],
            )
            try:
                return write(new)
            except RevisionConflictError:
                if not tries_left:
                    raise UnavailableError(
                        ErrorCode.PUBLISH_FAILED,
                        "the workflow was saved again and again while it was published; publish it again",
                    ) from None
        raise AssertionError("the last try returns or raises")

    def _take_back(self, before: Workflow) -> None:
        """Let the alias lead where it led, as the publish that moved it is not recorded."""
        if before.published is None:
            return
        version = self._store.version(before.workspace, before.id, before.published)
        if version is not None:
            _step("move the alias back", lambda: self._machines.make_live(version.machine_version))

    def _alone(self, workflow: WorkflowId, work: Callable[[], T]) -> T:
        """Do what moves a workflow's alias while nobody else does."""
        key = f"publish:{workflow}"
        if not self._store.claim(key, _LOCK_SECONDS):
            raise ConflictError(
                ErrorCode.PUBLISH_IN_PROGRESS, f"workflow {workflow!r} is being published; try again in a moment"
            )
        try:
            return work()
        finally:
            self._store.release(key)


def kept(compilation: Compilation) -> dict[str, Json]:
    """Give what a version keeps of its compilation: what the observer and the estimate need."""
    return {
        "type": compilation.type,
        "estimate": compilation.estimate.to_json() if compilation.estimate is not None else None,
        "map": cast("Json", map_of(compilation).to_json()),
        "source_map": {state: list(nodes) for state, nodes in compilation.source_map.items()},
        "definition": compilation.definition,
        "children": cast("Json", dict(compilation.children)),
    }


def _step(what: str, work: Callable[[], T]) -> T:
    """Do one step of a publish, and say which one failed."""
    try:
        return work()
    except ClientError as error:
        raise UnavailableError(
            ErrorCode.PUBLISH_FAILED,
            f"Step Functions refused to {what}: {error_message(error)}; what was live before still is",
            {"step": what, "code": error_code(error)},
        ) from error
    except BotoCoreError as error:
        raise UnavailableError(
            ErrorCode.PUBLISH_FAILED,
            f"Step Functions did not answer when asked to {what}; what was live before still is",
            {"step": what},
        ) from error
