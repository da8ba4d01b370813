"""A document made ready to run here: compiled and loaded, with the workflows that it starts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from millrace.catalogue import Function, Task
from millrace.catalogue.input_schema import check_inputs
from millrace.catalogue.subworkflow import START_EXECUTION
from millrace.compiler import Compilation, CompileContext, compile_document
from millrace.engine import DefinitionError, StateMachine, load
from millrace.local.documents import STANDARD_INPUT, WORKFLOW_FILE, document_path, read_document
from millrace.local.errors import CompileError, InputError, LocalRunError
from millrace.model import Json, NodeId

_SUFFIX: Final = ".json"


@dataclass(slots=True, eq=False)
class Program:
    """A compiled document.

    Attributes:
        name: The document, as messages call it.
        workflow_id: What `workflow.id` gives: the name of the document's file, or of its folder.
        machine: The state machine.
        children: The machines that it starts for parts of its own work, by their names.
        subworkflows: The workflows that its nodes start, by the id that they name.
    """

    name: str
    workflow_id: str
    compilation: Compilation
    machine: StateMachine
    children: Mapping[str, StateMachine]
    subworkflows: dict[str, "Program"] = field(default_factory=dict[str, "Program"])

    def check_inputs(self, inputs: Mapping[str, Json]) -> dict[str, Json]:
        """Check a run's inputs and fill in the defaults.

        Raises:
            InputError: They do not fit what the input node declares; every fault is named.
        """
        schema = self._schema()
        if not schema:
            return dict(inputs)
        filled, problems = check_inputs(schema, inputs)
        if problems:
            raise InputError([f"{problem.message}. {problem.remedy}" for problem in problems])
        return filled

    def check_answers(self, answers: Iterable[str]) -> None:
        """Check that answers are for nodes that ask people.

        Raises:
            InputError: Some are for others.
        """
        asking = set[str](self._asking(set()))
        known = ", ".join(sorted(asking)) or "none does"
        faults = [
            f"expected answers for nodes that ask people ({known}), found one for {node!r}."
            for node in answers
            if node not in asking
        ]
        if faults:
            raise InputError(faults)

    def _asking(self, seen: "set[Program]") -> Iterator[NodeId]:
        """Give the nodes that ask people, those of the workflows that it starts too."""
        seen.add(self)
        for step in self.compilation.graph.steps.values():
            if step.kind.function is Function.PEOPLE:
                yield step.id
        for program in self.subworkflows.values():
            if program not in seen:
                yield from program._asking(seen)

    def _schema(self) -> Mapping[str, Any]:
        for step in self.compilation.graph.steps.values():
            if step.kind.name == "input":
                declared: Mapping[str, Any] = getattr(step.config, "schema_", {})
                return declared
        return {}

    def started_workflows(self) -> Iterator[tuple[NodeId, str]]:
        """Give the nodes that start another workflow, each with the id that it names."""
        for step in self.compilation.graph.steps.values():
            operation = step.operation
            if isinstance(operation, Task) and operation.resource.startswith(START_EXECUTION):
                workflow: str = getattr(step.config, "workflowId", "")
                yield step.id, workflow


def load_program(name: str, pins: Mapping[NodeId, Json] | None = None) -> Program:
    """Read a document, compile it, and do the same with every workflow that it starts.

    Args:
        name: A file, a folder with a `workflow.json`, or `-` for standard input.
        pins: Outputs used in place of running, by node.

    Raises:
        DocumentError: A document cannot be read.
        CompileError: A document has errors.
        LocalRunError: A workflow that it starts is not there.
    """
    folder = Path.cwd() if name == STANDARD_INPUT else document_path(name).parent
    return _Loader().load(name, read_document(name), folder, pins or {})


class _Loader:
    """Loads documents, each file once, so that workflows may start each other."""

    def __init__(self) -> None:
        self._programs: dict[Path, Program] = {}

    def load(self, name: str, document: object, folder: Path, pins: Mapping[NodeId, Json]) -> Program:
        workflow_id = _workflow_id(name)
        compilation = compile_document(document, CompileContext(workflow_id=workflow_id, pins=pins))
        if compilation.definition is None:
            raise CompileError(name, compilation.graph.workflow, compilation.diagnostics)
        try:
            machine = load(dict(compilation.definition))
            children = {child: load(dict(definition)) for child, definition in compilation.children.items()}
        except DefinitionError as error:
            raise LocalRunError(
                f"the engine refuses what {name} compiles to, a fault of the compiler: {error}"
            ) from error
        program = Program(name, workflow_id, compilation, machine, children)
        if name != STANDARD_INPUT:
            self._programs[document_path(name).resolve()] = program
        for node, workflow in program.started_workflows():
            program.subworkflows[workflow] = self._subworkflow(node, workflow, folder, name)
        return program

    def _subworkflow(self, node: NodeId, workflow: str, folder: Path, name: str) -> Program:
        candidates = (folder / f"{workflow}{_SUFFIX}", folder / workflow / WORKFLOW_FILE, folder / workflow)
        path = next((candidate for candidate in candidates if candidate.is_file()), None)
        if path is None:
            raise LocalRunError(
                f"{node!r} of {name} starts the workflow {workflow!r}: expected it at {candidates[0]} or "
                f"{candidates[1]}, found neither; put the document there, or pin the node."
            )
        known = self._programs.get(path.resolve())
        return known or self.load(str(path), read_document(str(path)), path.parent, {})


def _workflow_id(name: str) -> str:
    if name == STANDARD_INPUT:
        return "stdin"
    path = document_path(name).resolve()
    return path.parent.name if path.name == WORKFLOW_FILE else path.stem
