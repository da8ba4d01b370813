from typing import Any

import pytest
from pydantic import ValidationError

from millrace.catalogue import Category, NodeConfig, NodeType, node_types
from millrace.catalogue.reference import describe

from .nodes import lower

CORE = {
    "input", "output", "set", "transform", "conditional", "switch", "loop", "while", "wait", "merge", "variable",
    "filter", "sort", "limit", "aggregate", "split", "dedupe", "echo", "http", "code", "user-input", "approval",
    "subworkflow", "respond", "stop", "note",
}  # fmt: skip

KINDS = pytest.mark.parametrize("kind", node_types().values(), ids=lambda kind: kind.name)


def test_every_core_type_is_found() -> None:
    assert node_types().keys() >= CORE


def test_types_are_in_the_order_of_the_palette() -> None:
    places = [(list(Category).index(kind.category), kind.title) for kind in node_types().values()]
    assert places == sorted(places)


def test_titles_are_told_apart() -> None:
    titles = [kind.title for kind in node_types().values()]
    assert len(titles) == len(set(titles))


@KINDS
def test_a_type_is_described_in_full(kind: NodeType[Any]) -> None:
    assert kind.title
    assert kind.summary.endswith(".")
    assert kind.icon == kind.icon.lower()
    assert issubclass(kind.Config, NodeConfig)
    assert kind.Config.model_config.get("extra") == "forbid"
    undescribed = [name for name, field in kind.Config.model_fields.items() if not field.description]
    assert undescribed == []


@KINDS
def test_a_type_has_examples_that_lower_without_a_problem(kind: NodeType[Any]) -> None:
    assert kind.examples
    for example in kind.examples:
        assert lower(kind.name, **example).reports == ()


@KINDS
def test_an_unknown_field_is_refused(kind: NodeType[Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        kind.Config.model_validate({**kind.examples[0], "unheard-of": 1})
    assert [error["type"] for error in raised.value.errors()] == ["extra_forbidden"]


@KINDS
def test_a_required_field_that_is_missing_is_a_missing_error(kind: NodeType[Any]) -> None:
    required = [field.alias or name for name, field in kind.Config.model_fields.items() if field.is_required()]
    if required:
        with pytest.raises(ValidationError) as raised:
            kind.Config.model_validate({})
        found = [(error["type"], error["loc"]) for error in raised.value.errors()]
        assert found == [("missing", (name,)) for name in required]


@KINDS
def test_a_type_gives_its_ways_on(kind: NodeType[Any]) -> None:
    ports = kind.ports_of(kind.Config.model_validate(kind.examples[0]))
    assert len(ports) == len(set(ports))
    assert describe(kind)["type"] == kind.name
