"""Measure the compiler: time by size and kind of document, and what its machines take beside the critical path.

Run as `.venv/bin/python bench/compile.py`. Schedules are measured on the emitted definitions, state by state, so that
whatever the passes after the scheduler add is seen too. The recorded graphs are found as in bench/schedule.py; without
them that part is left out. Ends with status 1 when a target is missed.
"""

import json
import lzma
import math
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from millrace.compiler import Compilation, compile_document
from millrace.compiler.schedule import critical_path
from millrace.model import StateName

TARGETS_MS = {20: 10.0, 100: 40.0, 1000: 1000.0, 10_000: 5000.0}
MEAN_TARGETS = {"wfinstances": 1.001, "automation": 1.0001, "tpch": 1.01}
STATES_PER_NODE = 1.10


def fork_join(size: int) -> dict[str, Any]:
    """Make a nearly series-parallel document: rounds of three calls, each followed by a set, then a merge."""
    nodes: dict[str, Any] = {"start": node("start", "echo", value=1)}
    edges: list[dict[str, str]] = []
    before = "start"
    number = 0
    while len(nodes) < size:
        number += 1
        ends: list[str] = []
        for branch in range(3):
            call, shape = f"call{number}-{branch}", f"shape{number}-{branch}"
            nodes[call] = node(call, "http", url=f"https://example.com/${{{before}.output.page}}")
            nodes[shape] = node(shape, "set", fields={"value": f"${{{call}.output.body.items[price > 10].name}}"})
            edges += [edge(before, call), edge(call, shape)]
            ends.append(shape)
        before = f"merge{number}"
        nodes[before] = node(before, "merge")
        edges += [edge(end, before) for end in ends]
    return {"name": "Fork and join", "nodes": nodes, "edges": edges}


def branching(size: int) -> dict[str, Any]:
    """Make a document of conditionals, each with a call on one way and a set on the other."""
    nodes: dict[str, Any] = {"start": node("start", "echo", value={"n": 1})}
    edges: list[dict[str, str]] = []
    before = "start"
    number = 0
    while len(nodes) < size:
        number += 1
        test, yes, no, join = (f"{part}{number}" for part in ("test", "yes", "no", "join"))
        nodes[test] = node(test, "conditional", condition=f"${{{before}.output.n > {number}}}")
        nodes[yes] = node(yes, "http", url=f"https://example.com/${{{before}.output.n}}")
        nodes[no] = node(no, "set", fields={"n": f"${{{before}.output.n + 1}}"})
        nodes[join] = node(join, "merge", mode="first")
        edges += [edge(before, test), edge(test, yes, "true"), edge(test, no, "false"), edge(yes, join), edge(no, join)]
        before = join
    return {"name": "Branches", "nodes": nodes, "edges": edges}


def chain(size: int) -> dict[str, Any]:
    """Make a chain of native nodes, each reading the one before."""
    nodes = {
        f"set{i}": node(f"set{i}", "set", fields={"n": f"${{set{i - 1}.output.n + 1}}" if i else 1})
        for i in range(size)
    }
    return {"name": "Chain", "nodes": nodes, "edges": [edge(f"set{i}", f"set{i + 1}") for i in range(size - 1)]}


def node(name: str, kind: str, **data: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "data": data}


def edge(source: str, target: str, port: str = "out") -> dict[str, str]:
    return {"id": f"{source}-{target}", "source": source, "target": target, "sourceHandle": port}


def recorded() -> list[dict[str, Any]]:
    path = Path(os.environ.get("MILLRACE_DAGS", Path(__file__).resolve().parents[2] / "shared/dags/dags.json.xz"))
    if not path.exists():
        print(f"no recorded graphs at {path.name}: set MILLRACE_DAGS to measure schedules")
        return []
    with lzma.open(path) as file:
        graphs: list[dict[str, Any]] = json.loads(file.read())
    return graphs


