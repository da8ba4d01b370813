"""The engine's own log delivery, recorded: nothing between is written for the test."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from functions.observer.subscription import log_events

from millrace.compiler import compile_document
from millrace.engine.definition import ExecutionType
from millrace.engine.payload import Payload
from millrace.observation.mapping import map_of
from millrace.stepfunctions.arns import execution_of
from millrace.stepfunctions.executions import Launch
from millrace.stepfunctions.records import MachineArn, MachineRecord, Revision, RevisionId
from millrace.stepfunctions.store.sqlite_store import SqliteStore
from millrace.stepfunctions.subscription import subscription_event
from millrace.store.records import RunStatus, StepStatus
from tests.functions.observer.test_recording import MACHINE, recording, run_in, steps_in
from tests.local.workflows import workflow
from tests.observation.courses import RUN, START
from tests.observation.test_run_recorder import RECORD
from tests.services.memory_store import MemoryStore
from tests.stepfunctions.in_process_engine import PREFIX, InProcessEngine, opened, until

DOCUMENT = workflow(
    {
        "each": ("loop", {"items": [1, 2, 3], "concurrency": 2}),
        "double": ("set", {"fields": {"v": "${each.item * 2}"}}, "each"),
        "pause": ("wait", {"until": "2027-06-01T00:00:00Z"}),
        "out": ("output", {"value": "${each.output.results}"}),
    },
    ["each > pause > out"],
)
GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/vendedlogs/states/millrace-test:*"


async def launch(engine: InProcessEngine, definition: Any) -> Launch:
    """Make the machine of a run of a draft, which logs all, and what starts the run."""
    arn = MachineArn(f"{PREFIX}:stateMachine:{MACHINE}")
    logging: Any = {
        "level": "ALL",
        "includeExecutionData": True,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}],
    }
    revision = Revision(RevisionId("r"), orjson.dumps(definition).decode(), f"{PREFIX}:role/r", logging=logging)
    machine = MachineRecord(arn, MACHINE, ExecutionType.STANDARD, 0.0, revision)
    await SqliteStore.commit(engine.store, engine.store.put_machine(machine))
    given = Payload.of({"inputs": {}, "trigger": {"type": "manual"}})
    return Launch(execution_of(arn, RUN), RUN, machine, revision, given)


async def paused_and_resumed(data: Path, store: MemoryStore) -> None:
    """Run the document; pause it, resume it, and set the clock forward to the end of its wait."""
    process = recording(store)
    ahead = 0.0

    async def subscriber(message: dict[str, Any]) -> None:
        process.take(log_events(subscription_event(message)))

    def clock() -> float:
        return START + ahead

    def is_(status: RunStatus) -> Any:
        return lambda: run_in(store).status is status

    async with opened(data, subscriber=subscriber, clock=clock) as engine:
        arn = (await engine.executions.start(await launch(engine, compile_document(DOCUMENT).definition))).arn
        await until(lambda: ("", "pause", 1) in steps_in(store))
        assert run_in(store).status is RunStatus.RUNNING
        await engine.executions.stop(arn, "Paused", "Paused")
        await until(is_(RunStatus.PAUSED))
        assert steps_in(store)["", "pause", 1].status is StepStatus.CANCELLED
        ahead = 365 * 86_400.0
        await engine.executions.redrive(arn)
        await until(is_(RunStatus.COMPLETED))


def test_a_run_on_the_engine_is_recorded_through_its_logs(tmp_path: Path) -> None:
    store = MemoryStore()
    store.create_run(replace(RECORD, status=RunStatus.PENDING))
    store.put_compilation(MACHINE, {"map": map_of(compile_document(DOCUMENT)).to_json()})
    asyncio.run(paused_and_resumed(tmp_path / "engine.sqlite3", store))
    run = run_in(store)
    assert (run.outputs, run.redrives, run.error) == ({"out": [{"v": 2}, {"v": 4}, {"v": 6}]}, 1, None)
    found = {(path, node, attempt): step.status.value for (path, node, attempt), step in steps_in(store).items()}
    assert found == {
        ("", "each", 1): "completed",
        ("each/0", "double", 1): "completed",
        ("each/1", "double", 1): "completed",
        ("each/2", "double", 1): "completed",
        ("", "pause", 1): "cancelled",
        ("", "pause", 2): "completed",
        ("", "out", 1): "completed",
    }
