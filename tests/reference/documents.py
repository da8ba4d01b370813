"""Random workflow documents, all of them sound, in which everything that the language knows comes up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

_IDS: Final = (
    "sum", "in", "and", "or", "states", "a-b", "a_b", "a", "b", "x_port", "x", "x-port", "x_error", "x_item", "x_index",
    "x_value", "count", "item", "index", "input", "inputs", "vars", "run", "workflow", "trigger", "output", "error",
    "function", "A", "result", "context", "a-b-c", "n-1", "n_1", "uuid", "merge", "x_2", "x_port_2",
)  # fmt: skip
"""Ids that look like functions, keywords, names of the language or variables of the compiler."""

_LABELS: Final = (
    "Same", "Same", "same", "Done", "State", "Same (2)", "Same: attempt", "Parallel: a | b", "Ünïcode ☃ label",
    "long " * 30, "tab\tand\nnewline", "  ", "{% $x %}", "Item",
)  # fmt: skip

_CONDITION_TEXTS: Final = ("{0} > 1", "{0} = 2", "$exists({0})", "{0}", "$type({0}) = 'number'", "{0} in [1, 2, 'a']")
_SCALARS: Final = (0, 1, 2, 3, "a", "b", "", True, False, None, 1.5)


@dataclass(frozen=True, slots=True)
class Mix:
    """How often what comes up, as parts of one.

    Attributes:
        failing: Nodes that fail, or may.
        forgiving: Failing nodes that do not stop the run.
        containers: Nodes that are loops or whiles.
        wide: Nodes that continue no recent chain.
    """

    failing: float = 0.1
    forgiving: float = 0.85
    containers: float = 0.12
    wide: float = 0.3
    settled: float = 0.08
    slow: float = 0.5


@dataclass(slots=True)
class _Made:
    """A node that was made.

    Attributes:
        before: Its ancestors in its region.
        size: About how many values its output holds.
    """

    id: str
    type: str
    ports: list[str]
    before: frozenset[str]
    size: int = 2
    caught: bool = False
    is_container: bool = False


@dataclass(slots=True)
class _Place:
    """A region that is being filled.

    Attributes:
        holder: The container, as a node of the region around.
        reads, writes: Nodes of this region that read or write a variable, themselves or inside of them.
    """

    owner: str | None = None
    kind: str = ""
    holder: _Made | None = None
    outer: "_Place | None" = None
    made: list[_Made] = field(default_factory=list[_Made])
    reads: dict[str, set[str]] = field(default_factory=dict[str, "set[str]"])
    writes: dict[str, set[str]] = field(default_factory=dict[str, "set[str]"])

    def depth(self) -> int:
        return 0 if self.outer is None else self.outer.depth() + 1

    def loop(self) -> str:
        """Give the loop whose items' variables are in reach; empty outside of loops."""
        if self.kind == "loop" and self.owner is not None:
            return self.owner
        return "" if self.outer is None else self.outer.loop()