def graph_document(graph: dict[str, Any], kind: str, data: dict[str, Any]) -> dict[str, Any]:
    durations: list[float] = graph["durations"]
    edges: list[tuple[int, int]] = graph["edges"]
    names = [f"n{index}" for index in range(len(durations))]
    return {
        "name": graph["name"],
        "nodes": {name: node(name, kind, **data) for name in names},
        "edges": [edge(names[source], names[target]) for source, target in edges],
        "settings": {"expectedSeconds": dict(zip(names, durations, strict=True))},
    }


def makespan(machine: dict[str, Any], compilation: Compilation, seconds: dict[str, float]) -> float:
    """Give how long a machine takes, in seconds: its states one after the other, branches at the same time."""
    total = 0.0
    name: str | None = machine["StartAt"]
    while name is not None:
        state = machine["States"][name]
        total += sum(seconds[node_id] for node_id in compilation.source_map[StateName(name)])
        total += max((makespan(branch, compilation, seconds) for branch in state.get("Branches", [])), default=0.0)
        name = state.get("Next")
    return total


def states(machine: dict[str, Any]) -> int:
    return sum(1 + sum(states(branch) for branch in state.get("Branches", [])) for state in machine["States"].values())


def schedules(kind: str, data: dict[str, Any]) -> Iterator[bool]:
    """Compile the recorded graphs with all nodes of one type; print a line for each source, give whether it is met."""
    by_source: dict[str, list[tuple[float, float]]] = {}
    for graph in recorded():
        document = graph_document(graph, kind, data)
        seconds: dict[str, float] = document["settings"]["expectedSeconds"]
        compilation = compile_document(document)
        assert compilation.definition is not None, compilation.diagnostics
        if compilation.children:
            continue
        successors: list[list[int]] = [[] for _ in seconds]
        edges: list[tuple[int, int]] = graph["edges"]
        for begin, end in edges:
            successors[begin].append(end)
        least = critical_path(successors, graph["durations"])
        ratio = makespan(compilation.definition, compilation, seconds) / least if least else 1.0
        by_source.setdefault(graph["source"], []).append((ratio, states(compilation.definition) / len(seconds)))
    for source, measured in by_source.items():
        ratios = [ratio for ratio, _ in measured]
        mean = math.exp(statistics.fmean(math.log(max(ratio, 1e-9)) for ratio in ratios))
        each = statistics.fmean(count for _, count in measured)
        print(f"  {source:<12} {kind:<6} {len(ratios):>4} {mean:>9.5f} {max(ratios):>8.4f} {each:>12.3f}")
        states_met = source != "automation" or each <= STATES_PER_NODE
        yield kind == "echo" or (mean <= MEAN_TARGETS[source] and states_met)


def speed(make: Callable[[int], dict[str, Any]], sizes: Sequence[int]) -> Iterator[bool]:
    cells: list[str] = []
    for size in sizes:
        document = make(size)
        compile_document(document)
        times: list[float] = []
        for _ in range(5 if size <= 100 else 1):
            begin = perf_counter()
            compilation = compile_document(document)
            times.append((perf_counter() - begin) * 1000)
            assert compilation.ok, compilation.diagnostics
        cells.append(f"{min(times):>9.1f}")
        yield min(times) <= TARGETS_MS[size]
    print(f"  {make.__name__:<12} " + " ".join(cells))


def main() -> int:
    """Print the tables; give 1 when a target is missed."""
    sizes = sorted(TARGETS_MS)
    print("compile time, ms, by nodes   " + " ".join(f"{size:>9,}" for size in sizes))
    print("  target     " + " ".join(f"{TARGETS_MS[size]:>9.0f}" for size in sizes))
    met = [ok for make in (fork_join, branching, chain) for ok in speed(make, sizes)]
    print(
        "\nmakespan of the emitted machines over the critical path (targets of the mean: "
        + ", ".join(f"{k} {v}" for k, v in MEAN_TARGETS.items())
        + ")"
    )
    print(f"  {'source':<12} {'type':<6} {'n':>4} {'geo mean':>9} {'worst':>8} {'states/node':>12}")
    met += schedules("http", {"url": "https://example.com"})
    met += schedules("echo", {"value": 1})
    print("\nall targets met" if all(met) else "\na target is missed")
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
