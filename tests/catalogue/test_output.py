from millrace.catalogue import Result
from millrace.model import Code

from .nodes import evaluate, lower


def test_name_defaults_to_the_node_and_value_to_the_input() -> None:
    result = lower("output").as_a(Result)
    assert (result.name, evaluate(result.value, 5)) == ("this-node", 5)


def test_value_may_be_null_on_purpose() -> None:
    assert lower("output", value=None).as_a(Result).value is None


def test_value_may_hold_expressions() -> None:
    result = lower("output", name="total", value={"n": "${fetch-1.output}"}).as_a(Result)
    assert (result.name, evaluate(result.value, run={"fetch-1": 3})) == ("total", {"n": 3})


def test_name_cannot_be_an_expression() -> None:
    (report,) = lower("output", name="a${inputs.b}").reports
    assert (report.code, report.at) == (Code.INVALID_CONFIG, "name")
