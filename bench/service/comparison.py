"""What is measured at the engine and at MiniStack alike."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.service import function
from bench.service.endpoint import Endpoint
from bench.service.machines import FUNCTION, function_chain, pass_chain, wide_map
from bench.service.table import Figure
from tests.stepfunctions.soak.server import engine, ministack

_CLIENTS: Final = 16
# What each takes at MiniStack: seconds of load, executions for a median, for that of a wide Map.
_OTHER_LOAD, _OTHER_RUNS, _OTHER_MAPS = 3.0, 7, 1


def comparison(folder: Path, quick: bool) -> Iterator[Figure]:
    """Measure both, one after the other, and give the figures side by side."""
    hosted = f"{FUNCTION}={function.__file__}:handler"
    server = engine(folder, "--function", hosted).start()
    try:
        ours = _measure(Endpoint(server), load=2.0 if quick else 5.0, runs=20 if quick else 100, maps=3)
    finally:
        server.stop()
    other = ministack(folder).start()
    try:
        endpoint = Endpoint(other)
        endpoint.deploy_function()
        others = _measure(endpoint, load=_OTHER_LOAD, runs=_OTHER_RUNS, maps=_OTHER_MAPS)
    finally:
        other.stop()
    for figure, theirs in zip(ours, others, strict=True):
        yield replace(figure, ministack=theirs.measured)


def _measure(endpoint: Endpoint, *, load: float, runs: int, maps: int) -> list[Figure]:
    chain, functions = endpoint.make(pass_chain(5)), endpoint.make(function_chain(5))
    endpoint.run(functions)
    return [
        Figure(
            "five Pass states with Assign, boto3: start to SUCCEEDED, p50, ms",
            endpoint.seconds_to_run(chain, runs) * 1000,
            8,
        ),
        Figure(
            f"the same, {_CLIENTS} light clients: executions/s",
            endpoint.executions_per_second(chain, _CLIENTS, load),
            400,
            more_is_better=True,
        ),
        Figure(
            f"five Lambda tasks, {_CLIENTS} light clients: executions/s",
            endpoint.executions_per_second(functions, _CLIENTS, load),
            150,
            more_is_better=True,
        ),
        Figure(
            "inline Map of 1,000 Pass iterations, s", endpoint.seconds_to_run(endpoint.make(wide_map(1000)), maps), 0.5
        ),
        Figure("creation of a machine of 300 states, ms", endpoint.seconds_to_create(pass_chain(300), maps) * 1000, 30),
    ]
