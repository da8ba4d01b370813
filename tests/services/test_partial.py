"""Partial runs, compiled and run by the engine in this process."""

import asyncio
from typing import Any

import pytest

from millrace.catalogue import LAMBDA_INVOKE
from millrace.compiler import CompileContext, compile_document
from millrace.engine import FunctionTasks, Runner, Status, TaskRoutes
from millrace.model import Json, NodeId
from millrace.services.errors import InvalidRequestError, NotFoundError
from millrace.services.partial import Extent, Known, Part, part_of


def document(nodes: dict[str, tuple[str, dict[str, Any]]], *edges: str) -> dict[str, Json]:
    """Write a document; an edge is "source>target" or "source.port>target", a node "inner@container" lies inside."""
    return {
        "name": "Partial",
        "nodes": {
            name.partition("@")[0]: {
                "id": name.partition("@")[0],
                "type": kind,
                "data": dict(data),
                **({"parentId": name.partition("@")[2]} if "@" in name else {}),
            }
            for name, (kind, data) in nodes.items()
        },
        "edges": [
            {
                "source": edge.partition(">")[0].partition(".")[0],
                "target": edge.partition(">")[2],
                "sourceHandle": edge.partition(">")[0].partition(".")[2] or "out",
            }
            for edge in edges
        ],
    }


def known(skipped: tuple[str, ...] = (), **outputs: Json) -> Known:
    return Known({NodeId(node): output for node, output in outputs.items()}, frozenset(map(NodeId, skipped)))


def run(part: Part, inputs: Json = None) -> tuple[Json, list[str]]:
    """Run a part; give its outputs, and the nodes that functions ran."""
    compilation = compile_document(part.document, CompileContext(pins=part.pins))
    assert compilation.definition is not None, [found.message for found in compilation.diagnostics]
    called: list[str] = []

    def steps(event: Any) -> Json:
        called.append(event["node"])
        return {"output": {"from": event["node"], "input": event["config"]["body"]}, "console": []}

    routes = TaskRoutes({LAMBDA_INVOKE: FunctionTasks({"millrace-steps": steps, "millrace-code": steps})})
    given: Json = {"inputs": inputs or {}, "trigger": None}
    result = asyncio.run(Runner().run(compilation.definition, given, tasks=routes))
    assert result.status is Status.SUCCEEDED, result.cause
    return result.output, called


STEP = {"method": "POST", "url": "https://example.com", "body": "${input}"}
CHAIN = document(
    {
        "a": ("http", STEP),
        "b": ("http", STEP),
        "c": ("http", {**STEP, "query": {"x": "${a.output.x}"}}),
        "d": ("http", STEP),
        "out": ("output", {"value": "${d.output.from}"}),
    },
    "a>b",
    "b>c",
    "c>d",
    "d>out",
)


def test_one_node_runs_alone_on_the_outputs_of_an_earlier_run() -> None:
    part = part_of(CHAIN, Extent.NODE, NodeId("c"), known(a={"x": 1}, b={"y": 2}))
    assert (part.runs, part.reused) == (("c",), ("a", "b"))
    assert run(part) == ({"c": {"from": "c", "input": {"y": 2}}}, ["c"])


def test_one_node_names_every_output_that_it_misses() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        part_of(CHAIN, Extent.NODE, NodeId("c"), known())
    assert [fault.field for fault in caught.value.faults] == ["pins.a", "pins.b"]


def test_up_to_a_node_runs_everything_before_it() -> None:
    part = part_of(CHAIN, Extent.UP_TO, NodeId("c"), known())
    outputs, called = run(part)
    assert called == ["a", "b", "c"]
    assert outputs == {"c": {"from": "c", "input": {"from": "b", "input": {"from": "a", "input": {}}}}}


def test_up_to_a_node_stops_at_known_outputs() -> None:
    part = part_of(CHAIN, Extent.UP_TO, NodeId("d"), known(c=7))
    assert (part.runs, part.reused) == (("d",), ("c",))
    assert run(part) == ({"d": {"from": "d", "input": 7}}, ["d"])


