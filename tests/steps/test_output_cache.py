from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from millrace.catalogue import NodeConfig, NodeFailure, NodeType, RunContext
from millrace.model import Json
from millrace.steps import (
    OUTPUT_LIMIT_BYTES,
    CacheEntry,
    CacheError,
    CacheKey,
    CacheStore,
    OutputCache,
    StepError,
    handle,
)
from millrace.steps.settings import steps_settings
from millrace.steps.sqlite_cache import SqliteCache

START = 1_800_000_000.0


class ProbeConfig(NodeConfig):
    value: Any = None


class Probe(NodeType[ProbeConfig]):
    """Counts its runs; gives the number of the run and the value."""

    name = "probe"
    Config: ClassVar = ProbeConfig

    def __init__(self, action: Callable[[ProbeConfig, RunContext], Json] | None = None) -> None:
        self.runs = 0
        self._action = action

    def run(self, config: ProbeConfig, context: RunContext) -> Json:
        self.runs += 1
        return self._action(config, context) if self._action else [self.runs, config.value]


@dataclass
class Bench:
    """A function with one node type, a cache in a file, and a clock that a test moves."""

    path: Path
    probe: Probe = field(default_factory=Probe)
    now: float = START
    store: CacheStore | None = None

    def call(self, value: Json = None, **more: Any) -> dict[str, Any]:
        event = {"type": "probe", "node": "n", "config": {"value": value}, "cache": {"ttlSeconds": 60}} | more
        cache = OutputCache(lambda: self.store or SqliteCache(self.path), lambda: self.now)
        return handle(event, None, {"probe": self.probe, "other": self.probe}, cache=cache)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "cache.sqlite3")


def keyed(key: Json, workflow: str | None = "w") -> dict[str, Json]:
    return {"ttlSeconds": 60, "key": key, "workflowId": workflow}


def test_the_second_run_with_the_same_config_gives_the_output_of_the_first(bench: Bench) -> None:
    assert bench.call({"a": 1, "b": 2}) == {"output": [1, {"a": 1, "b": 2}], "console": []}
    bench.now += 12.7
    assert bench.call({"b": 2, "a": 1}, node="m") == {"output": [1, {"a": 1, "b": 2}], "console": ["cached 12 s ago"]}
    assert bench.probe.runs == 1


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7_199, "119 min"),
        (7_200, "2 h"),
        (200_000, "2 days"),
    ],
)
def test_the_console_says_how_old_an_output_is(bench: Bench, seconds: float, age: str) -> None:
    bench.call(cache={"ttlSeconds": 1_000_000})
    bench.now += seconds
    assert bench.call()["console"] == [f"cached {age} ago"]


def test_an_output_is_not_used_once_it_has_expired(bench: Bench) -> None:
    bench.call()
    bench.now += 60
    assert bench.call() == {"output": [2, None], "console": []}
    bench.now += 59
    assert bench.call()["output"] == [2, None]


def test_an_output_lives_from_the_end_of_its_run(bench: Bench) -> None:
    def slow(_config: ProbeConfig, _context: RunContext) -> Json:
        bench.now += 100
        return "slow"

    bench.probe = Probe(slow)
    bench.call()
    assert bench.call()["console"] == ["cached 0 s ago"]


@pytest.mark.parametrize("more", [{"type": "other"}, {"config": {"value": 2}}, {"input": 2}])
def test_another_type_config_or_input_runs(bench: Bench, more: dict[str, Any]) -> None:
    bench.call(1, input=1)
    assert bench.call(1, **({"input": 1} | more))["console"] == []
    assert bench.probe.runs == 2


def test_an_event_without_a_cache_runs_every_time(bench: Bench) -> None:
    for _ in range(2):
        bench.call(cache=None)
    assert bench.probe.runs == 2
    assert not bench.path.exists()


@pytest.mark.parametrize("key", ["k", "", 5, False, {"a": [1]}])
def test_two_configs_share_the_output_of_one_key(bench: Bench, key: Json) -> None:
    bench.call("first", cache=keyed(key))
    assert bench.call("second", node="m", cache=keyed(key))["output"] == [1, "first"]


@pytest.mark.parametrize(
    "more", [{"cache": keyed("other")}, {"cache": keyed("k", "v")}, {"cache": keyed("k", None)}, {"type": "other"}]
)
def test_a_key_holds_for_one_type_in_one_workflow(bench: Bench, more: dict[str, Any]) -> None:
    bench.call("first", cache=keyed("k"))
    bench.call("first", **({"cache": keyed("k")} | more))
    assert bench.probe.runs == 2


def test_a_key_without_a_value_stands_for_the_whole_config(bench: Bench) -> None:
    bench.call("first", cache=keyed(None))
    assert bench.call("second", cache=keyed(None))["output"] == [2, "second"]
    assert bench.call("second", cache={"ttlSeconds": 60})["output"] == [2, "second"]


