"""Malformed and hostile documents, made the same each time, by family."""

import itertools
import json
import math
from collections.abc import Callable, Iterator
from typing import Any, Final

Made = tuple[str, Callable[[], Any]]
"""A document's name, and what makes it: the large ones exist only while they are looked at."""

ODD_VALUES: Final[tuple[tuple[str, Any], ...]] = (
    ("null", None),
    ("true", True),
    ("zero", 0),
    ("minus one", -1),
    ("a huge number", 10**400),
    ("a tiny float", 5e-324),
    ("NaN", math.nan),
    ("infinity", math.inf),
    ("empty text", ""),
    ("blank text", " \t\n"),
    ("NUL", "\0"),
    ("a lone surrogate", "\ud800"),
    ("text right to left", "\u202eabc\u2066"),
    ("an open template", "${"),
    ("a list", []),
    ("a list in lists", [[[]]]),
    ("an object", {}),
    ("an odd key", {"__proto__": {"constructor": 1}, "\0": 1, "": 2}),
)

PLACES: Final[tuple[tuple[str, tuple[Any, ...]], ...]] = (
    ("name", ("name",)),
    ("description", ("description",)),
    ("nodes", ("nodes",)),
    ("a node", ("nodes", "a")),
    ("a node's id", ("nodes", "a", "id")),
    ("a node's type", ("nodes", "a", "type")),
    ("a node's position", ("nodes", "a", "position")),
    ("a node's parent", ("nodes", "a", "parentId")),
    ("a node's data", ("nodes", "a", "data")),
    ("a label", ("nodes", "a", "data", "label")),
    ("onError", ("nodes", "a", "data", "onError")),
    ("retry", ("nodes", "a", "data", "retry")),
    ("a pin", ("nodes", "a", "data", "pinned")),
    ("fields", ("nodes", "a", "data", "fields")),
    ("a field", ("nodes", "a", "data", "fields", "v")),
    ("items", ("nodes", "l", "data", "items")),
    ("concurrency", ("nodes", "l", "data", "concurrency")),
    ("edges", ("edges",)),
    ("an edge", ("edges", 0)),
    ("an edge's id", ("edges", 0, "id")),
    ("an edge's source", ("edges", 0, "source")),
    ("an edge's port", ("edges", 0, "sourceHandle")),
    ("settings", ("settings",)),
    ("the execution", ("settings", "execution")),
    ("the time-out", ("settings", "timeoutSeconds")),
    ("expected seconds", ("settings", "expectedSeconds")),
    ("one node's expected seconds", ("settings", "expectedSeconds", "a")),
)

