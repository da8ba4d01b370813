import pytest

from millrace.catalogue import Gather

from .nodes import lower


@pytest.mark.parametrize("mode", ["object", "array", "first"])
def test_gathers_in_its_mode(mode: str) -> None:
    assert lower("merge", mode=mode).as_a(Gather).mode == mode


def test_gathers_an_object_by_default() -> None:
    assert lower("merge").as_a(Gather).mode == "object"
