from millrace.catalogue import Repeat, node_types

from .nodes import evaluate, lower


def test_repeats_while_its_condition_holds() -> None:
    repeat = lower("while", condition="${vars.tries < 3}").as_a(Repeat)
    assert (repeat.limit, repeat.collect) == (100, None)
    assert evaluate(repeat.condition, run={"tries": 2}) is True
    assert evaluate(repeat.condition, run={"tries": 3}) is False


def test_condition_may_be_a_rule() -> None:
    repeat = lower("while", condition={"left": "${vars.next}", "operator": "exists"}, maxIterations=5).as_a(Repeat)
    assert repeat.limit == 5
    assert [evaluate(repeat.condition, run={"next": value}) for value in (None, "p2")] == [False, True]


def test_collects_one_value_for_each_iteration() -> None:
    repeat = lower("while", condition=True, collect="${page.output.items}").as_a(Repeat)
    assert evaluate(repeat.collect, run={"page": {"items": [1]}}) == [1]


def test_is_a_container() -> None:
    assert node_types()["while"].is_container
