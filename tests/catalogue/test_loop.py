import pytest

from millrace.catalogue import Each
from millrace.model import Json

from .nodes import evaluate, lower


@pytest.mark.parametrize(("given", "items"), [([1, 2], [1, 2]), (None, []), ({"a": 1}, [{"a": 1}]), ([], [])])
def test_items_become_a_list(given: Json, items: Json) -> None:
    assert evaluate(lower("loop").as_a(Each).items, given) == items
    assert evaluate(lower("loop", items="${fetch-1.output}").as_a(Each).items, run={"fetch-1": given}) == items


def test_defaults_stop_at_the_first_failure_and_collect_the_sinks() -> None:
    loop = lower("loop").as_a(Each)
    assert (loop.concurrency, loop.collect, loop.skip_failed) == (10, None, False)


def test_collect_and_continue() -> None:
    loop = lower("loop", items=[1], onItemError="continue", collect={"n": "${loop.item}"}).as_a(Each)
    assert loop.skip_failed
    assert loop.items == [1]
    assert evaluate(loop.collect, run={"loop": 7}) == {"n": 7}


def test_text_is_no_list() -> None:
    assert [report.at for report in lower("loop", items="a ${inputs.b}").reports] == ["items"]
