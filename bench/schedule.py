"""Measure the scheduler: makespan over critical path, states per node, speed and growth.

Run as `.venv/bin/python bench/schedule.py`. The recorded graphs are read from the file that MILLRACE_DAGS names, else
from ../shared/dags/dags.json.xz beside the checkout; without them only the random graphs are measured. A graph above
its source's worst allowed ratio is searched exhaustively where it is small enough: what no schedule can do is no miss.
Ends with status 1 when a target is missed.
"""

from __future__ import annotations

import json
import lzma
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from runpy import run_path
from time import perf_counter

from millrace.compiler.schedule import critical_path, makespan, parallel_count, schedule

ORACLE = Path(__file__).resolve().parents[1] / "tests/compiler/schedule/exact_search.py"
"""The tests' exhaustive search."""


@dataclass(frozen=True, slots=True)
class Dag:
    """A graph to schedule; durations in seconds."""

    successors: list[list[int]]
    durations: list[float]

    @property
    def size(self) -> int:
        """The number of nodes."""
        return len(self.durations)


@dataclass(frozen=True, slots=True)
class Target:
    """What a source must reach: makespan over critical path, and states per node."""

    geometric_mean: float
    worst: float
    states_per_node: float = float("inf")


TARGETS = {
    "wfinstances": Target(1.001, 1.05),
    "automation": Target(1.0001, 1.02, 1.10),
    "tpch": Target(1.01, 1.05),
    "random": Target(1.015, 1.25),
}
RANDOM_GRAPHS = 2000
SPEED_TARGETS_MS = {20: 5.0, 100: 20.0, 1000: 500.0, 10_000: 2500.0}
"""Half of what a whole compilation may take, by size; the largest for graphs that are nearly series-parallel."""


def layered(seed: int, low: int = 5, high: int = 60) -> Dag:
    """A random DAG in about sqrt(n) layers: edges to the layer before, some that skip layers; durations of four kinds.

    Level-by-level execution takes 1.21 times the critical path on average, up to 3.
    """
    random = Random(seed)
    size = random.randint(low, high)
    depth = min(size, max(2, round(random.uniform(0.6, 1.8) * size**0.5)))
    layers: list[list[int]] = [[layer] for layer in range(depth)]
    for _ in range(size - depth):
        random.choice(layers).append(-1)
    numbers = iter(range(size))
    layers = [[next(numbers) for _ in layer] for layer in layers]
    density = random.choice((0.1, 0.2, 0.3, 0.4, 0.5))
    edges: set[tuple[int, int]] = set()
    for index in range(1, depth):
        for node in layers[index]:
            drawn = [before for before in layers[index - 1] if random.random() < density]
            edges |= {(before, node) for before in drawn or [random.choice(layers[index - 1])]}
            if index > 1 and random.random() < 0.25:
                edges.add((random.choice(layers[random.randrange(index - 1)]), node))
    duration: Callable[[], float] = random.choice(
        (
            lambda: 1.0,
            lambda: random.uniform(1, 10),
            lambda: random.lognormvariate(0, 1),
            lambda: random.choice((0.1, 0.2, 1, 5, 30)),
        )
    )
    return dag(size, sorted(edges), [duration() for _ in range(size)])


