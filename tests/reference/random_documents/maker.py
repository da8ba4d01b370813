"""Random graphs: nodes, edges, containers."""

from itertools import count
from random import Random
from typing import Any, Final

from .configs import config
from .mix import Mix
from .places import Made, Place, Site
from .ports import ports_of
from .values import Draw

_IDS: Final = (
    "sum", "in", "and", "or", "states", "a-b", "a_b", "a", "b", "x_port", "x", "x-port", "x_error", "x_item", "x_index",
    "x_value", "count", "item", "index", "input", "inputs", "vars", "run", "workflow", "trigger", "output", "error",
    "function", "A", "result", "context", "a-b-c", "n-1", "n_1", "uuid", "merge", "x_2", "x_port_2",
    "list", "items", "old", "value", "identity", "cause", "message", "key0", "entry", "group", "null", "true", "false",
)  # fmt: skip
"""Ids that look like functions, keywords, names of the language or variables of the compiler."""

_LABELS: Final = (
    "Same", "Same", "same", "Done", "State", "Same (2)", "Same: attempt", "Parallel: a | b", "Ünïcode ☃ label",
    "long " * 30, "tab\tand\nnewline", "  ", "{% $x %}", "Item",
)  # fmt: skip


def random_document(random: Random, size: int, mix: Mix | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make a document of about so many nodes, and inputs for a run of it."""
    draw = Draw(random, mix or Mix())
    maker = _Maker(draw)
    maker.fill(Place(), max(1, size))
    inputs: dict[str, Any] = {
        "n": random.choice((0, 1, 2, 3)),
        "s": random.choice(("a", "b", "")),
        "flag": random.random() < 0.5,
        "list": draw.scalars(random.randrange(4)),
        "rows": [{"v": random.choice((1, 2, 3, "a", None)), "k": index} for index in range(random.randrange(4))],
    }
    return maker.document(), inputs


class _Maker:
    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._nodes: dict[str, Any] = {}
        self._edges: list[dict[str, Any]] = []
        self._ids = draw.random.sample(_IDS, len(_IDS))
        self._numbers = count()
        self._regions = count(1)
        self._expected: dict[str, float] = {}

    def document(self) -> dict[str, Any]:
        nodes = list(self._nodes.items())
        if self._draw.random.random() < 0.3:
            self._draw.random.shuffle(nodes)
        return {
            "name": "Random",
            "nodes": dict(nodes),
            "edges": self._edges,
            "settings": {"expectedSeconds": self._expected},
        }

    # Graph

    def fill(self, place: Place, size: int) -> None:
        """Make the nodes of a region."""
        while size > 0:
            if size >= 4 and self._draw.chance(0.08):
                size -= self._exclusive_writes(place)
                continue
            size -= self._node(place, size)

    def _new_id(self) -> str:
        if self._ids and self._draw.chance(0.6):
            return self._ids.pop()
        return f"n{next(self._numbers)}" + self._draw.pick(("", "-x", "_x"))

    def _node(self, place: Place, budget: int) -> int:
        """Make one node with what is in it; give how many there are."""
        node, before = self._connected(place)
        kinds = (
            ["set"] * 6 + ["conditional"] * 3 + ["switch", "merge", "merge", "merge", "variable", "variable", "wait"]
        )
        kinds += ["code", "code", "http", "transform", "filter", "sort", "limit", "echo", "approval", "user-input"]
        kinds += ["subworkflow", "jmespath", "note"]
        if place.owner is None:
            kinds += ["output", "output"]
            kinds += [kind for kind in ("input", "respond") if kind not in self._types()]
        if self._draw.chance(self._draw.mix.failing * 0.2):
            kinds = ["stop"]
        if budget >= 2 and place.depth() < 3 and self._draw.chance(self._draw.mix.containers):
            kinds = ["loop", "loop", "while"]
        kind = self._draw.pick(kinds)
        if (kind == "input" and before) or (kind == "note" and (before or not place.made)):
            kind = "set"
        made = Made(node, kind, ["out"], before)
        if kind in ("loop", "while"):
            return self._container(place, made, budget)
        data = config(kind, self._draw, Site(place, made))
        self._finish(place, made, data)
        return 1

    def _types(self) -> set[str]:
        return {node["type"] for node in self._nodes.values()}

    def _connected(self, place: Place) -> tuple[str, frozenset[str]]:
        """Choose an id and draw edges to it; give it with its ancestors."""
        node = self._new_id()
        sources = [made for made in place.made if made.ports]
        count = self._draw.pick((0, 1, 1, 1, 1, 2, 2, 3)) if place.made else 0
        if place.made and not place.depth() and count == 0 and self._draw.chance(0.7):
            count = 1
        before: set[str] = set()
        for _ in range(min(count, len(sources))):
            source = self._draw.pick(sources if self._draw.chance(self._draw.mix.wide) else sources[-4:])
            before |= self._connect(source, node)
            if self._draw.chance(0.1):
                before |= self._connect(source, node)
        return node, frozenset(before)

    def _connect(self, source: Made, target: str, port: str | None = None) -> frozenset[str]:
        port = port or self._draw.pick(source.ports)
        edge = {"id": f"e{len(self._edges)}", "source": source.id, "target": target, "sourceHandle": port}
        known = any({**edge, "id": other["id"]} == other for other in self._edges)
        if not known:
            self._edges.append(edge)
        return source.before | {source.id}

    def _finish(self, place: Place, made: Made, data: dict[str, Any]) -> None:
        """Add the node with what all nodes share."""
        if self._draw.chance(0.3):
            data["label"] = self._draw.pick(_LABELS)
        if self._draw.chance(0.1):
            data["notes"] = "A remark."
        if made.type == "note":
            self._nodes[made.id] = {"id": made.id, "type": "note", "data": data}
            return
        if made.type != "stop":
            self._choose_on_error(made, data)
        if self._draw.chance(self._draw.mix.settled):
            self._settle(data)
        node: dict[str, Any] = {"id": made.id, "type": made.type, "data": data}
        if place.owner is not None:
            node["parentId"] = place.owner
        self._nodes[made.id] = node
        made.ports = ports_of(node)
        if self._draw.chance(self._draw.mix.slow):
            self._expected[made.id] = self._draw.pick((0, 0.005, 0.5, 1, 2, 5))
        place.made.append(made)

    def _choose_on_error(self, made: Made, data: dict[str, Any]) -> None:
        fails = made.caught
        if self._draw.chance(self._draw.mix.forgiving if fails else 0.15):
            data["onError"] = self._draw.pick(("continue", "branch"))

    def _settle(self, data: dict[str, Any]) -> None:
        if self._draw.chance(0.5):
            data["disabled"] = True
        else:
            data["pinned"] = self._draw.pick(
                ({"v": 7}, {"v": [1, {"v": 2}]}, "pin", 5, [1], [], False, {"decision": "rejected"})
            )

    def _exclusive_writes(self, place: Place) -> int:
        """Make a decision whose ways write one variable, and a join that reads it."""
        name = self._draw.variable_name(Site(place, Made("", "", [], frozenset())))
        node, before = self._connected(place)
        decider = Made(node, "conditional", [], before)
        self._finish(place, decider, config("conditional", self._draw, Site(place, decider)))
        data = self._nodes[decider.id]["data"]
        data.pop("disabled", None)
        data.pop("onError", None)
        decider.ports = ["true", "false"]
        writers: list[Made] = []
        for port in ("true", "false"):
            writer = Made(self._new_id(), "variable", ["out"], frozenset())
            writer.before = self._connect(decider, writer.id, port)
            writers.append(writer)
        if place.owner is None and self._draw.chance(0.3):
            for writer in writers:
                writer.type = "output"
                value = self._draw.value(Site(place, writer))
                self._finish(place, writer, {"name": f"result of {decider.id}", "value": value})
        elif not all(Site(place, writer).may_write(name) for writer in writers):
            for writer in writers:
                writer.type = "set"
                self._finish(place, writer, config("set", self._draw, Site(place, writer)))
        else:
            values = [self._draw.value(Site(place, writer)) for writer in writers]
            for writer, value in zip(writers, values, strict=True):
                Site(place, writer).note_write(name)
                self._finish(place, writer, {"name": name, "value": value})
                self._nodes[writer.id]["data"].pop("onError", None)
                writer.ports = ["out"]
        join = Made(self._new_id(), "set", ["out"], frozenset())
        join.before = frozenset().union(*(self._connect(writer, join.id, "out") for writer in writers))
        self._finish(
            place, join, {"fields": {"v": self._draw.value(Site(place, join)), "w": _reading(Site(place, join), name)}}
        )
        return 4

    # Containers

    def _container(self, place: Place, made: Made, budget: int) -> int:
        made.is_container = True
        body = self._draw.random.randint(1, min(7, budget - 1))
        data: dict[str, Any] = {}
        self._nodes[made.id] = {}
        inner = Place(made.id, made.type, made, place, next(self._regions))
        if made.type == "loop":
            data["items"] = self._draw.pick(
                (
                    "${inputs.rows}",
                    "${inputs.list}",
                    [1, 2, 3],
                    [{"v": 1}, {"v": "${inputs.n}"}],
                    [],
                    self._draw.list(Site(place, made)),
                )
            )
            if self._draw.chance(0.15):
                del data["items"]
            if self._draw.chance(0.5):
                data["concurrency"] = self._draw.pick((1, 2, 40, "${inputs.n + 1}"))
            if self._draw.chance(0.5):
                data["onItemError"] = "continue"
        self.fill(inner, body)
        if made.type == "while":
            data["condition"] = self._repetition(place, made, inner)
            data["maxIterations"] = self._draw.pick((1, 2, 3, "${inputs.n + 1}"))
        if self._draw.chance(0.5):
            data["collect"] = self._collection(inner)
        made.size = 4 * sum(min(other.size, 60) for other in inner.made)
        made.caught = any(other.caught for other in inner.made)
        order = list(self._nodes)
        self._finish(place, made, data)
        self._nodes = {key: self._nodes[key] for key in order}
        return 1 + len(inner.made)

    def _repetition(self, place: Place, made: Made, inner: Place) -> Any:
        forms = [f"{made.id}.index < {self._draw.pick((0, 1, 2, 5))}", "inputs.flag", "true"]
        for other in inner.made:
            forms.append(f"$not({other.id}.output.v = 2) and {made.id}.index < 3")
            forms.append(f"$type({other.id}.output) = 'null'")
        site = Site(place, made)
        names = [name for name in inner.writes if site.may_read(name)]
        forms += [f"$type(vars.{name}) != 'number' or vars.{name} < 3" for name in names]
        chosen = self._draw.pick(forms)
        for name in names:
            if f"vars.{name}" in chosen:
                site.note_read(name)
        return f"${{{chosen}}}"

    def _collection(self, inner: Place) -> Any:
        parts: dict[str, Any] = {"index": f"${{{inner.owner}.index}}"}
        for other in inner.made:
            if other.size < 60:
                parts[other.id] = f"${{{other.id}.output}}"
            else:
                parts[other.id] = f"${{{other.id}.output.v}}"
        if inner.kind == "loop":
            parts["item"] = f"${{{inner.owner}.item}}"
        if self._draw.chance(0.3) and inner.made:
            return f"${{{self._draw.pick(inner.made).id}.output.v}}"
        return parts


def _reading(site: Site, name: str) -> str | None:
    if not (site.is_written(name) and site.may_read(name)):
        return None
    site.note_read(name)
    return f"${{vars.{name}}}"
