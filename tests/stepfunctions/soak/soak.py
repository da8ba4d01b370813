"""The soak: executions of all scenarios, somebody who disturbs the engine, and what must hold afterwards."""

import asyncio
import math
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson

from tests.stepfunctions.soak import functions
from tests.stepfunctions.soak.checks import course_faults, faults_of
from tests.stepfunctions.soak.client import CallError, UnreachableError
from tests.stepfunctions.soak.expectation import Plan, Scenario
from tests.stepfunctions.soak.line import Line
from tests.stepfunctions.soak.log_receiver import LogReceiver
from tests.stepfunctions.soak.native_scenarios import LOGS, NATIVE
from tests.stepfunctions.soak.outside import Outside
from tests.stepfunctions.soak.server import Server, ServerError, engine
from tests.stepfunctions.soak.task_scenarios import ACTIVITY, ACTIVITY_ARN, CHILD, TASKS, machine_arn

SCENARIOS: Final[dict[str, Scenario]] = {scenario.name: scenario for scenario in (*NATIVE, *TASKS)}
_ROLE: Final = "arn:aws:iam::000000000000:role/soak"
_STARTERS: Final = 8
_LOOK_SECONDS: Final = 0.05
# Looks for log events that are still under way: 5 seconds.
_LOG_LOOKS: Final = 100
_RUNNING: Final = "RUNNING"


@dataclass
class Report:
    """What a soak found.

    Attributes:
        faults: Everything that must not be, a line each; none when all is well.
        kills: How often the engine was killed.
        acknowledged, unacknowledged: Starts that were answered; starts of which the caller heard nothing, of which so
            many `begun` all the same.
        calls, repeated_calls: Calls of functions; those of a task that had been in flight at a kill.
        log_events, repeated_log_events: Log events that were delivered; those that came again.
        seconds: How long it took.
    """

    faults: list[str]
    kills: int = 0
    acknowledged: int = 0
    unacknowledged: int = 0
    begun: int = 0
    calls: int = 0
    repeated_calls: int = 0
    log_events: int = 0
    repeated_log_events: int = 0
    seconds: float = 0.0


