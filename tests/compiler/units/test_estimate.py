"""What a run is expected to cost and how long it takes, against what a run does."""

from datetime import date
from typing import Any

import pytest

from millrace.compiler import Estimate
from millrace.compiler.estimate import prices

from .drawing import Document, chain, code, document, node
from .execution import compiled, entered


def _estimate(drawn: Document) -> Estimate:
    found = compiled(drawn).estimate
    assert found is not None
    return found


def _decided(*ways: str, **more: Any) -> Document:
    nodes = {"c": node("conditional", condition="${inputs.n > 1}"), "t": code(1), "f": code(2), "z": code(3), **more}
    used = {stop.strip().partition(":")[0] for way in ways for stop in way.split(">")}
    return document({key: drawn for key, drawn in nodes.items() if key in used}, ways)


def _switch(*ways: str) -> Document:
    cases = [{"equals": 1, "handle": "one"}, {"equals": 2, "handle": "two"}]
    nodes = {"s": node("switch", value="${inputs.n}", cases=cases), "a": code(1), "b": code(2), "z": code(3)}
    return document(nodes, ways)


def _loop(*body: str, **data: Any) -> Document:
    nodes = {"l": node("loop", **{"items": [1, 2, 3]} | data)} | {each: code("${l.item}", "l") for each in body}
    return document(nodes, chain(*body))


@pytest.mark.parametrize(
    ("drawn", "runs"),
    [
        (document({"a": code(1), "b": code(2), "c": code(3)}, chain("a", "b", "c")), (0,)),
        (
            document({"a": node("set", fields={"v": 1}), "b": node("set", fields={"w": "${a.output.v}"})}, ["a > b"]),
            (0,),
        ),
        (_decided("c:true > t", "c:false > f"), (1, 2)),
        (_decided("c:true > t > z", "c:false > z"), (1, 2)),
        (_decided("c:true > t > z", "c:false > f > z"), (1, 2)),
        (_decided("c:true > t"), (1, 2)),
        (_switch("s:one > a > z", "s:two > a", "s:default > b > z"), (1, 2, 3)),
        (_switch("s:one > a > z", "s:two > b > z", "s:default > z"), (1, 2, 3)),
        (_loop("b"), (0,)),
        (_loop("b", "d"), (0,)),
        (_loop("b", items=[]), (0,)),
        (_loop("b", onItemError="continue"), (0,)),
        (_loop("b", "d", onItemError="continue"), (0,)),
        (_loop("b", collect="${$number(b.output.v)}"), (0,)),
        (document({"w": node("while", condition=True, maxIterations=3), "b": code(1, "w")}), (0,)),
        (document({"a": code(1), "b": code(2), "c": code(3), "d": code(4)}, ["a > b > d", "a > c > d"]), (0,)),
        (
            document(
                {"a": node("set", fields={"v": "${$number(inputs.n)}"}, onError="continue"), "b": code(1)}, ["a > b"]
            ),
            (1,),
        ),
        (document({"a": node("wait", seconds=30), "b": code(1)}, ["a > b"]), (0,)),
        (document({"a": node("sort", items=[2, 1]), "o": node("output", value="${a.output}")}, ["a > o"]), (0,)),
    ],
    ids=(
        *("chain", "native chain", "if else", "if with join", "if else with join", "if without else"),
        *("switch with a shared way", "switch with a way past", "loop", "loop of two", "loop of nothing"),
        *("loop that skips failures", "loop of two that skips failures", "loop with a state to collect"),
        *("while", "fork and join", "caught native node", "wait", "costly value that is read"),
    ),
)
def test_transitions_are_the_states_that_a_run_enters_on_the_average_of_its_ways(
    drawn: Document, runs: tuple[int, ...]
) -> None:
    compilation = compiled(drawn)
    assert compilation.estimate is not None
    counts = [len(entered(compilation, {"n": number})) for number in runs]
    assert compilation.estimate.transitions == pytest.approx(sum(counts) / len(runs))


def test_a_loop_over_what_only_the_run_knows_counts_ten_items() -> None:
    known = _estimate(_loop("b", items=list(range(10))))
    assert _estimate(_loop("b", items="${inputs.items}")).transitions == known.transitions


def test_a_while_counts_at_most_its_iterations_and_what_follows_it() -> None:
    nodes = {
        "w": node("while", condition="${w.index < 9}", maxIterations=4, onError="branch"),
        "b": code(1, "w"),
        "t": code(2),
    }
    found = _estimate(document(nodes | {"h": code(3)}, ["w > t", "w:error > h"]))
    assert found.lambda_invocations == pytest.approx(4 + 1)
    assert found.transitions == pytest.approx(4 + 4 * 3 + 1)
    assert found.critical_path[0] == "b"
    assert found.critical_path[-1] in {"t", "h"}


