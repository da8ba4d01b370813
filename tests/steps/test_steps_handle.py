import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from millrace.catalogue import NodeConfig, NodeFailure, NodeType, RunContext
from millrace.catalogue.failure import TRANSIENT_ERRORS
from millrace.model import Json, NodeId
from millrace.steps import OUTPUT_LIMIT_BYTES, StepError, handle, split_message

FUNCTIONS = Path(__file__).parents[2] / "functions"


class ProbeConfig(NodeConfig):
    count: Annotated[int, Field(ge=1)]
    names: list[str] = Field(default_factory=list[str])


class Probe(NodeType[ProbeConfig]):
    name = "probe"
    Config: ClassVar = ProbeConfig

    def __init__(self, action: Callable[[ProbeConfig, RunContext], Json]) -> None:
        self._action = action

    def run(self, config: ProbeConfig, context: RunContext) -> Json:
        return self._action(config, context)


def call(action: Callable[[ProbeConfig, RunContext], Json], config: Json = None, **more: Any) -> dict[str, Json]:
    event = {"type": "probe", "node": "n", "config": {"count": 1} if config is None else config, "input": {"x": 1}}
    return handle(event, None, {"probe": Probe(action)}, **more)


def reported(error: BaseException) -> dict[str, str]:
    """The shape in which Lambda's Python runtime reports an exception."""
    return {"errorType": type(error).__name__, "errorMessage": str(error)}


def test_the_node_gets_its_config_and_its_surroundings() -> None:
    def action(config: ProbeConfig, context: RunContext) -> Json:
        context.console("seen")
        return [config.count, context.node, context.input, context.remaining_seconds()]

    assert call(action) == {"output": [1, "n", {"x": 1}, 60.0], "console": ["seen"]}


def test_the_time_that_is_left_is_lambdas() -> None:
    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 2_500

    event = {"type": "probe", "node": "n", "config": {"count": 1}, "input": None}
    result = handle(event, Context(), {"probe": Probe(lambda _, context: context.remaining_seconds())})
    assert result["output"] == 2.5


def test_every_bad_value_is_named_with_its_field() -> None:
    with pytest.raises(StepError) as caught:
        call(lambda _config, _context: None, {"count": "many", "names": ["a", 5], "extra": True})
    report = reported(caught.value)
    assert report["errorType"] == "Config.Invalid"
    assert "count: " in report["errorMessage"]
    assert "found 'many'" in report["errorMessage"]
    assert "names[1]: " in report["errorMessage"]
    assert "extra: " in report["errorMessage"]


@pytest.mark.parametrize("event", [{}, {"type": "probe"}, {"type": "other", "node": "n", "config": {}}])
def test_an_event_that_names_no_node_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(StepError) as caught:
        handle(event, None, {"probe": Probe(lambda _config, _context: None)})
    assert reported(caught.value)["errorType"] == "Config.Invalid"


@pytest.mark.parametrize("name", TRANSIENT_ERRORS)
def test_a_failure_is_reported_by_its_name(name: str) -> None:
    def action(_config: ProbeConfig, _context: RunContext) -> Json:
        raise NodeFailure(name, "it broke", transient=True)

    with pytest.raises(StepError) as caught:
        call(action)
    assert reported(caught.value) == {"errorType": name, "errorMessage": "it broke"}


def test_a_failure_keeps_the_console_behind_its_message() -> None:
    def action(_config: ProbeConfig, context: RunContext) -> Json:
        context.console("one")
        context.console("two")
        raise NodeFailure("Code.Error", "it broke")

    with pytest.raises(StepError) as caught:
        call(action)
    assert split_message(reported(caught.value)["errorMessage"]) == ("it broke", ["one", "two"])
    assert split_message("plain") == ("plain", [])


@pytest.mark.parametrize("character", ["m", '"', "\n", "\x01", "é"])
def test_a_cause_stays_within_what_step_functions_keeps(character: str) -> None:
    def action(_config: ProbeConfig, context: RunContext) -> Json:
        context.console(character * 100_000)
        raise NodeFailure("Code.Error", character * 100_000)

    with pytest.raises(StepError) as caught:
        call(action)
    assert len(json.dumps(reported(caught.value), ensure_ascii=False)) < 32_768


