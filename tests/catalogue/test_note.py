from millrace.catalogue import Nothing, node_types

from .nodes import lower


def test_becomes_nothing_and_takes_no_edges() -> None:
    lower("note", text="Prices are net.").as_a(Nothing)
    assert not node_types()["note"].takes_edges
