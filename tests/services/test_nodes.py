"""The node types, as the API shows them."""

import pytest

from millrace.catalogue import node_types
from millrace.services.errors import ErrorCode, NotFoundError
from millrace.services.nodes import describe_type, described


def test_every_node_type_is_described() -> None:
    assert [node["type"] for node in described()] == list(node_types())
    assert all(
        {"name", "category", "description", "inputs", "outputs", "config_schema"} <= set(node) for node in described()
    )


def test_one_node_type_is_found_by_its_name() -> None:
    assert describe_type("http")["name"] == "HTTP request"


def test_an_unknown_type_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'http'") as caught:
        describe_type("htp")
    assert caught.value.code is ErrorCode.NODE_TYPE_NOT_FOUND