class Soak:
    """One run of it.

    Args:
        folder: Where the data file, the engine's log and the file of calls are.
        plans: The executions.
        random: Draws everything else.
        settle_seconds: How long the executions may take once nobody disturbs the engine any more.

    Attributes:
        server: The engine.
        kills: How often the engine was ended.
    """

    def __init__(self, folder: Path, plans: Sequence[Plan], random: Random, *, settle_seconds: float = 60) -> None:
        self.plans = plans
        self.kills = 0
        self._folder = folder
        self._random = random
        self._settle_seconds = settle_seconds
        self._calls = folder / "calls.jsonl"
        self._server: Server | None = None
        self._unacknowledged: list[Plan] = []
        self._logs = LogReceiver()
        self._permits = asyncio.Semaphore(0)
        self._permitted = 0

    @property
    def server(self) -> Server:
        """The engine."""
        assert self._server is not None, "the soak does not run"
        return self._server

    def permit(self, part: float) -> None:
        """Let executions start until a part of all has: 1 for all."""
        wanted = math.ceil(len(self.plans) * part)
        while self._permitted < wanted:
            self._permitted += 1
            self._permits.release()

    async def run(self, disturb: "Callable[[Soak], Coroutine[Any, Any, None]]", *arguments: str) -> Report:
        """Start all executions while the engine is disturbed, then let them end, and check everything.

        Args:
            disturb: Permits starts, kills the engine and starts it again; the engine serves when it returns.
            arguments: Options of the engine's first life.

        Raises:
            ServerError: The engine does not come back.
        """
        began = time.monotonic()
        async with self._logs.serving() as logs_url:
            self._server = _engine(self._folder, self._calls, logs_url)
            line = Line(self._server.port)
            try:
                self._server.launch(*arguments)
                report = await self._run(line, disturb)
            finally:
                line.client.close()
                self._server.kill()
        report.seconds = time.monotonic() - began
        report.faults += _file_faults(self._folder / "engine.sqlite3")
        return report

    async def restart(self) -> None:
        """Start the engine, which is dead, once more.

        Raises:
            ServerError: It ends before it serves.
        """
        self.kills += 1
        self.server.wait()
        self.server.launch()
        if not await asyncio.to_thread(self.server.serves):
            raise ServerError(f"the engine did not come back; {self.server.last_words()}")

    async def _run(self, line: Line, disturb: "Callable[[Soak], Coroutine[Any, Any, None]]") -> Report:
        outside = Outside(line, self._calls, self._random)
        async with outside.acting():
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_all(line, outside))
                group.create_task(disturb(self))
            faults = await self._settle(line, outside)
        report = Report(faults, self.kills, len(self.plans) - len(self._unacknowledged), len(self._unacknowledged))
        await self._check(line, report)
        return report

    # ---- starting

    async def _start_all(self, line: Line, outside: Outside) -> None:
        await self._make_machines(line)
        outside.begin()
        plans = iter(self.plans)
        await asyncio.gather(*(self._start_some(line, outside, plans) for _ in range(_STARTERS)))

    async def _start_some(self, line: Line, outside: Outside, plans: Iterator[Plan]) -> None:
        for plan in plans:
            await self._permits.acquire()
            # A start into the void tests nothing: it waits until the engine is there.
            await line.call("DescribeActivity", activityArn=ACTIVITY_ARN)
            if await self._start(line, plan):
                outside.knows(plan, _arn(plan))

    async def _start(self, line: Line, plan: Plan) -> bool:
        """Start one; tell whether that was acknowledged."""
        start = {"stateMachineArn": machine_arn(plan.scenario), "name": plan.name, "input": _text(plan.input)}
        try:
            await line.client.call("StartExecution", **start)
        except UnreachableError:
            if self._random.random() < 0.5:
                self._unacknowledged.append(plan)
                return False
            try:
                await line.call("StartExecution", **start)
            except CallError as error:
                # It had begun before, and has ended since.
                if error.code != "ExecutionAlreadyExists":
                    raise
        return True

    async def _make_machines(self, line: Line) -> None:
        await line.call("CreateActivity", name=ACTIVITY)
        definitions = {name: scenario.definition for name, scenario in SCENARIOS.items()}
        logging = {
            "level": "ALL",
            "includeExecutionData": True,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": LOGS}}],
        }
        for name, definition in {**definitions, CHILD: definitions["chain"]}.items():
            machine = {"name": name, "definition": _text(definition), "roleArn": _ROLE, "loggingConfiguration": logging}
            await line.call("CreateStateMachine", **machine)

    # ---- afterwards

    async def _settle(self, line: Line, outside: Outside) -> list[str]:
        """Wait until every execution has ended as it is to; list those that do not."""
        left: list[Plan] = []
        for plan in self.plans:
            if plan in self._unacknowledged and await _described(line, plan) is None:
                continue
            if plan in self._unacknowledged:
                outside.knows(plan, _arn(plan))
            left.append(plan)
        give_up = time.monotonic() + self._settle_seconds
        while left and time.monotonic() < give_up:
            left = [plan for plan in left if not _is_over(plan, await _described(line, plan))]
            await asyncio.sleep(_LOOK_SECONDS if left else 0)
        return [f"{plan.name}: does not end" for plan in left]

    async def _check(self, line: Line, report: Report) -> None:
        calls: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        if self._calls.exists():
            for call in map(orjson.loads, self._calls.read_bytes().splitlines()):
                calls[call["execution"]].append(call)
        there: defaultdict[str, set[str]] = defaultdict(set)
        for plan in self.plans:
            described = await _described(line, plan)
            if described is None:
                if plan not in self._unacknowledged:
                    report.faults.append(f"{plan.name}: its start was acknowledged, and it is not there")
                continue
            report.begun += plan in self._unacknowledged
            there[plan.scenario].add(plan.name)
            if described["status"] == _RUNNING:
                continue
            events = [event async for event in line.pages("GetExecutionHistory", "events", executionArn=_arn(plan))]
            report.faults += faults_of(plan, described, events, calls[_arn(plan)])
            report.calls += len(calls[_arn(plan)])
            report.repeated_calls += max(0, len(calls[_arn(plan)]) - plan.expected.calls)
            await self._check_logs(plan, len(events), report)
            if plan.scenario == "distributed":
                report.faults += await _child_faults(line, plan)
        report.log_events = sum(map(len, self._logs.delivered.values()))
        report.repeated_log_events = self._logs.repeated
        await _check_lists(line, there, report)

    async def _check_logs(self, plan: Plan, events: int, report: Report) -> None:
        delivered = self._logs.delivered[_arn(plan)]
        for _ in range(_LOG_LOOKS):
            if len(delivered) >= events:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        if delivered != set(range(1, events + 1)):
            report.faults.append(f"{plan.name}: of {events} log events {len(delivered)} were delivered")


