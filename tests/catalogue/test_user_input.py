from millrace.catalogue import Function, Task, node_types
from millrace.expressions import Expression
from millrace.model import Code

from .nodes import evaluate, lower


def test_hands_the_form_and_a_task_token_to_people() -> None:
    task = lower("user-input", message="For ${input.who}", schema={"a": {"type": "string"}}).as_a(Task)
    assert task.waits_for_token
    assert (task.function, task.timeout_port, task.result) == (Function.PEOPLE, "timeout", "")
    assert isinstance(task.arguments, dict)
    token = task.arguments.pop("token")
    assert isinstance(token, Expression)
    assert token.render(str) == "$states.context.Task.Token"
    assert evaluate(task.arguments["config"], {"who": "Ada"}) == {
        "message": "For Ada",
        "schema": {"a": {"type": "string"}},
    }
    assert (task.arguments["type"], task.arguments["node"]) == ("user-input", "this-node")


def test_ways_on() -> None:
    assert node_types()["user-input"].ports == ("submitted", "timeout")


def test_a_broken_schema_is_reported() -> None:
    (report,) = lower("user-input", schema={"a": {"type": "txt"}}).reports
    assert (report.code, report.at) == (Code.INVALID_SCHEMA, "schema.a.type")