def test_lambda_calls_are_weighted_by_the_chances_of_their_ways() -> None:
    assert _estimate(_decided("c:true > t > z", "c:false > z")).lambda_invocations == pytest.approx(1.5)
    assert _estimate(_switch("s:one > a > z", "s:two > a", "s:default > b > z")).lambda_invocations == pytest.approx(2)
    assert _estimate(_loop("b", "d")).lambda_invocations == 6
    assert _estimate(document({"a": node("set", fields={"v": 1})})).lambda_invocations == 0


def test_lambda_seconds_are_billed_by_the_functions_memory() -> None:
    found = _estimate(
        document({"a": code(1), "h": node("http", url="https://example.com")}, expectedSeconds={"a": 2, "h": 3})
    )
    assert found.lambda_gb_seconds == pytest.approx(2 * 1.0 + 3 * 0.5)


def test_a_person_who_takes_a_day_costs_no_day_of_lambda() -> None:
    found = _estimate(document({"a": node("approval", message="m")}, expectedSeconds={"a": 86_400}))
    assert found.seconds == 86_400
    assert found.lambda_gb_seconds < 1


def test_the_critical_path_is_the_longest_way_through_the_expected_seconds() -> None:
    nodes = {"a": code(1), "b": code(2), "c": code(3), "d": code(4)}
    expected = {"a": 1, "b": 2, "c": 5, "d": 0.5}
    found = _estimate(document(nodes, ["a > b > d", "a > c > d"], expectedSeconds=expected))
    assert found.critical_path == ("a", "c", "d")
    assert found.seconds == pytest.approx(6.5)
    swapped = _estimate(document(nodes, ["a > b > d", "a > c > d"], expectedSeconds=expected | {"b": 9}))
    assert swapped.critical_path == ("a", "b", "d")


def test_a_decision_counts_its_longest_way_for_the_time() -> None:
    drawn = _decided("c:true > t > z", "c:false > f > z")
    drawn["settings"] = {"expectedSeconds": {"t": 1, "f": 4, "z": 2}}
    found = _estimate(drawn)
    assert (found.critical_path, found.seconds) == (("f", "z"), pytest.approx(6))


@pytest.mark.parametrize(("concurrency", "seconds"), [(1, 12), (2, 6), (6, 2), (40, 2)])
def test_a_loop_takes_as_long_as_its_rounds(concurrency: int, seconds: float) -> None:
    drawn = _loop("b", items=[1, 2, 3, 4, 5, 6], concurrency=concurrency)
    drawn["settings"] = {"expectedSeconds": {"b": 2}}
    assert _estimate(drawn).seconds == pytest.approx(seconds)


def test_a_wait_takes_its_seconds() -> None:
    found = _estimate(document({"a": node("wait", seconds=30)}))
    assert (found.seconds, found.critical_path) == (30, ("a",))


def test_a_standard_run_is_paid_by_its_transitions() -> None:
    table, found = (
        prices(),
        _estimate(document({"a": code(1), "b": code(2)}, ["a > b"], expectedSeconds={"a": 1, "b": 1})),
    )
    expected = 2 * table["stepFunctionsStandardTransition"] + 2 * table["lambdaRequest"] + 2 * table["lambdaGbSecond"]
    assert found.usd == pytest.approx(expected)


def test_an_express_run_is_paid_by_its_time() -> None:
    drawn = document({"a": code(1), "b": code(2)}, ["a > b"], expectedSeconds={"a": 1, "b": 1}, execution="express")
    table, found = prices(), _estimate(drawn)
    expected = table["stepFunctionsExpressRequest"] + 2 * 64 / 1024 * table["stepFunctionsExpressGbSecond"]
    assert found.usd == pytest.approx(expected + 2 * table["lambdaRequest"] + 2 * table["lambdaGbSecond"])


def test_the_price_table_has_a_date_a_region_and_its_sources() -> None:
    table = prices()
    assert date.fromisoformat(table["asOf"]).year >= 2025
    assert (table["region"], table["currency"]) == ("us-east-1", "USD")
    assert all(source.startswith("https://aws.amazon.com/") for source in table["sources"].values())
    assert set(table["sources"]) == {"stepFunctions", "lambda", "fargate"}
    assert all(value > 0 for value in table.values() if isinstance(value, float))


def test_the_estimate_is_shown_with_the_date_of_its_prices() -> None:
    shown = _estimate(document({"a": code(1)}, expectedSeconds={"a": 2})).to_json()
    assert shown["pricesAsOf"] == prices()["asOf"]
    assert shown["transitions"] == 1
    assert shown["criticalPath"] == ["a"]
    assert shown["criticalPathSeconds"] == 2
    assert shown["usdPer1000Runs"] == pytest.approx(1000 * (0.000025 + 0.0000002 + 2 * 0.0000133334), abs=1e-6)
