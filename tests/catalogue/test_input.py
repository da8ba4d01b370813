from millrace.catalogue import Value
from millrace.catalogue.input import Input, InputConfig
from millrace.expressions import ReferenceKind, reference
from millrace.model import Code

from .nodes import lower, output


def test_output_is_the_inputs_of_the_run() -> None:
    assert lower("input", schema={"city": {"type": "string"}}).as_a(Value).value == reference(ReferenceKind.INPUTS)


def test_schema_may_be_left_out() -> None:
    assert output("input", None, run={"": {"city": "Bonn"}}) == {"city": "Bonn"}


def test_every_fault_of_the_schema_is_reported_at_its_field() -> None:
    reports = lower("input", schema={"a": {"type": "strng"}, "b": 3, "c": {"required": "yes"}}).reports
    assert {(report.code, report.at) for report in reports} == {
        (Code.INVALID_SCHEMA, "schema.a.type"),
        (Code.INVALID_SCHEMA, "schema.b"),
        (Code.INVALID_SCHEMA, "schema.c.required"),
    }
    assert "Did you mean 'string'?" in [report.remedy for report in reports]


def test_settings_are_spelled_as_in_the_document() -> None:
    config = InputConfig.model_validate({"schema": {"a": {"type": "string"}}})
    assert Input().settings(config) == {"schema": {"a": {"type": "string"}}}