@pytest.mark.parametrize(("size", "fits"), [(OUTPUT_LIMIT_BYTES - 2, True), (OUTPUT_LIMIT_BYTES - 1, False)])
def test_outputs_up_to_the_limit_are_returned(size: int, fits: bool) -> None:
    if fits:
        assert call(lambda _config, _context: "x" * size)["output"] == "x" * size
        return
    with pytest.raises(StepError) as caught:
        call(lambda _config, _context: "x" * size)
    assert reported(caught.value)["errorType"] == "Output.TooLarge"
    assert "245,761 bytes" in str(caught.value)


def test_the_limit_counts_bytes_and_not_characters() -> None:
    with pytest.raises(StepError):
        call(lambda _config, _context: "é" * (OUTPUT_LIMIT_BYTES // 2))


class Shelf:
    def keep(self, output: bytes, *, node: NodeId, run_id: str) -> Json:
        return {"bytes": len(output), "node": node, "run": run_id}


def test_a_store_takes_what_is_too_large() -> None:
    result = call(lambda _config, _context: "x" * OUTPUT_LIMIT_BYTES, store=Shelf())
    assert result["output"] == {"bytes": OUTPUT_LIMIT_BYTES + 2, "node": "n", "run": ""}


def test_output_and_console_fit_into_a_state_together() -> None:
    def action(_config: ProbeConfig, context: RunContext) -> Json:
        for _ in range(1000):
            context.console("c" * 100)
        return "x" * (OUTPUT_LIMIT_BYTES - 2)

    assert len(json.dumps(call(action)).encode()) < 252 * 1024


@pytest.mark.parametrize("output", [float("nan"), {1, 2}, object()])
def test_outputs_that_are_not_json_are_refused(output: Any) -> None:
    with pytest.raises(StepError) as caught:
        call(lambda _config, _context: output)
    assert reported(caught.value)["errorType"] == "Output.Invalid"


def test_outputs_that_nest_too_deeply_are_refused() -> None:
    nested: Json = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(StepError) as caught:
        call(lambda _config, _context: nested)
    assert reported(caught.value)["errorType"] == "Output.Invalid"


def test_halves_of_surrogate_pairs_are_replaced() -> None:
    assert call(lambda _config, _context: {"t": "a\ud800b"})["output"] == {"t": "a?b"}


def _handler(function: str) -> Callable[[Any, Any], dict[str, Any]]:
    spec = importlib.util.spec_from_file_location(f"{function}_app", FUNCTIONS / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


def test_the_code_function_runs_code() -> None:
    event = {
        "type": "code",
        "node": "n",
        "config": {"source": "console.log('hi'); return inputs.a", "inputs": {"a": 1}},
        "input": None,
    }
    assert _handler("code")(event, None) == {"output": 1, "console": ["hi"]}


def test_the_steps_function_runs_jmespath() -> None:
    event = {
        "type": "transform",
        "node": "n",
        "config": {"language": "jmespath", "expression": "a[0]", "input": {"a": [7]}},
    }
    assert _handler("steps")(event, None) == {"output": 7, "console": []}


def test_code_that_fails_is_reported_in_lambdas_shape() -> None:
    event = {
        "type": "code",
        "node": "n",
        "config": {"source": "console.log('hi');\nthrow new Error('no')"},
        "input": None,
    }
    with pytest.raises(StepError) as caught:
        _handler("code")(event, None)
    assert reported(caught.value) == {
        "errorType": "Code.Error",
        "errorMessage": "Error: no (line 2, column 11: throw new Error('no'))\n\nConsole output:\nhi",
    }


def test_the_handlers_load_nothing_that_only_some_nodes_need() -> None:
    heavy = ["httpx", "httpcore", "pydantic_monty", "_quickjs", "jmespath", "pydantic_settings", "sqlite3"]
    folder = str(FUNCTIONS / "steps")
    script = f"import sys; sys.path.insert(0, {folder!r}); import app; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