EXPRESSIONS: Final[tuple[tuple[str, Callable[[], str]], ...]] = (
    ("brackets without end", lambda: "${" + "(" * 50_000),
    ("nested brackets", lambda: "${" + "(" * 5_000 + "1" + ")" * 5_000 + "}"),
    ("nested arrays", lambda: "${" + "[" * 3_000 + "1" + "]" * 3_000 + "}"),
    ("nested objects", lambda: "${" + "{'a': " * 3_000 + "1" + "}" * 3_000 + "}"),
    ("nested functions", lambda: "${" + "function($x) { " * 2_000 + "1" + " }" * 2_000 + "}"),
    ("a sum of 50,000", lambda: "${" + "1 + " * 50_000 + "1}"),
    ("signs", lambda: "${" + "-" * 20_000 + "1}"),
    ("choices in choices", lambda: "${" + "true ? " * 3_000 + "1" + " : 2" * 3_000 + "}"),
    ("a path of 50,000 steps", lambda: "${input" + ".a" * 50_000 + "}"),
    ("predicates", lambda: "${input" + "[0]" * 20_000 + "}"),
    ("5,000 expressions", lambda: "${a.output.v}" * 5_000),
    ("5,000 unknown nodes", lambda: "${b.output.v}" * 5_000),
    ("5,000 openings", lambda: "${" * 5_000),
    ("5,000 closings", lambda: "}" * 5_000),
    ("5,000 escapes", lambda: "$${" * 5_000),
    ("dollar signs", lambda: "$" * 100_000 + "{1}"),
    ("text without end", lambda: "${'" + "a" * 100_000),
    ("a comment without end", lambda: "${/* " + "*" * 100_000),
    ("a regular expression without end", lambda: "${/" + "(" * 10_000),
    ("a regular expression that backtracks", lambda: "${$match(inputs.x, /(a+)+$/)}"),
    ("a quoted name without end", lambda: "${`" + "a" * 100_000),
    ("a long name", lambda: "${" + "a" * 100_000 + "}"),
    ("a long hyphenated name", lambda: "${" + "a-" * 50_000 + "a.output}"),
    ("an endless recursion", lambda: "${($f := function($n) { $f($n) }; $f(1))}"),
    ("an endless list", lambda: "${[1..10000000]}"),
    ("a bomb of lists", lambda: "${($a := [1..1000]; $a.($a.($a)))}"),
    ("NUL", lambda: "${\0}"),
    ("a lone surrogate", lambda: "${'\ud800' & \ud800}"),
    ("emoji", lambda: "${\U0001f600.output}"),
    ("marks of the Amazon States Language", lambda: "${'%}'} {% $states.input %}"),
    ("eval", lambda: "${$eval('1')}"),
    ("a number too large", lambda: "${1e999}"),
    ("10 MB", lambda: "${" + "a" * 10_000_000 + "}"),
    ("10 MB of plain text", lambda: "a" * 10_000_000),
)


def node(node_id: str, kind: str = "set", parent: str | None = None, **data: Any) -> dict[str, Any]:
    """Give a node's JSON."""
    if kind == "set" and "fields" not in data:
        data["fields"] = {"v": 1}
    return {"id": node_id, "type": kind, "data": data} | ({"parentId": parent} if parent else {})


def edge(source: str, target: str, port: str = "out") -> dict[str, Any]:
    """Give an edge's JSON."""
    return {"id": f"{source}-{port}-{target}", "source": source, "target": target, "sourceHandle": port}


def document(*nodes: dict[str, Any], edges: Any = ()) -> dict[str, Any]:
    """Give a document."""
    return {"name": "Hostile", "nodes": {one["id"]: one for one in nodes}, "edges": list(edges)}


def documents() -> Iterator[Made]:
    """Give every document of every family."""
    yield from _odd_values()
    yield from _odd_wholes()
    yield from _expressions()
    yield from _graphs()
    yield from _sizes()
    yield from _ids()
    yield from _depths()


def _sound() -> dict[str, Any]:
    nodes = (node("a"), node("l", "loop", items=[1]), node("m", parent="l", fields={"v": "${l.item}"}), node("b"))
    return document(*nodes, edges=[edge("a", "l"), edge("l", "b")]) | {"settings": {"expectedSeconds": {"a": 1}}}


def _odd_values() -> Iterator[Made]:
    for (place, path), (name, value) in itertools.product(PLACES, ODD_VALUES):
        yield f"{place} is {name}", lambda path=path, value=value: _replaced(_sound(), path, value)


