from typing import Any

import pytest
from pydantic import ValidationError

from millrace.catalogue import NodeFailure, RunContext
from millrace.catalogue.code import Code, CodeConfig
from millrace.catalogue.lowering import Task
from millrace.catalogue.node import Function
from millrace.model import NodeId

from .nodes import evaluate, lower


def run(console: list[str] | None = None, /, **data: Any) -> Any:
    lines = [] if console is None else console
    return Code().run(CodeConfig.model_validate(data), RunContext(NodeId("n"), console=lines.append))


@pytest.mark.parametrize(
    ("language", "source"), [("javascript", "return a + inputs.b"), ("python", "return a + inputs['b']")]
)
def test_both_languages_see_their_inputs(language: str, source: str) -> None:
    assert run(language=language, source=source, inputs={"a": 1, "b": 2}) == 3


@pytest.mark.parametrize(("language", "source"), [("javascript", "console.log('x')"), ("python", "print('x')")])
def test_console_output_goes_to_the_run(language: str, source: str) -> None:
    console: list[str] = []
    assert run(console, language=language, source=source) is None
    assert console == ["x"]


@pytest.mark.parametrize(("language", "source"), [("javascript", "let a;\na.b"), ("python", "a = None\na.b")])
def test_a_failure_says_where_in_the_source(language: str, source: str) -> None:
    with pytest.raises(NodeFailure) as caught:
        run(language=language, source=source)
    assert caught.value.error == "Code.Error"
    assert caught.value.details is not None
    assert caught.value.details["line"] == 2
    assert "line 2" in caught.value.message


def test_time_and_memory_are_bounded_by_the_config() -> None:
    with pytest.raises(NodeFailure) as caught:
        run(source="for (;;);", timeoutSeconds=1)
    assert caught.value.error == "Code.Timeout"
    with pytest.raises(NodeFailure) as caught:
        run(source="return 'x'.repeat(9e6).length", memoryMegabytes=8)
    assert caught.value.error == "Code.Memory"
    assert run(source="return 'x'.repeat(9e6).length") == 9_000_000


@pytest.mark.parametrize("name", ["a-b", "1a", "", "class", "lambda", "await", "inputs", "__x", "é", "a\n", "this"])
def test_inputs_need_the_names_of_variables(name: str) -> None:
    with pytest.raises(ValidationError, match=r"variable|meaning of its own"):
        CodeConfig.model_validate({"source": "return 1", "inputs": {name: 1}})


def test_the_source_is_no_template_and_the_inputs_are() -> None:
    source = "return `${order.id} ${`x`}`"
    task = lower("code", source=source, inputs={"order": "${fetch-1.output}"}, timeoutSeconds=3).as_a(Task)
    assert task.function is Function.CODE
    resolved = evaluate(task.arguments, None, {"fetch-1": {"id": 7}})
    assert resolved["config"] == {"source": source, "inputs": {"order": {"id": 7}}, "timeoutSeconds": 3}
    assert run(**resolved["config"]) == "7 x"