def test_from_a_node_runs_it_and_what_follows() -> None:
    part = part_of(CHAIN, Extent.FROM, NodeId("c"), known(a={"x": 1}, b=2, c=3, d=4))
    assert (part.runs, part.reused) == (("c", "d", "out"), ("a", "b"))
    assert run(part) == ({"out": "d"}, ["c", "d"])


def test_from_a_node_runs_what_it_needs_and_nobody_knows() -> None:
    part = part_of(CHAIN, Extent.FROM, NodeId("d"), known(b=2))
    assert part.reused == ("b",)
    assert set(part.runs) == {"a", "c", "d", "out"}
    assert sorted(run(part)[1]) == ["a", "c", "d"]


def test_outputs_that_the_document_pins_are_known() -> None:
    pinned = document({"a": ("http", {**STEP, "pinned": {"x": 5}}), "c": ("http", STEP)}, "a>c")
    part = part_of(pinned, Extent.NODE, NodeId("c"), known())
    assert part.pins == {"a": {"x": 5}}
    assert run(part) == ({"c": {"from": "c", "input": {"x": 5}}}, ["c"])


BRANCHES = document(
    {
        "pick": ("conditional", {"condition": "${inputs.left}"}),
        "left": ("http", STEP),
        "right": ("http", STEP),
        "join": ("merge", {"mode": "object"}),
        "after": ("set", {"fields": {"l": "${left.output}", "r": "${right.output}"}}),
    },
    "pick.true>left",
    "pick.false>right",
    "left>join",
    "right>join",
    "join>after",
)


def test_one_node_sees_a_skipped_branch_as_the_run_left_it() -> None:
    part = part_of(BRANCHES, Extent.NODE, NodeId("join"), known(("right",), pick={}, left=1))
    assert run(part) == ({"join": {"left": 1}}, [])


def test_one_node_reads_null_of_a_skipped_node() -> None:
    part = part_of(BRANCHES, Extent.NODE, NodeId("after"), known(("right",), pick={}, left=1, join={"left": 1}))
    assert run(part) == ({"after": {"l": 1, "r": None}}, [])


def test_one_node_runs_behind_the_way_that_was_not_taken() -> None:
    part = part_of(BRANCHES, Extent.NODE, NodeId("right"), known(("right",), pick={"k": 1}, left=1))
    assert run(part) == ({"right": {"from": "right", "input": {"k": 1}}}, ["right"])


def test_up_to_a_join_decides_again_and_takes_known_outputs() -> None:
    part = part_of(BRANCHES, Extent.UP_TO, NodeId("join"), known(left=1))
    assert part.runs == ("pick", "right", "join")
    assert run(part, {"left": True}) == ({"join": {"left": 1}}, [])


def test_variables_are_written_again_for_a_node_that_reads_them() -> None:
    flow = document(
        {
            "start": ("http", STEP),
            "first": ("variable", {"operation": "set", "name": "n", "value": "${start.output.from}"}),
            "second": ("variable", {"operation": "append", "name": "n", "value": "more"}),
            "slow": ("http", STEP),
            "read": ("set", {"fields": {"n": "${vars.n}"}}),
        },
        "start>first",
        "first>second",
        "second>slow",
        "slow>read",
    )
    part = part_of(flow, Extent.NODE, NodeId("read"), known(start={"from": "earlier"}, slow=2))
    assert part.runs == ("first", "second", "read")
    assert run(part) == ({"read": {"n": ["earlier", "more"]}}, [])


def test_an_approval_goes_on_as_it_was_decided() -> None:
    flow = document(
        {
            "ask": ("approval", {"message": "Go?"}),
            "yes": ("http", STEP),
            "no": ("http", STEP),
            "end": ("merge", {"mode": "object"}),
        },
        "ask.approved>yes",
        "ask.rejected>no",
        "yes>end",
        "no>end",
    )
    part = part_of(flow, Extent.UP_TO, NodeId("end"), known(ask={"decision": "rejected"}))
    assert part.reused == ("ask",)
    assert run(part)[1] == ["no"]


