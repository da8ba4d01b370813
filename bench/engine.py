"""Measures the engine in this process: transitions a second, loading, waiting executions, a wide Map.

.venv/bin/python bench/engine.py
"""

import asyncio
import random
import time
import tracemalloc
from collections.abc import Callable

import orjson

from millrace.engine import ExecutionInfo, FunctionTasks, Interpreter, Runner, load
from millrace.engine.definition import ExecutionType
from millrace.engine.messages import Finished, Message, Resume, Resumed, Started
from millrace.engine.payload import Payload
from millrace.model.json import Json


def chain(length: int, *, assign: bool = True) -> dict[str, Json]:
    states: dict[str, Json] = {}
    for index in range(length):
        state: dict[str, Json] = {"Type": "Pass"}
        if assign:
            state["Assign"] = {f"v{index}": "{% $states.input.n + 1 %}"}
        state["Output"] = {"n": "{% $states.input.n + 1 %}", "name": "{% $states.input.name & '.' %}"}
        if index + 1 < length:
            state["Next"] = f"S{index + 1}"
        else:
            state["End"] = True
        states[f"S{index}"] = state
    return {"QueryLanguage": "JSONata", "StartAt": "S0", "States": states}


def execute(definition: dict[str, Json], value: Json, count: int) -> int:
    """Run a definition `count` times without a driver; give how many events there were."""
    machine = load(definition)
    events = 0
    for number in range(count):
        interpreter = Interpreter(
            machine, ExecutionInfo(str(number), type=ExecutionType.EXPRESS), source=random.Random(number)
        )
        message: Message = Started(Payload.of(value))
        while True:
            step = interpreter.handle(message, 1.7e9)
            events += len(step.events)
            if any(isinstance(effect, Finished) for effect in step.effects):
                break
            assert any(isinstance(effect, Resume) for effect in step.effects)
            message = Resumed()
    return events


def timed(action: Callable[[], object], times: int = 3) -> float:
    """Give the least of several durations, in seconds."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def transitions() -> tuple[float, float]:
    definition = chain(200)
    core = timed(lambda: execute(definition, {"n": 0, "name": "x"}, 10))

    async def run() -> None:
        machine = load(definition)
        runner = Runner()
        for _ in range(10):
            await runner.run(machine, {"n": 0, "name": "x"}, tasks=FunctionTasks({}))

    driven = timed(lambda: asyncio.run(run()))
    return 2000 / core, 2000 / driven


def wide_map() -> float:
    definition: dict[str, Json] = {
        "QueryLanguage": "JSONata",
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "Items": "{% [1..1000] %}",
                "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}},
                "End": True,
            }
        },
    }
    return timed(lambda: execute(definition, {}, 1))


def waiting() -> tuple[float, float]:
    """Give the bytes of memory and of snapshot that one waiting execution takes."""
    machine = load(
        {
            "QueryLanguage": "JSONata",
            "StartAt": "A",
            "States": {
                "A": {"Type": "Pass", "Assign": {"order": "{% $states.input %}"}, "Next": "W"},
                "W": {"Type": "Wait", "Seconds": 3600, "End": True},
            },
        }
    )
    source = random.Random(1)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept: list[Interpreter] = []
    for number in range(2000):
        interpreter = Interpreter(machine, ExecutionInfo(str(number)), source=source)
        interpreter.handle(Started(Payload.of({"id": number, "lines": [1, 2, 3]})), 1.7e9)
        kept.append(interpreter)
    memory = (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    tracemalloc.stop()
    snapshot = sum(len(orjson.dumps(interpreter.snapshot())) for interpreter in kept) / len(kept)
    return memory, snapshot


def main() -> None:
    core, driven = transitions()
    memory, snapshot = waiting()
    print(f"{'what':58} {'measured':>12}  target")
    print(f"{'transitions/s, Pass chain with Assign, core':58} {core:12,.0f}  >= 3,000")
    print(f"{'transitions/s, the same through Runner, history kept':58} {driven:12,.0f}  >= 3,000")
    print(f"{'load of 300 states, ms':58} {timed(lambda: load(chain(300))) * 1000:12.1f}  <= 30")
    print(f"{'Map of 1,000 Pass iterations, ms':58} {wide_map() * 1000:12.1f}  <= 500")
    print(f"{'memory of one waiting execution, KiB':58} {memory / 1024:12.2f}  <= 30")
    print(f"{'snapshot of one waiting execution, KiB':58} {snapshot / 1024:12.2f}")


if __name__ == "__main__":
    main()