def random_document(random: Random, size: int, mix: Mix | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make a document of about so many nodes, and inputs for a run of it."""
    maker = _Maker(random, mix or Mix())
    maker.fill(_Place(), max(1, size))
    inputs = {
        "n": random.choice((0, 1, 2, 3)),
        "s": random.choice(("a", "b", "")),
        "flag": random.random() < 0.5,
        "list": [random.choice(_SCALARS) for _ in range(random.randrange(4))],
        "rows": [{"v": random.choice((1, 2, 3, "a", None)), "k": index} for index in range(random.randrange(4))],
    }
    return maker.document(), inputs


def observed(document: dict[str, Any]) -> dict[str, Any]:
    """Add an output node behind each node at the top, so that a run shows what each of them gave."""
    nodes, edges = dict(document["nodes"]), list(document["edges"])
    for key, node in document["nodes"].items():
        if node.get("parentId") or node["type"] in ("output", "stop", "note", "respond"):
            continue
        watcher = f"watch-{key}"
        nodes[watcher] = {
            "id": watcher,
            "type": "output",
            "data": {"value": {"output": f"${{`{key}`.output}}", "error": f"${{`{key}`.error}}"}},
        }
        for port in ports_of(node):
            edges.append({"id": f"w{len(edges)}", "source": key, "sourceHandle": port, "target": watcher})
    return {**document, "nodes": nodes, "edges": edges}


def ports_of(node: dict[str, Any]) -> list[str]:
    """Give a node's ports."""
    data = node["data"]
    ports = {
        "conditional": ["true", "false"],
        "approval": ["approved", "rejected", "timeout"],
        "user-input": ["submitted", "timeout"],
        "stop": [],
    }.get(node["type"], ["out"])
    if node["type"] == "switch":
        ports = [*(case["handle"] for case in data["cases"]), "default"]
    return [*ports, "error"] if data.get("onError") == "branch" else ports


class _Maker:
    def __init__(self, random: Random, mix: Mix) -> None:
        self._random = random
        self._mix = mix
        self._nodes: dict[str, Any] = {}
        self._edges: list[dict[str, Any]] = []
        self._ids = random.sample(_IDS, len(_IDS))
        self._expected: dict[str, float] = {}

    def document(self) -> dict[str, Any]:
        nodes = list(self._nodes.items())
        if self._random.random() < 0.3:
            self._random.shuffle(nodes)
        return {
            "name": "Random",
            "nodes": dict(nodes),
            "edges": self._edges,
            "settings": {"expectedSeconds": self._expected},
        }

    def _chance(self, part: float) -> bool:
        return self._random.random() < part

    def _pick(self, choices: Sequence[Any]) -> Any:
        return self._random.choice(choices)

    # Graph

    def fill(self, place: _Place, size: int) -> None:
        """Make the nodes of a region."""
        while size > 0:
            if size >= 4 and self._chance(0.08):
                size -= self._exclusive_writes(place)
                continue
            size -= self._node(place, size)

    def _new_id(self) -> str:
        if self._ids and self._chance(0.6):
            return self._ids.pop()
        return f"n{len(self._nodes)}" + self._pick(("", "-x", "_x"))

    def _node(self, place: _Place, budget: int) -> int:
        """Make one node with what is in it; give how many there are."""
        node, before = self._connected(place)
        kinds = ["set"] * 6 + ["conditional"] * 3 + ["switch", "merge", "merge", "merge", "variable", "variable", "wait"]
        kinds += ["code", "code", "http", "transform", "filter", "sort", "limit", "echo", "approval", "user-input"]
        kinds += ["subworkflow"]
        if place.owner is None:
            kinds += ["output", "output", "input" if not before and "input" not in self._types() else "respond"]
        if self._chance(self._mix.failing * 0.2):
            kinds = ["stop"]
        if budget >= 2 and place.depth() < 3 and self._chance(self._mix.containers):
            kinds = ["loop", "loop", "while"]
        kind = self._pick(kinds)
        if kind == "input" and before:
            kind = "set"
        made = _Made(node, kind, ["out"], before)
        if kind in ("loop", "while"):
            return self._container(place, made, budget)
        data = getattr(self, f"_{kind.replace('-', '_')}")(place, made)
        self._finish(place, made, data)
        return 1

    def _types(self) -> set[str]:
        return {node["type"] for node in self._nodes.values()}

    def _connected(self, place: _Place) -> tuple[str, frozenset[str]]:
        """Choose an id and draw edges to it; give it with its ancestors."""
        node = self._new_id()
        sources = [made for made in place.made if made.ports]
        count = self._pick((0, 1, 1, 1, 1, 2, 2, 3)) if place.made else 0
        if place.made and not place.depth() and count == 0 and self._chance(0.7):
            count = 1
        before: set[str] = set()
        for _ in range(min(count, len(sources))):
            source = self._pick(sources if self._chance(self._mix.wide) else sources[-4:])
            before |= self._connect(source, node)
            if self._chance(0.1):
                before |= self._connect(source, node)
        return node, frozenset(before)

    def _connect(self, source: _Made, target: str, port: str | None = None) -> frozenset[str]:
        port = port or self._pick(source.ports)
        edge = {"id": f"e{len(self._edges)}", "source": source.id, "target": target, "sourceHandle": port}
        known = any({**edge, "id": other["id"]} == other for other in self._edges)
        if not known:
            self._edges.append(edge)
        return source.before | {source.id}

    def _finish(self, place: _Place, made: _Made, data: dict[str, Any]) -> None:
        """Add the node with what all nodes share."""
        if self._chance(0.3):
            data["label"] = self._pick(_LABELS)
        if self._chance(0.1):
            data["notes"] = "A remark."
        if made.type != "stop":
            self._choose_on_error(made, data)
        if self._chance(self._mix.settled):
            self._settle(made, data)
        node: dict[str, Any] = {"id": made.id, "type": made.type, "data": data}
        if place.owner is not None:
            node["parentId"] = place.owner
        self._nodes[made.id] = node
        made.ports = ports_of(node)
        if self._chance(self._mix.slow):
            self._expected[made.id] = self._pick((0, 0.005, 0.5, 1, 2, 5))
        place.made.append(made)

    def _choose_on_error(self, made: _Made, data: dict[str, Any]) -> None:
        fails = made.caught
        if self._chance(self._mix.forgiving if fails else 0.15):
            data["onError"] = self._pick(("continue", "branch"))

    def _settle(self, made: _Made, data: dict[str, Any]) -> None:
        if self._chance(0.5):
            data["disabled"] = True
        else:
            data["pinned"] = self._pick(({"v": 7}, {"v": [1, {"v": 2}]}, "pin", 5, [1], [], False, {"decision": "rejected"}))

    def _exclusive_writes(self, place: _Place) -> int:
        """Make a decision whose ways write one variable, and a join that reads it."""
        name = self._variable_name(place)
        node, before = self._connected(place)
        decider = _Made(node, "conditional", [], before)
        self._finish(place, decider, self._conditional(place, decider))
        data = self._nodes[decider.id]["data"]
        data.pop("disabled", None)
        data.pop("onError", None)
        decider.ports = ["true", "false"]
        writers: list[_Made] = []
        for port in ("true", "false"):
            writer = _Made(self._new_id(), "variable", ["out"], frozenset())
            writer.before = self._connect(decider, writer.id, port)
            writers.append(writer)
        if not all(self._may(place, writer, name, write=True) for writer in writers):
            for writer in writers:
                writer.type = "set"
                self._finish(place, writer, self._set(place, writer))
        else:
            values = [self._value(place, writer) for writer in writers]
            for writer, value in zip(writers, values, strict=True):
                self._note(place, writer, name, write=True)
                self._finish(place, writer, {"name": name, "value": value})
                self._nodes[writer.id]["data"].pop("onError", None)
                writer.ports = ["out"]
        join = _Made(self._new_id(), "set", ["out"], frozenset())
        join.before = frozenset().union(*(self._connect(writer, join.id, "out") for writer in writers))
        self._finish(place, join, {"fields": {"v": self._value(place, join), "w": self._reading(place, join, name)}})
        return 4

    def _reading(self, place: _Place, made: _Made, name: str) -> Any:
        if not self._may(place, made, name, write=False):
            return None
        self._note(place, made, name, write=False)
        return f"${{vars.{name}}}"

    # Variables: an access is drawn only where edges order it with all that are there

    def _variable_name(self, place: _Place) -> str:
        loop = place.loop()
        return self._pick(("x", "total", "in")) + (f"_{len(loop)}{loop.replace('-', '_')}" if loop else "")

    def _levels(self, place: _Place, made: _Made) -> Iterator[tuple[_Place, _Made]]:
        level: _Place | None = place
        node: _Made | None = made
        while level is not None and node is not None:
            yield level, node
            level, node = level.outer, level.holder

    def _may(self, place: _Place, made: _Made, name: str, *, write: bool) -> bool:
        for level, node in self._levels(place, made):
            others = level.writes.get(name, set()) | (level.reads.get(name, set()) if write else set())
            if not others <= node.before | {node.id}:
                return False
            if write and level.kind == "loop":
                return True
        return True

    def _note(self, place: _Place, made: _Made, name: str, *, write: bool) -> None:
        for level, node in self._levels(place, made):
            (level.writes if write else level.reads).setdefault(name, set()).add(node.id)
            if write and level.kind == "loop":
                return

    # Expressions

    def _readable(self, place: _Place, made: _Made) -> list[_Made]:
        found: list[_Made] = []
        for level, node in self._levels(place, made):
            found += [other for other in level.made if other.id in node.before]
        return found

    def _operand(self, place: _Place, made: _Made) -> str:
        """Give JSONata that reads one value of the run and cannot fail."""
        readable = self._readable(place, made)
        forms: list[str] = ["inputs.n", "inputs.s", "inputs.flag", "input.v", "inputs.missing"]
        forms += [form for level in self._around(place) for form in level]
        if readable and self._chance(0.75):
            other = self._pick(readable)
            name = f"`{other.id}`" if self._chance(0.2) else other.id
            forms = [f"{name}.output.v"] * 4 + [f"$exists({name}.output)", f"$type({name}.output)"]
            if other.caught and not other.is_container:
                forms += [f"{name}.error.type", f"$exists({name}.error.type)"]
            if other.is_container:
                forms += [f"$count({name}.output.results)", f"{name}.output.results[0].v"]
            if other.size < 40 and made.size < 200:
                made.size += other.size
                forms += [f"{name}.output"] * 2
        elif self._chance(0.2):
            name = self._variable_name(place)
            written = any(name in level.writes for level, _ in self._levels(place, made))
            if written and self._may(place, made, name, write=False):
                self._note(place, made, name, write=False)
                return f"vars.{name}"
        return self._pick(forms)

    def _list(self, place: _Place, made: _Made) -> str:
        """Give a template for a list node's items that could be a list as far as can be known before the run."""
        readable = [other for other in self._readable(place, made) if other.size < 40]
        if not readable:
            return "${inputs.list}"
        other = self._pick(readable)
        made.size += other.size
        return f"${{{other.id}.output{self._pick(('', '.v', '.results'))}}}"

    def _untyped(self, place: _Place, made: _Made) -> str:
        """Give JSONata whose value's type is not known before the run."""
        readable = self._readable(place, made)
        return f"{self._pick(readable).id}.output.v" if readable else "input.v"

    def _around(self, place: _Place) -> Iterator[list[str]]:
        level: _Place | None = place
        while level is not None:
            if level.owner is not None:
                own = [f"{level.owner}.index"]
                if level.kind == "loop":
                    own += [f"{level.owner}.item", f"{level.owner}.item.v"] * 2
                yield own
            level = level.outer

    def _scalar(self, place: _Place, made: _Made) -> str:
        """Give JSONata whose text is the same wherever it is evaluated."""
        operand = self._operand(place, made)
        return f"($type({operand}) in ['number', 'string', 'boolean'] ? {operand} : '-')"

    def _expression(self, place: _Place, made: _Made) -> str:
        operand = self._operand(place, made)
        match self._random.randrange(12):
            case 0:
                return f"$type({operand}) = 'number' ? {operand} + 1 : {operand}"
            case 1:
                return f"($a := {operand}; $sum := 1; {{'v': $a, 'one': $sum}})"
            case 2:
                return f"[{operand}, {self._operand(place, made)}]"
            case 3:
                return f"$map([1, 2], function($in) {{ {{'v': $in, 'w': {operand}}} }})"
            case 4:
                return f"$count({operand})"
            case 5:
                return f"{operand}[0]"
            case _:
                return operand

    def _value(self, place: _Place, made: _Made) -> Any:
        match self._random.randrange(10):
            case 0:
                return self._pick(_SCALARS)
            case 1:
                return self._pick(([1, 2], [], {}, {"v": 1}, [[1]], "{% 1 %}", "$${inputs.n}", "100%", [None]))
            case 2:
                return f"n={'$'}{{{self._scalar(place, made)}}}, ${{inputs.s}}"
            case 3:
                return {"v": f"${{{self._expression(place, made)}}}", "deep": [f"${{{self._operand(place, made)}}}", 1]}
            case 4:
                return [f"${{{self._operand(place, made)}}}", "${inputs.list}"]
            case _:
                return f"${{{self._expression(place, made)}}}"

    def _failing(self, place: _Place, made: _Made) -> Any:
        """Give a template that fails, or may; None most of the time."""
        if not self._chance(self._mix.failing):
            return None
        made.caught = True
        operand = self._operand(place, made)
        return self._pick(
            (
                "${$error('boom')}",
                "${$number('x')}",
                "text ${$error('boom')}",
                "${inputs.n > 1 ? $error('boom') : 1}",
                f"${{$type({operand}) = 'number' ? $error('a number') : {operand}}}",
                f"${{{operand} + 1}}",
            )
        )

    # Nodes

    def _set(self, place: _Place, made: _Made) -> dict[str, Any]:
        failing = self._failing(place, made)
        fields = {"v": self._value(place, made) if failing is None else failing}
        if self._chance(0.3):
            fields["w"] = self._value(place, made)
        data: dict[str, Any] = {"fields": fields}
        if self._chance(0.15):
            data["include"] = "input"
            made.size += 30
        return data

    def _echo(self, place: _Place, made: _Made) -> dict[str, Any]:
        failing = self._failing(place, made)
        return {"value": {"v": self._value(place, made)} if failing is None else failing}

    def _transform(self, place: _Place, made: _Made) -> dict[str, Any]:
        failing = self._failing(place, made)
        if failing is not None and self._chance(0.5):
            return {"expression": "$error('boom')"}
        expression = self._pick(("input.v", "input", "[input.v]", "{'v': input.v, 'n': inputs.n}", "$string(inputs.n)"))
        data: dict[str, Any] = {"expression": expression}
        if failing is not None or self._chance(0.4):
            data["input"] = failing or {"v": f"${{{self._operand(place, made)}}}"}
        else:
            made.size += 30
        return data

    def _condition(self, place: _Place, made: _Made) -> Any:
        operand = self._operand(place, made)
        if self._chance(0.15):
            return self._pick((True, False))
        if self._chance(0.25):
            rule = {"left": f"${{{operand}}}", "operator": self._pick(("equals", "greater", "less")), "right": 1}
            return rule if self._chance(0.6) else {self._pick(("all", "any")): [rule, "${inputs.flag}"]}
        if self._chance(0.4):
            return self._pick(("${inputs.flag}", "${inputs.n > 1}", "${inputs.s = 'a'}", "${inputs.n}"))
        return f"${{$type({operand}) = 'number' ? {operand} > 1 : {operand} = 'a'}}"

    def _conditional(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.size = 30
        if self._chance(self._mix.failing * 0.5):
            made.caught = True
            return {"condition": "${inputs.n > 1 ? $error('undecided') : true}"}
        return {"condition": self._condition(place, made)}

    def _switch(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.size = 30
        values = self._random.sample((0, 1, 2, "a", "b", ""), self._random.randrange(1, 4))
        return {
            "value": self._pick(("${inputs.n}", "${inputs.s}", f"${{{self._untyped(place, made)}}}")),
            "cases": [{"equals": value, "handle": f"case {index}"} for index, value in enumerate(values)],
        }

    def _merge(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.size = 30 * max(1, len(made.before))
        return {"mode": self._pick(("object", "array", "first"))} if self._chance(0.8) else {}

    def _variable(self, place: _Place, made: _Made) -> dict[str, Any]:
        name = self._variable_name(place)
        if not self._may(place, made, name, write=True):
            made.type = "set"
            return self._set(place, made)
        made.size = 30
        failing = self._failing(place, made)
        value = self._value(place, made) if failing is None else failing
        # Noted after the value: the value may read the variable as it was.
        self._note(place, made, name, write=True)
        match self._pick(("set", "set", "append", "increment")):
            case "increment" if failing is None:
                return {"operation": "increment", "name": name} | ({"value": 2} if self._chance(0.5) else {})
            case "append":
                return {"operation": "append", "name": name, "value": value}
            case _:
                return {"name": name, "value": value}

    def _wait(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.size = 30
        made.caught = True
        if self._chance(self._mix.failing):
            return {"seconds": "${inputs.n > 1 ? $error('late') : 1}"}
        made.caught = False
        return {"seconds": self._pick((0, 1, 30, "${inputs.n + 1}"))}

    def _source(self, made: _Made) -> str:
        if self._chance(self._mix.failing * 2):
            made.caught = True
            return self._pick(("fail", "plain", "odd", "odd"))
        return self._pick(("echo", "echo", "echo", "list", "none"))

    def _code(self, place: _Place, made: _Made) -> dict[str, Any]:
        failing = self._failing(place, made)
        data = {"source": self._source(made), "inputs": {"v": self._value(place, made) if failing is None else failing}}
        made.size += 5
        if place.owner is None and not made.caught and self._chance(0.15):
            data["source"] = "echo flaky"
            data["retry"] = {"maxAttempts": self._pick((2, 3, 4))}
            made.caught = True
        return data

    def _http(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.size += 35
        return {"url": f"https://example.com/{self._source(made)}", "method": "POST", "body": self._value(place, made)}

    def _filter(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.size += 35
        items = self._pick(("${inputs.rows}", "${inputs.list}", [{"v": 1}, {"v": 3}, 5], self._list(place, made)))
        if self._chance(0.5):
            return {"items": items, "condition": {"left": "v", "operator": "greater", "right": "${inputs.n}"}}
        return {"items": "${inputs.rows}", "expression": "v = 1 or k > inputs.n"}

    def _sort(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.size += 35
        by = self._pick((["v"], [{"field": "v", "order": "desc"}, "k"]))
        return {"items": self._pick(("${inputs.rows}", [{"v": 2}, {"v": 1}, {"k": 0}])), "by": by}

    def _limit(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.size += 35
        items = self._pick(("${inputs.list}", [1, 2, 3], [[1], [2]], self._list(place, made)))
        data: dict[str, Any] = {"items": items, "count": self._pick((0, 1, 2, "${inputs.n}"))}
        if self._chance(0.4):
            data |= {"from": "end", "offset": self._pick((0, 1))}
        return data

    def _approval(self, place: _Place, made: _Made) -> dict[str, Any]:
        answers = ["approved", "rejected", "timeout"] + (["gone"] if self._chance(self._mix.failing * 2) else [])
        answer = self._pick(answers)
        made.caught = answer == "gone"
        return {"message": self._pick((answer, f"{answer} ${{inputs.s}}"))}

    def _user_input(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.size += 35
        return {"message": self._pick(("submitted", "timeout")), "schema": {"v": {"type": "number"}}}

    def _subworkflow(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.caught = self._chance(self._mix.failing * 2)
        return {"workflowId": "fail" if made.caught else "other", "inputs": {"v": self._value(place, made)}}

    def _output(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.size = 30
        if self._chance(0.3):
            return {}
        failing = self._failing(place, made)
        return {"name": f"result {len(self._nodes)}", "value": self._value(place, made) if failing is None else failing}

    def _respond(self, place: _Place, made: _Made) -> dict[str, Any]:
        return {"body": self._value(place, made)} if "respond" not in self._types() else self._turn(place, made, "set")

    def _turn(self, place: _Place, made: _Made, kind: str) -> dict[str, Any]:
        made.type = kind
        return getattr(self, f"_{kind}")(place, made)

    def _input(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.size = 30
        return {}

    def _stop(self, place: _Place, made: _Made) -> dict[str, Any]:
        made.size = 30
        return {"error": "Test.Stopped", "cause": self._pick(("Enough.", f"at ${{{self._scalar(place, made)}}}", ""))}

    # Containers

    def _container(self, place: _Place, made: _Made, budget: int) -> int:
        made.is_container = True
        body = self._random.randint(1, min(7, budget - 1))
        data: dict[str, Any] = {}
        self._nodes[made.id] = {}
        inner = _Place(made.id, made.type, made, place)
        if made.type == "loop":
            data["items"] = self._pick(
                ("${inputs.rows}", "${inputs.list}", [1, 2, 3], [{"v": 1}, {"v": "${inputs.n}"}], [], self._list(place, made))
            )
            if self._chance(0.15):
                del data["items"]
            if self._chance(0.5):
                data["concurrency"] = self._pick((1, 2, 40, "${inputs.n + 1}"))
            if self._chance(0.5):
                data["onItemError"] = "continue"
        self.fill(inner, body)
        probe = _Made(made.id, "probe", [], frozenset(other.id for other in inner.made))
        if made.type == "while":
            data["condition"] = self._repetition(place, made, inner)
            data["maxIterations"] = self._pick((1, 2, 3, "${inputs.n + 1}"))
        if self._chance(0.5):
            data["collect"] = self._collection(inner, probe)
        made.size = 4 * sum(min(other.size, 60) for other in inner.made)
        made.caught = any(other.caught for other in inner.made)
        order = list(self._nodes)
        self._finish(place, made, data)
        self._nodes = {key: self._nodes[key] for key in order}
        return 1 + len(inner.made)

    def _repetition(self, place: _Place, made: _Made, inner: _Place) -> Any:
        forms = [f"{made.id}.index < {self._pick((0, 1, 2, 5))}", "inputs.flag", "true"]
        for other in inner.made:
            forms.append(f"$not({other.id}.output.v = 2) and {made.id}.index < 3")
            forms.append(f"$type({other.id}.output) = 'null'")
        for name in inner.writes:
            if self._may(place, made, name, write=False):
                forms.append(f"$type(vars.{name}) != 'number' or vars.{name} < 3")
        chosen = self._pick(forms)
        for name in inner.writes:
            if f"vars.{name}" in chosen:
                self._note(place, made, name, write=False)
        return f"${{{chosen}}}"

    def _collection(self, inner: _Place, probe: _Made) -> Any:
        parts: dict[str, Any] = {"index": f"${{{inner.owner}.index}}"}
        for other in inner.made:
            if other.size < 60:
                parts[other.id] = f"${{{other.id}.output}}"
            else:
                parts[other.id] = f"${{{other.id}.output.v}}"
        if inner.kind == "loop":
            parts["item"] = f"${{{inner.owner}.item}}"
        if self._chance(0.3) and inner.made:
            return f"${{{self._pick(inner.made).id}.output.v}}"
        return parts