def nearly_series_parallel(size: int, seed: int) -> Dag:
    """A random series-parallel graph with one extra edge for each hundred nodes."""
    random = Random(seed)
    edges: list[tuple[int, int]] = []

    def compose(low: int, high: int, depth: int) -> tuple[list[int], list[int]]:
        """Connect the nodes low..high-1; its sources and sinks."""
        if high - low == 1:
            return [low], [low]
        middle = random.randint(low + 1, high - 1)
        first, second = compose(low, middle, depth + 1), compose(middle, high, depth + 1)
        if random.random() < 0.5 and len(first[1]) * len(second[0]) <= 30:
            edges.extend((sink, source) for sink in first[1] for source in second[0])
            return first[0], second[1]
        return first[0] + second[0], first[1] + second[1]

    compose(0, size, 0)
    for _ in range(size // 100):
        low = random.randrange(size - 1)
        edges.append((low, random.randint(low + 1, min(size - 1, low + 50))))
    return dag(size, edges, [random.lognormvariate(0, 1) for _ in range(size)])


def dag(size: int, edges: Sequence[Sequence[int]], durations: list[float]) -> Dag:
    successors: list[list[int]] = [[] for _ in range(size)]
    for source, target in edges:
        successors[source].append(target)
    return Dag(successors, durations)


def levels(graph: Dag) -> float:
    """The makespan of level-by-level execution, which is what most tools do."""
    level = [0] * graph.size
    missing = [0] * graph.size
    for following in graph.successors:
        for node in following:
            missing[node] += 1
    ready = [node for node in range(graph.size) if not missing[node]]
    longest: dict[int, float] = {}
    for node in ready:
        longest[level[node]] = max(longest.get(level[node], 0.0), graph.durations[node])
        for successor in graph.successors[node]:
            level[successor] = max(level[successor], level[node] + 1)
            missing[successor] -= 1
            if not missing[successor]:
                ready.append(successor)
    return sum(longest.values())


def recorded() -> dict[str, list[Dag]]:
    """The recorded graphs by source; empty, with a note, where the file is absent."""
    default = Path(__file__).resolve().parents[2] / "shared/dags/dags.json.xz"
    path = Path(os.environ.get("MILLRACE_DAGS", default))
    if not path.is_file():
        print(f"skipped: wfinstances, automation, tpch. {path} is not there: set MILLRACE_DAGS to the recorded DAGs\n")
        return {}
    found: dict[str, list[Dag]] = {}
    with lzma.open(path) as file:
        for entry in json.load(file):
            graph = dag(len(entry["durations"]), entry["edges"], entry["durations"])
            found.setdefault(entry["source"], []).append(graph)
    return found


@dataclass(frozen=True, slots=True)
class Measurement:
    """One graph scheduled."""

    size: int
    ratio: float
    robust_ratio: float
    level_ratio: float
    states_per_node: float
    milliseconds: float


DISTURBANCES = 5


def measure(graph: Dag) -> Measurement:
    """Schedule a graph; the robust ratio is the mean over durations disturbed by a log-normal factor (sigma 0.3)."""
    start = perf_counter()
    tree = schedule(graph.successors, graph.durations)
    elapsed = perf_counter() - start
    random = Random(graph.size)
    disturbed: list[float] = []
    for _ in range(DISTURBANCES):
        times = [duration * random.lognormvariate(0, 0.3) for duration in graph.durations]
        disturbed.append(ratio(makespan(tree, times), critical_path(graph.successors, times)))
    critical = critical_path(graph.successors, graph.durations)
    return Measurement(
        size=graph.size,
        ratio=ratio(makespan(tree, graph.durations), critical),
        robust_ratio=statistics.fmean(disturbed),
        level_ratio=ratio(levels(graph), critical),
        states_per_node=(graph.size + parallel_count(tree)) / graph.size,
        milliseconds=elapsed * 1000,
    )


def ratio(length: float, critical: float) -> float:
    return length / critical if critical else 1.0


def quality(source: str, graphs: list[Dag]) -> Iterator[str]:
    """Print a source's row; what it misses."""
    results = [measure(graph) for graph in graphs]
    ratios = sorted(result.ratio for result in results)
    mean = statistics.geometric_mean(ratios)
    states = statistics.fmean(result.states_per_node for result in results)
    robust = statistics.geometric_mean(result.robust_ratio for result in results)
    level = statistics.geometric_mean(result.level_ratio for result in results)
    print(
        f"{source:12} {len(ratios):6} {statistics.fmean(ratios):8.5f} {mean:8.5f} "
        f"{ratios[len(ratios) * 19 // 20]:7.4f} {ratios[-1]:7.4f} {robust:8.5f} {level:7.3f} {states:7.3f} "
        f"{statistics.fmean(result.milliseconds for result in results):8.2f}"
    )
    target = TARGETS[source]
    if mean > target.geometric_mean:
        yield f"{source}: geometric mean {mean:.5f}, target {target.geometric_mean}"
    if states > target.states_per_node:
        yield f"{source}: states per node {states:.3f}, target {target.states_per_node}"
    for graph, result in zip(graphs, results, strict=True):
        if result.ratio > target.worst:
            yield from excess(source, graph, result, target.worst)


EXHAUSTIVE_SIZE = 29
"""Up to how many nodes a graph is searched exhaustively: about a second."""


def excess(source: str, graph: Dag, result: Measurement, allowed: float) -> Iterator[str]:
    """The miss of a graph above its allowed ratio; only a note where an exhaustive search finds nothing shorter."""
    description = f"{source}: a graph of {graph.size} nodes takes {result.ratio:.4f}, target {allowed}"
    if graph.size <= EXHAUSTIVE_SIZE:
        critical = critical_path(graph.successors, graph.durations)
        least_makespan: Callable[[list[list[int]], list[float]], float] = run_path(str(ORACLE))["least_makespan"]
        least = least_makespan(graph.successors, graph.durations) / critical
        if result.ratio <= least * (1 + 1e-9):
            print(f"  {description}, and no fork-join schedule takes less (exhaustive search)")
            return
        description += f", least possible {least:.4f}"
    yield description


def speed(name: str, size: int, graphs: list[Dag]) -> Iterator[str]:
    """Print a size's row; what it misses."""
    results = [measure(graph) for graph in graphs]
    times = sorted(result.milliseconds for result in results)
    mean = statistics.geometric_mean(result.ratio for result in results)
    print(
        f"{name:22} {size:6} {statistics.median(times):9.2f} {times[-1]:9.2f} "
        f"{statistics.median(times) / size * 1000:9.1f} {mean:8.4f} "
        f"{statistics.geometric_mean(result.level_ratio for result in results):7.3f}"
    )
    allowed = SPEED_TARGETS_MS[size]
    if statistics.median(times) > allowed:
        yield f"{name}, {size} nodes: {statistics.median(times):.1f} ms, target {allowed} ms"


def main() -> int:
    missed: list[str] = []
    sources = recorded() | {"random": [layered(seed) for seed in range(RANDOM_GRAPHS)]}
    print("makespan / critical path; robust: durations disturbed; levels: level by level")
    print("states: (leaves + Parallels) / nodes; ms: a graph")
    print(
        f"{'source':12} {'graphs':>6} {'mean':>8} {'geomean':>8} {'p95':>7} {'worst':>7} {'robust':>8} {'levels':>7} "
        f"{'states':>7} {'ms':>8}"
    )
    for source, graphs in sources.items():
        missed += quality(source, graphs)
    print(f"\n{'speed':22} {'nodes':>6} {'median ms':>9} {'worst ms':>9} {'us/node':>9} {'geomean':>8} {'levels':>7}")
    for size, count in ((20, 40), (100, 20), (1000, 3)):
        missed += speed("random layered", size, [layered(seed, size, size) for seed in range(count)])
    for size, count in ((20, 40), (100, 20), (1000, 5), (10_000, 2)):
        missed += speed("nearly series-parallel", size, [nearly_series_parallel(size, seed) for seed in range(count)])
    print("\n" + "\n".join(f"missed: {miss}" for miss in missed) if missed else "\nall targets met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