def _replaced(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return whole


def _odd_wholes() -> Iterator[Made]:
    for name, value in ODD_VALUES:
        yield f"the document is {name}", lambda value=value: value
    yield "keys that are no text", lambda: {"nodes": {1: node("a"), None: node("b"), ("c",): node("c")}, "edges": []}
    yield "a set for a list", lambda: {"nodes": {"a": node("a")}, "edges": {1, 2}}
    yield "bytes for text", lambda: document(node("a", fields={"v": b"bytes"}))
    yield "an object of Python", lambda: document(node("a", fields={"v": object()}))
    yield "a value that holds itself", _endless


def _endless() -> Any:
    fields: dict[str, Any] = {}
    fields["v"] = [fields]
    return document(node("a", fields=fields))


def _expressions() -> Iterator[Made]:
    for name, text in EXPRESSIONS:
        yield f"a field with {name}", lambda text=text: document(node("a", fields={"v": text()}))
        yield (
            f"a condition with {name}",
            lambda text=text: document(node("z"), node("a", "conditional", condition=text()), edges=[edge("z", "a")]),
        )
        yield f"a transform with {name}", lambda text=text: document(node("a", "transform", expression=text()))


def _graphs() -> Iterator[Made]:
    names = [f"n{index}" for index in range(300)]
    chain = [edge(one, other) for one, other in itertools.pairwise(names)]
    yield "a ring", lambda: document(*map(node, names), edges=[*chain, edge(names[-1], names[0])])
    yield (
        "two rings that touch",
        lambda: document(*map(node, "abcde"), edges=[edge(*pair) for pair in ("ab", "ba", "bc", "cd", "dc", "de")]),
    )
    yield "only self loops", lambda: document(*map(node, names), edges=[edge(name, name) for name in names])
    yield "every edge twice", lambda: document(*map(node, names), edges=chain + chain)
    yield "100,000 times the same edge", lambda: document(node("a"), node("b"), edges=[edge("a", "b")] * 100_000)
    yield "100,000 edges to nowhere", lambda: document(node("a"), edges=[edge("a", f"x{i}") for i in range(100_000)])
    yield "100,000 edges of 448 nodes", _dense
    yield (
        "every pair of 200 nodes",
        lambda: document(
            *map(node, names[:200]), edges=[edge(*pair) for pair in itertools.combinations(names[:200], 2)]
        ),
    )
    yield (
        "a complete graph with cycles",
        lambda: document(
            *map(node, names[:100]), edges=[edge(*pair) for pair in itertools.permutations(names[:100], 2)]
        ),
    )
    yield "a fan of 3,000", lambda: _fan(3_000)
    yield "30 layers of 30, all joined", _layers
    yield "60 conditionals in a row", lambda: _conditionals(60)
    yield (
        "containers that hold each other",
        lambda: document(node("a", "loop", "b", items=[1]), node("b", "loop", "a", items=[1]), node("c", parent="a")),
    )
    yield "a container that holds itself", lambda: document(node("a", "loop", "a", items=[1]), node("b", parent="a"))
    yield (
        "a ring of 1,000 containers",
        lambda: document(*(node(f"c{i}", "loop", f"c{(i + 1) % 1_000}", items=[1]) for i in range(1_000))),
    )
    yield (
        "edges between all containers",
        lambda: document(
            *(node(f"c{i}", "loop", items=[1]) for i in range(30)),
            *(node(f"n{i}", parent=f"c{i}") for i in range(30)),
            edges=[edge(f"n{i}", f"n{j}") for i in range(30) for j in range(30)],
        ),
    )
    yield (
        "1,000 writers of one variable",
        lambda: document(*(node(f"v{i}", "variable", name="x", value=i) for i in range(1_000))),
    )
    yield "1,000 input nodes", lambda: document(*(node(f"i{i}", "input") for i in range(1_000)))
    yield (
        "1,000 outputs of one name",
        lambda: document(*(node(f"o{i}", "output", name="x", value=i) for i in range(1_000))),
    )


def _dense() -> Any:
    names = [f"n{index}" for index in range(448)]
    pairs = itertools.islice(itertools.combinations(names, 2), 100_000)
    return document(*map(node, names), edges=[edge(*pair) for pair in pairs])


def _fan(width: int) -> Any:
    names = [f"n{index}" for index in range(width)]
    code = {name: node(name, "code", source="return 1") for name in names}
    edges = [edge("s", name) for name in names] + [edge(name, "t") for name in names]
    return document(node("s"), node("t", "merge"), *code.values(), edges=edges)


def _layers() -> Any:
    layers = [[f"n{row}_{column}" for column in range(30)] for row in range(30)]
    edges = [edge(*pair) for one, other in itertools.pairwise(layers) for pair in itertools.product(one, other)]
    nodes = [node(name, "code", source="return 1") for layer in layers for name in layer]
    return document(*nodes, edges=edges)


def _conditionals(count: int) -> Any:
    nodes = [node(f"c{i}", "conditional", condition=f"${{inputs.x{i}}}") for i in range(count)]
    nodes += [node(f"n{i}", "code", source="return 1") for i in range(count)]
    edges = [edge(f"c{i}", f"n{i}", "true") for i in range(count)]
    edges += [edge(f"c{i}", f"c{i + 1}", "false") for i in range(count - 1)]
    edges += [edge(f"n{i}", f"c{i + 1}") for i in range(count - 1)]
    return document(*nodes, edges=edges)


def _sizes() -> Iterator[Made]:
    yield "10 MB of name", lambda: document(node("a")) | {"name": "x" * 10_000_000}
    yield "10 MB of label", lambda: document(node("a", label="x" * 10_000_000))
    yield "10 MB of notes", lambda: document(node("a", "code", source="return 1", notes="x" * 10_000_000))
    yield "10 MB of type", lambda: document(node("a", "x" * 10_000_000))
    yield "10 MB of port", lambda: document(node("a"), node("b"), edges=[edge("a", "b", "x" * 10_000_000)])
    yield "10 MB of id", lambda: document(node("x" * 10_000_000))
    yield "10 MB of parent", lambda: document(node("a", parent="x" * 10_000_000))
    yield "10 MB of source", lambda: document(node("a", "code", source="x" * 10_000_000))
    yield "10 MB of field name", lambda: document(node("a", fields={"x" * 10_000_000: 1}))
    yield "10 MB of config name", lambda: document(node("a") | {"data": {"x" * 10_000_000: 1}})
    yield "10 MB of variable name", lambda: document(node("a", "variable", name="x" * 10_000_000, value=1))
    yield "a number of 100,000 digits", lambda: document(node("a", fields={"v": 10**100_000}))
    yield "100,000 fields", lambda: document(node("a", fields={f"f{i}": i for i in range(100_000)}))
    yield "100,000 items", lambda: document(node("a", "loop", items=list(range(100_000))), node("b", parent="a"))
    yield "20,000 expressions in a list", lambda: document(node("a", fields={"v": ["${inputs.x}"] * 20_000}))
    yield "10,000 unknown fields", lambda: document(node("a") | {"data": {f"f{i}": i for i in range(10_000)}})
    yield (
        "10,000 cases",
        lambda: document(node("a", "switch", value=1, cases=[{"equals": i, "handle": f"h{i}"} for i in range(10_000)])),
    )
    yield "10,000 unknown types", lambda: document(*(node(f"n{i}", f"type{i}") for i in range(10_000)))
    yield (
        "10,000 unknown references",
        lambda: document(*(node(f"n{i}", fields={"v": f"${{m{i}.output}}"}) for i in range(10_000))),
    )
    yield (
        "5,000 containers",
        lambda: document(
            *(node(f"c{i}", "loop", items=[1]) for i in range(5_000)),
            *(node(f"n{i}", parent=f"c{i}") for i in range(5_000)),
        ),
    )
    yield "5,000 empty containers", lambda: document(*(node(f"c{i}", "loop", items=[1]) for i in range(5_000)))
    yield "300 nodes that read all before them", lambda: _readers(300)
    yield "50 nodes that double each other", lambda: _doubling(50)


def _readers(count: int) -> Any:
    nodes = [
        node(f"n{i}", fields={"v": [f"${{n{j}.output.v}}" for j in range(i)]} if i else {"v": 1}) for i in range(count)
    ]
    return document(*nodes, edges=[edge(f"n{i}", f"n{i + 1}") for i in range(count - 1)])


def _doubling(count: int) -> Any:
    nodes = [node("n0")]
    nodes += [node(f"n{i}", "echo", value=f"${{[n{i - 1}.output, n{i - 1}.output]}}") for i in range(1, count)]
    return document(*nodes, edges=[edge(f"n{i}", f"n{i + 1}") for i in range(count - 1)])


def _ids() -> Iterator[Made]:
    odd = (
        "", " ", "1a", "-a", "_a", "a b", "a.b", "a/b", "a`b", 'a"b', "a$b", "\u00e4", "a\u0301", "\u540d", "a\0",
        "a\n", "\ud800", "a" * 65, "__proto__", "\U0001f600", "a\u200b", "A\u212a",
    )  # fmt: skip
    for name in odd:
        yield f"the id {name[:20]!a}", lambda name=name: document(node(name), edges=[edge(name, name)])
    names = ("constructor", "prototype", "toString", "hasOwnProperty", "None", "self", "class", "states", "context")
    yield (
        "ids of other languages",
        lambda: document(*map(node, names), edges=[edge(*pair) for pair in itertools.pairwise(names)]),
    )
    yield "ids that differ by case alone", lambda: document(*map(node, ("a", "A", "aA", "Aa", "AA")))
    yield "a list of nodes with one id", lambda: {"nodes": [node("a")] * 1_000, "edges": []}


def _depths() -> Iterator[Made]:
    for depth in (99, 101, 500, 5_000, 100_000):
        yield f"lists {depth} deep", lambda depth=depth: document(node("a", fields={"v": _lists(depth)}))
        yield f"objects {depth} deep", lambda depth=depth: document(node("a", fields={"v": _objects(depth)}))
        yield (
            f"conditions {depth} deep",
            lambda depth=depth: document(node("a", "conditional", condition=_conditions(depth))),
        )
        yield f"a schema {depth} deep", lambda depth=depth: document(node("a", "input", schema=_schema(depth)))
        yield f"a pin {depth} deep", lambda depth=depth: document(node("a", pinned=_lists(depth)))
    for depth in (19, 20, 21, 200, 2_000):
        yield f"containers {depth} deep", lambda depth=depth: _containers(depth)
    for length in (1_000, 3_000):
        yield f"a chain of {length} tasks", lambda length=length: _chain(length)
        yield f"a ladder of {length} nodes", lambda length=length: _ladder(length)
    yield "decisions 300 deep", lambda: _tree(300)
    yield "JSON text in place of the document", lambda: json.dumps(_sound())


def _lists(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def _objects(depth: int) -> Any:
    value: Any = "${inputs.x}"
    for _ in range(depth):
        value = {"v": value}
    return value


def _conditions(depth: int) -> Any:
    value: Any = True
    for _ in range(depth):
        value = {"all": [value]}
    return value


def _schema(depth: int) -> Any:
    value: Any = {"type": "string"}
    for _ in range(depth):
        value = {"type": "object", "properties": {"v": value}}
    return value


def _containers(depth: int) -> Any:
    loops = [node(f"c{i}", "loop", f"c{i - 1}" if i else None, items=[1]) for i in range(depth)]
    return document(*loops, node("x", parent=f"c{depth - 1}"))


def _chain(length: int) -> Any:
    names = [f"n{index}" for index in range(length)]
    nodes = [node(name, "code", source="return 1") for name in names]
    return document(*nodes, edges=[edge(*pair) for pair in itertools.pairwise(names)])


def _ladder(length: int) -> Any:
    """Two chains with a rung at each step: no part of it is series-parallel."""
    nodes = [node(f"{side}{i}", "code", source="return 1") for i in range(length // 2) for side in "ab"]
    edges = [edge(f"{side}{i}", f"{side}{i + 1}") for i in range(length // 2 - 1) for side in "ab"]
    edges += [edge(f"a{i}", f"b{i + 1}") for i in range(length // 2 - 1)]
    return document(*nodes, edges=edges)


def _tree(depth: int) -> Any:
    nodes = [node(f"c{i}", "conditional", condition=f"${{inputs.x{i}}}") for i in range(depth)]
    nodes += [node(f"n{i}", "code", source="return 1") for i in range(depth)]
    edges = [edge(f"c{i}", f"c{i + 1}", "true") for i in range(depth - 1)]
    edges += [edge(f"c{i}", f"n{i}", "false") for i in range(depth)]
    return document(*nodes, edges=edges)
