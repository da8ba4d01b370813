"""What runs can run: published versions as they are, and documents compiled for one run or a few."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from botocore.exceptions import BotoCoreError, ClientError

from millrace.compiler import Compilation
from millrace.model import Json, NodeId, parse_document
from millrace.services.errors import (
    ErrorCode,
    InvalidDocumentError,
    NotFoundError,
    PreconditionError,
    UnavailableError,
)
from millrace.services.machines import Machines
from millrace.services.publishing import kept
from millrace.store.port import Store
from millrace.store.records import Run, Workflow

_KNOWN: Final = 256
"""Programs that a process keeps in mind; one is some kilobytes."""


@dataclass(frozen=True, slots=True)
class Program:
    """Something that can be started.

    Attributes:
        machine: The ARN to start.
        version: The published version that it is; None for a draft, a part, or an edited retry.
        express: Whether it runs as an Express execution, which can be neither looked at, stopped nor redriven.
        schema: What its inputs must fit, as the input node declares it.
        estimate: US$ that a run is expected to cost.
    """

    machine: str
    version: int | None = None
    express: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict[str, Any])
    estimate: float | None = None


class Programs:
    """Finds and makes programs.

    Args:
        store: Where versions and compilations are kept.
        machines: Where state machines are made.
    """

    def __init__(self, store: Store, machines: Machines) -> None:
        self._store = store
        self._machines = machines
        self._known: OrderedDict[object, Program] = OrderedDict()

    def published(self, workflow: Workflow, number: int | None = None) -> Program:
        """Give a published version.

        The version's own machine is started, not the alias `live`, which may move between the choice and the start.

        Args:
            workflow: The workflow.
            number: The version; None: the live one.

        Raises:
            PreconditionError: The workflow has never been published.
            NotFoundError: There is no such version.
        """
        wanted = workflow.published if number is None else number
        if wanted is None:
            raise PreconditionError(
                ErrorCode.NOT_PUBLISHED,
                f"expected a published workflow, found {workflow.id!r} without a version; publish it, or run its draft",
            )
        key = (workflow.workspace, workflow.id, wanted)
        program = self._recall(key)
        if program is not None:
            return program
        version = self._store.version(workflow.workspace, workflow.id, wanted)
        if version is None:
            raise NotFoundError(ErrorCode.VERSION_NOT_FOUND, f"workflow {workflow.id!r} has no version {wanted}")
        compilation = cast("dict[str, Any]", version.compilation)
        return self._keep(
            key,
            Program(
                machine=version.machine_version,
                version=wanted,
                express=compilation.get("type") == "EXPRESS",
                schema=_schema(version.document),
                estimate=_usd(compilation.get("estimate")),
            ),
        )

    def compiled(self, workflow: Workflow, document: Json, pins: Mapping[NodeId, Json] | None = None) -> Program:
        """Compile a document for a run of its own; the same one gives the same machine.

        Raises:
            InvalidDocumentError: It does not compile.
        """
        pinned = dict(pins or {})
        given = json.dumps([document, pinned], sort_keys=True).encode()
        key = (workflow.workspace, workflow.id, hashlib.sha256(given).digest())
        program = self._recall(key)
        if program is not None:
            return program
        compilation = self._machines.compile(workflow.workspace, workflow.id, document, pins=pinned)
        if compilation.definition is None:
            raise InvalidDocumentError(compilation.diagnostics)
        machine = self._created(compilation)
        known = kept(compilation)
        self._store.put_compilation(
            machine.rpartition(":")[2], {**known, "document": document, "pins": cast("dict[str, Json]", pinned)}
        )
        program = Program(
            machine=machine,
            express=compilation.type == "EXPRESS",
            schema=_schema(document),
            estimate=_usd(known["estimate"]),
        )
        return self._keep(key, program)

    def source(self, run: Run) -> tuple[Json, dict[NodeId, Json]]:
        """Give the document that a run runs, and the outputs that it took over; None where it is kept no longer."""
        if run.version is not None:
            version = self._store.version(run.workspace, run.workflow, run.version)
            return (None if version is None else version.document), {}
        known = self._store.compilation(machine_of(run.execution)) if run.execution else None
        if not isinstance(known, dict):
            return None, {}
        return known["document"], cast("dict[NodeId, Json]", known["pins"])

    def _created(self, compilation: Compilation) -> str:
        try:
            return self._machines.immutable(compilation)
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(
                ErrorCode.UNAVAILABLE, f"expected Step Functions to create the run's machine, found: {error}; try again"
            ) from error

    def _recall(self, key: object) -> Program | None:
        program = self._known.get(key)
        if program is not None:
            self._known.move_to_end(key)
        return program

    def _keep(self, key: object, program: Program) -> Program:
        self._known[key] = program
        while len(self._known) > _KNOWN:
            self._known.popitem(last=False)
        return program


def machine_of(execution: str) -> str:
    """Give the name of an execution's machine; an execution's ARN is `...:execution:<machine>:<name>`."""
    return execution.split(":")[6]


def _schema(document: Json) -> Mapping[str, Any]:
    workflow, _ = parse_document(document)
    nodes = workflow.nodes.values() if workflow is not None else ()
    declared: Any = next((node.data.get("schema") for node in nodes if node.type == "input"), None)
    return cast("Mapping[str, Any]", declared) if isinstance(declared, Mapping) else {}


def _usd(estimate: Json) -> float | None:
    """Give an estimate's price of one run."""
    thousand = estimate.get("usdPer1000Runs") if isinstance(estimate, dict) else None
    return thousand / 1000 if isinstance(thousand, (int, float)) else None