def test_a_loop_runs_with_its_body_and_what_the_body_reads() -> None:
    flow = document(
        {
            "list": ("http", STEP),
            "rate": ("http", STEP),
            "each": ("loop", {"items": "${list.output}"}),
            "body@each": ("set", {"fields": {"v": "${each.item * rate.output}"}}),
        },
        "list>each",
        "rate>list",
    )
    part = part_of(flow, Extent.NODE, NodeId("each"), known(list=[1, 2], rate=10))
    outputs, called = run(part)
    assert called == []
    assert outputs == {"each": {"results": [{"v": 10}, {"v": 20}], "errors": []}}


def test_a_known_loop_stands_in_without_its_body() -> None:
    flow = document(
        {
            "each": ("loop", {"items": [1]}),
            "body@each": ("http", STEP),
            "after": ("set", {"fields": {"n": "${$count(each.output.results)}"}}),
        },
        "each>after",
    )
    part = part_of(flow, Extent.NODE, NodeId("after"), known(each={"results": [1, 2], "errors": []}))
    assert run(part) == ({"after": {"n": 2}}, [])


def test_inputs_are_read_by_an_input_node_that_runs() -> None:
    flow = document(
        {"in": ("input", {"schema": {"x": {"type": "number"}}}), "b": ("set", {"fields": {"x": "${inputs.x}"}})}, "in>b"
    )
    assert run(part_of(flow, Extent.NODE, NodeId("b"), known()), {"x": 3}) == ({"b": {"x": 3}}, [])


def test_nodes_inside_containers_are_refused_with_the_container_to_run() -> None:
    flow = document({"each": ("loop", {"items": [1]}), "body@each": ("http", STEP)})
    with pytest.raises(InvalidRequestError, match="run 'each'"):
        part_of(flow, Extent.NODE, NodeId("body"), known())


def test_unknown_nodes_are_not_found() -> None:
    with pytest.raises(NotFoundError):
        part_of(CHAIN, Extent.NODE, NodeId("zzz"), known())


def test_mistakes_elsewhere_do_not_keep_a_node_from_running() -> None:
    flow = document({"a": ("http", {}), "b": ("http", STEP), "z": ("http", {"url": "${nowhere.output}"})}, "a>b", "b>z")
    assert run(part_of(flow, Extent.NODE, NodeId("b"), known(a=1))) == ({"b": {"from": "b", "input": 1}}, ["b"])


def test_one_node_runs_behind_a_decision_that_went_another_way() -> None:
    flow = document({"ask": ("approval", {"message": "${in.output}"}), "no": ("http", STEP)}, "ask.rejected>no")
    part = part_of(flow, Extent.NODE, NodeId("no"), known(ask={"decision": "approved"}))
    assert run(part)[1] == ["no"]


def test_a_known_approval_needs_nothing_of_what_it_asked_about() -> None:
    flow = document(
        {
            "a": ("http", STEP),
            "ask": ("approval", {"message": "${a.output.from}"}),
            "yes": ("http", STEP),
            "end": ("merge", {"mode": "first"}),
        },
        "a>ask",
        "ask.approved>yes",
        "yes>end",
    )
    part = part_of(flow, Extent.UP_TO, NodeId("end"), known(ask={"decision": "approved"}))
    assert run(part)[1] == ["yes"]


def test_a_disabled_decision_stands_in_for_the_way_that_it_takes() -> None:
    flow = document(
        {
            "pick": ("conditional", {"condition": "${inputs.x}", "disabled": True}),
            "yes": ("http", STEP),
            "no": ("http", STEP),
            "end": ("merge", {"mode": "object"}),
        },
        "pick.true>yes",
        "pick.false>no",
        "yes>end",
        "no>end",
    )
    assert run(part_of(flow, Extent.UP_TO, NodeId("end"), known(pick=1)))[1] == ["yes"]