def test_failures_are_never_kept(bench: Bench) -> None:
    def fail(_config: ProbeConfig, _context: RunContext) -> Json:
        raise NodeFailure("Http.Status", "it broke")

    bench.probe = Probe(fail)
    for _ in range(2):
        with pytest.raises(StepError):
            bench.call()
    assert bench.probe.runs == 2


class Shelf:
    def keep(self, output: bytes, *, node: str, run_id: str) -> Json:
        return f"{node}{run_id}: {len(output)} bytes"


@pytest.mark.parametrize(("size", "is_kept"), [(OUTPUT_LIMIT_BYTES, True), (OUTPUT_LIMIT_BYTES + 1, False)])
def test_outputs_above_the_limit_are_not_kept(bench: Bench, size: int, is_kept: bool) -> None:
    bench.probe = Probe(lambda _config, _context: "x" * (size - 2))
    event = {"type": "probe", "node": "n", "config": {}, "cache": {"ttlSeconds": 60}}
    cache = OutputCache(lambda: SqliteCache(bench.path), lambda: bench.now)
    first, second = (handle(event, None, {"probe": bench.probe}, Shelf(), cache) for _ in range(2))
    assert bench.probe.runs == (1 if is_kept else 2)
    assert first["output"] == second["output"]
    expected = "cached 0 s ago" if is_kept else "not cached: the output has 245,761 bytes of JSON, at most 245,760"
    console = second["console"]
    assert isinstance(console, list)
    assert str(console[0]).startswith(expected)


def test_text_beyond_ascii_comes_back_as_it_was(bench: Bench) -> None:
    bench.probe = Probe(lambda _config, _context: {"text": "é\u2028\U0001f600", "half": "\ud800"})
    assert bench.call()["output"] == bench.call()["output"] == {"text": "é\u2028\U0001f600", "half": "?"}


def test_a_cache_file_that_is_broken_costs_a_run_and_a_line(bench: Bench) -> None:
    bench.path.write_bytes(b"broken" * 1_000)
    for run in (1, 2):
        result = bench.call()
        assert result["output"] == [run, None]
        [line] = result["console"]
        assert line.startswith("not cached: the cache ")
        assert "file is not a database" in line


@dataclass
class Memory:
    """A store in memory that can refuse to be written."""

    refusal: str | None = None
    entries: dict[CacheKey, CacheEntry] = field(default_factory=dict[CacheKey, CacheEntry])

    def get(self, key: CacheKey, now: float) -> CacheEntry | None:
        entry = self.entries.get(key)
        return entry if entry is not None and entry.expires_at > now else None

    def put(self, key: CacheKey, entry: CacheEntry) -> None:
        if self.refusal:
            raise CacheError(self.refusal)
        self.entries[key] = entry


def test_a_kept_output_that_is_not_json_is_replaced(bench: Bench) -> None:
    bench.store = memory = Memory()
    bench.call()
    [key] = memory.entries
    memory.entries[key] = CacheEntry(b"\xff{", START, START + 60)
    result = bench.call()
    assert result["output"] == [2, None]
    assert result["console"][0].startswith("the cached output is replaced, since it is not JSON")
    assert bench.call()["output"] == [2, None]


def test_a_cache_that_cannot_be_written_costs_a_line(bench: Bench) -> None:
    bench.store = Memory("the table is read-only; allow dynamodb:PutItem")
    assert bench.call() == {
        "output": [1, None],
        "console": ["not cached: the table is read-only; allow dynamodb:PutItem"],
    }


def test_secrets_of_a_config_are_not_in_the_file(bench: Bench) -> None:
    bench.probe = Probe(lambda _config, _context: "public")
    bench.call("s3cret-of-the-config")
    bench.call(cache=keyed("s3cret-of-the-key"))
    assert b"public" in bench.path.read_bytes()
    assert b"s3cret" not in bench.path.read_bytes()


@pytest.mark.parametrize("cache", [{}, {"ttlSeconds": 0}, {"ttlSeconds": "5"}, {"ttlSeconds": 5, "more": 1}, "yes"])
def test_a_request_that_makes_no_sense_is_refused(bench: Bench, cache: Json) -> None:
    with pytest.raises(StepError, match="cache") as caught:
        bench.call(cache=cache)
    assert type(caught.value).__name__ == "Config.Invalid"
    assert bench.probe.runs == 0


def test_the_file_lies_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    steps_settings.cache_clear()
    try:
        event = {"type": "probe", "node": "n", "config": {}, "cache": {"ttlSeconds": 60}}
        handle(event, None, {"probe": Probe()}, cache=OutputCache())
    finally:
        steps_settings.cache_clear()
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["cache.sqlite3"]
