"""An engine, a store in memory, and the services of runs between them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.config import Config

from millrace.engine import TaskFailure
from millrace.engine.tasks import TaskRequest
from millrace.model import Json, NodeId
from millrace.services.caller import Caller
from millrace.services.executions import Executions
from millrace.services.machine_settings import MachineSettings
from millrace.services.machines import Machines
from millrace.services.partial_runs import PartialRuns
from millrace.services.people import People
from millrace.services.programs import Programs
from millrace.services.publishing import Publishing
from millrace.services.run_control import RunControl
from millrace.services.runs import Runs
from millrace.services.versions import Versions
from millrace.services.workflows import Draft, Workflows
from millrace.store.records import Run, RunStatus, Step, StepStatus, UserId, WorkflowId, WorkspaceId
from tests.services.memory_store import MemoryStore
from tests.stepfunctions.conftest import ROLE, Engine, running, until_ended

CALLER = Caller(WorkspaceId("ours"), UserId("ada"), email="ada@example.com")
STRANGER = Caller(WorkspaceId("theirs"), UserId("eve"))


@dataclass
class FunctionEngine(Engine):
    """An engine whose functions give what a test says.

    Attributes:
        outputs: Outputs by node; an exception fails it, and no entry gives its name.
        called: The nodes that functions ran, in order.
        people: Takes the questions.
    """

    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    called: list[str] = field(default_factory=list[str])
    people: People | None = None

    async def _task(self, task: TaskRequest) -> Json:
        arguments = cast("dict[str, Any]", task.arguments)
        payload = arguments["Payload"]
        if task.resource.arn.endswith(".waitForTaskToken"):
            assert self.people is not None
            self.people.ask(payload)
            self.tokens.put(payload["token"])
            return {}
        self.called.append(payload["node"])
        output = self.outputs.get(payload["node"], {"from": payload["node"]})
        if isinstance(output, Exception):
            raise output
        return {"Payload": {"output": output, "console": []}, "StatusCode": 200}


FAILURE = TaskFailure("Http.Status", "the server said no")


@dataclass
class World:
    """Everything that a test of runs needs."""

    engine: FunctionEngine
    client: Any
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        """Connect the services."""
        machines = Machines(self.client, self.store, MachineSettings("test", ROLE, "us-east-1", None, {}))
        self.workflows = Workflows(self.store)
        versions = Versions(self.store, self.workflows)
        self.publishing = Publishing(self.store, self.workflows, versions, machines)
        self.executions = Executions(self.client)
        self.programs = Programs(self.store, machines)
        self.runs = Runs(self.store, self.executions, self.programs)
        self.control = RunControl(self.store, self.executions, self.programs, self.runs)
        self.partial = PartialRuns(self.store, self.programs, self.runs)
        self.people = self.engine.people = People(self.store, self.executions)
        self.engine.outputs.clear()
        self.engine.called.clear()

    def create(self, document: dict[str, Json], *, publish: bool = True) -> WorkflowId:
        """Create a workflow, and publish it."""
        workflow = self.workflows.create(CALLER, Draft(str(document["name"]), document))
        if publish:
            self.publishing.publish(CALLER, workflow.id)
        return workflow.id

    def ended(self, run: Run) -> Run:
        """Wait for a run's end, and write it as the observer would."""
        assert run.execution is not None
        described = until_ended(self.client, run.execution)
        status = {"SUCCEEDED": RunStatus.COMPLETED, "ABORTED": RunStatus.CANCELLED}.get(
            described["status"], RunStatus.FAILED
        )
        if described.get("cause") == "Paused":
            status = RunStatus.PAUSED
        current = self.store.run(run.workspace, run.id)
        assert current is not None
        written = replace(current, status=status)
        self.store.save_run(written)
        return written

    def steps(self, run: Run, **statuses: StepStatus | tuple[StepStatus, Json]) -> None:
        """Write steps as the observer would: a status, or a status and an output, by node."""
        for node, given in statuses.items():
            status, output = given if isinstance(given, tuple) else (given, None)
            self.store.put_steps([Step(run.id, NodeId(node), run.workspace, status, output=output)])


@pytest.fixture(scope="module")
def function_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionEngine]:
    """An engine for the tests of a module."""
    engine = FunctionEngine(Path(tmp_path_factory.mktemp("engine")) / "engine.db")
    with running(engine):
        yield engine


@pytest.fixture(scope="module")
def states(function_engine: FunctionEngine) -> Iterator[Any]:
    """The boto3 client of the engine."""
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1})
    made = cast("Any", boto3).client(
        "stepfunctions",
        endpoint_url=function_engine.endpoint,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=config,
    )
    yield made
    made.close()


@pytest.fixture
def world(function_engine: FunctionEngine, states: Any) -> World:
    """Services with nothing in their store."""
    return World(function_engine, states)
