from millrace.catalogue import Value

from .nodes import lower, output


def test_without_a_value_the_input_is_passed_on() -> None:
    assert lower("echo").as_a(Value).passes_input


def test_value_is_given_as_it_is() -> None:
    assert output("echo", {"name": "Ada"}, value={"greeting": "Hello ${input.name}"}) == {"greeting": "Hello Ada"}
