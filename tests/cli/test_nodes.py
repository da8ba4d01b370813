"""`millrace nodes`."""

import pytest

from millrace.catalogue import node_types
from tests.cli.command_line import call


def test_every_type_is_listed_with_its_summary() -> None:
    called = call("nodes")
    assert called.code == 0
    for name, kind in node_types().items():
        assert name in called.out
        assert kind.summary in called.out


def test_catalogue_is_given_as_json() -> None:
    described = call("nodes", "--json").json
    assert [kind["type"] for kind in described] == list(node_types())
    assert all(kind["config_schema"]["type"] == "object" for kind in described)


@pytest.mark.parametrize("name", list(node_types()))
def test_each_type_is_described(name: str) -> None:
    called = call("nodes", name)
    assert called.code == 0
    assert f"({name})" in called.out
    assert call("nodes", name, "--json").json["type"] == name


def test_unknown_type_suggests_the_nearest() -> None:
    called = call("nodes", "swich")
    assert called.code == 1
    assert "did you mean 'switch'?" in called.err
