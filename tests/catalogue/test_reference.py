import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from millrace.catalogue import node_types
from millrace.catalogue.reference import PAGE, describe, render_page
from millrace.catalogue.schema_problem import problems_of


def test_the_page_is_up_to_date() -> None:
    written = (Path(__file__).parents[2] / PAGE).read_text(encoding="utf-8")
    assert written == render_page(), "run `make docs` and commit docs/nodes.md"


@pytest.mark.parametrize("name", node_types())
def test_a_description_is_json_and_its_schemas_are_schemas(name: str) -> None:
    description = describe(node_types()[name])
    assert json.loads(json.dumps(description)) == description
    for schema in (description["config_schema"], description["output_schema"]):
        assert isinstance(schema, dict)
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", node_types())
def test_every_example_fits_the_config_schema(name: str) -> None:
    kind = node_types()[name]
    schema = kind.Config.model_json_schema(by_alias=True)
    for example in kind.examples:
        assert problems_of(schema, dict(example)) == []


def test_the_description_has_the_members_of_the_api() -> None:
    switch = describe(node_types()["switch"])
    assert switch["outputs"] == [{"name": "default"}, {"name": "error", "when": "onError is branch"}]
    assert switch["dynamic_outputs"] is True
    assert switch["runs"] == {"where": "native"}
    assert describe(node_types()["approval"])["runs"] == {"where": "callback", "function": "people"}
    assert describe(node_types()["http"])["runs"] == {"where": "function", "function": "steps"}
    assert describe(node_types()["note"])["inputs"] == []
    assert describe(node_types()["loop"])["container"] is True