async def _check_lists(line: Line, there: dict[str, set[str]], report: Report) -> None:
    """Compare the lists of executions with what was started: nothing is missing, nothing came by itself."""
    for scenario in SCENARIOS:
        entries = line.pages("ListExecutions", "executions", stateMachineArn=machine_arn(scenario), maxResults=1000)
        names = {entry["name"] async for entry in entries}
        if names != there[scenario]:
            report.faults.append(f"{scenario}: expected the executions {there[scenario]}, the list has {names}")
    entries = line.pages("ListExecutions", "executions", stateMachineArn=machine_arn(CHILD), maxResults=1000)
    children = [entry["status"] async for entry in entries]
    if children != ["SUCCEEDED"] * len(there["nested"]):
        report.faults.append(f"expected {len(there['nested'])} nested executions that succeeded, found {children}")


async def _child_faults(line: Line, plan: Plan) -> list[str]:
    """Find what is wrong with the children of a distributed Map: each item has one, which ran once."""
    items = len(plan.input["items"])
    runs = [run async for run in line.pages("ListMapRuns", "mapRuns", executionArn=_arn(plan))]
    if len(runs) != 1:
        return [f"{plan.name}: expected one Map Run, found {len(runs)}"]
    counts = (await line.call("DescribeMapRun", mapRunArn=runs[0]["mapRunArn"]))["itemCounts"]
    faults = [] if counts["succeeded"] == counts["total"] == items else [f"{plan.name}: its Map Run counts {counts}"]
    children = [child async for child in line.pages("ListExecutions", "executions", mapRunArn=runs[0]["mapRunArn"])]
    if [child["status"] for child in children] != ["SUCCEEDED"] * items:
        faults.append(f"{plan.name}: expected {items} children that succeeded, found {children}")
    for child in children:
        arn = child["executionArn"]
        events = [event async for event in line.pages("GetExecutionHistory", "events", executionArn=arn)]
        faults += [
            f"{plan.name}, child {child['name']}: {fault}" for fault in course_faults(events, {"Double": 1, "Nap": 1})
        ]
    return faults


def draw_plans(random: Random, count: int, scenarios: Sequence[str] = tuple(SCENARIOS)) -> list[Plan]:
    """Draw executions, of each scenario about as many."""
    plans: list[Plan] = []
    for number in range(count):
        name = scenarios[number % len(scenarios)]
        given, expected = SCENARIOS[name].plan(random)
        plans.append(Plan(name, f"{name}-{number}", given, expected))
    random.shuffle(plans)
    return plans


def _engine(folder: Path, calls: Path, logs_url: str) -> Server:
    source = Path(functions.__file__)
    hosted = [
        part for name in ("step", "flaky", "refuse", "ask") for part in ("--function", f"soak-{name}={source}:{name}")
    ]
    return engine(folder, "--logs-endpoint", logs_url, *hosted, environment={functions.CALLS_VARIABLE: str(calls)})


def _arn(plan: Plan) -> str:
    return f"{machine_arn(plan.scenario).replace(':stateMachine:', ':execution:')}:{plan.name}"


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


async def _described(line: Line, plan: Plan) -> dict[str, Any] | None:
    try:
        return await line.call("DescribeExecution", executionArn=_arn(plan))
    except CallError as error:
        if error.code != "ExecutionDoesNotExist":
            raise
        return None


def _is_over(plan: Plan, described: dict[str, Any] | None) -> bool:
    if described is None:
        return True
    redriving = plan.scenario == "redriven" and described["status"] == "FAILED" and not described["redriveCount"]
    return described["status"] != _RUNNING and not redriving


def _file_faults(data: Path) -> list[str]:
    with closing(sqlite3.connect(data)) as connection:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    return [f"the data file: {text}" for text in found if text != "ok"] + [f"the data file: {row}" for row in broken]
