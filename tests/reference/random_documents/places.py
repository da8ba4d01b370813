"""Where a node of a random document stands, and what it may read and write there."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Made:
    """A node that was made.

    Attributes:
        before: Its ancestors in its region.
        size: About how many values its output holds.
        caught: Whether it may fail.
    """

    id: str
    type: str
    ports: list[str]
    before: frozenset[str]
    size: int = 2
    caught: bool = False
    is_container: bool = False


@dataclass(slots=True)
class Place:
    """A region that is being filled.

    Attributes:
        owner: The container's id; None for the top.
        kind: The container's type.
        holder: The container, as a node of the region around.
        number: Different for each region of a document.
        reads, writes: Nodes of this region that read or write a variable, themselves or inside of them.
    """

    owner: str | None = None
    kind: str = ""
    holder: Made | None = None
    outer: "Place | None" = None
    number: int = 0
    made: list[Made] = field(default_factory=list[Made])
    reads: dict[str, set[str]] = field(default_factory=dict[str, "set[str]"])
    writes: dict[str, set[str]] = field(default_factory=dict[str, "set[str]"])

    def depth(self) -> int:
        """Give how many containers are around."""
        return 0 if self.outer is None else self.outer.depth() + 1

    def loop(self) -> int:
        """Give the number of the loop whose items' variables are in reach; 0 outside of loops."""
        if self.kind == "loop":
            return self.number
        return 0 if self.outer is None else self.outer.loop()


@dataclass(frozen=True, slots=True)
class Site:
    """A node in its place.

    An access to a variable is drawn only where edges order it with all those that are there, as the language asks.
    """

    place: Place
    node: Made

    def levels(self) -> Iterator[tuple[Place, Made]]:
        """Give the regions around, the innermost first, each with the node of it that this one is or lies in."""
        place: Place | None = self.place
        node: Made | None = self.node
        while place is not None and node is not None:
            yield place, node
            place, node = place.outer, place.holder

    def readable(self) -> list[Made]:
        """Give the nodes whose outputs it may read."""
        return [other for place, node in self.levels() for other in place.made if other.id in node.before]

    def around(self) -> Iterator[str]:
        """Give what it may read of the containers around."""
        for place, _ in self.levels():
            if place.owner is not None:
                yield f"{place.owner}.index"
                if place.kind == "loop":
                    yield from (f"{place.owner}.item", f"{place.owner}.item.v") * 2

    def may_write(self, name: str) -> bool:
        """Whether every access to a variable comes before it."""
        for place, node in self.levels():
            others = place.writes.get(name, set()) | place.reads.get(name, set())
            if not others <= node.before | {node.id}:
                return False
            if place.kind == "loop":
                return True
        return True

    def may_read(self, name: str) -> bool:
        """Whether every write of a variable comes before it, or follows from an iteration of a while around."""
        return all(place.writes.get(name, set()) <= node.before | {node.id} for place, node in self.levels())

    def note_write(self, name: str) -> None:
        """Remember that it writes a variable; what a loop writes stays in it."""
        for place, node in self.levels():
            place.writes.setdefault(name, set()).add(node.id)
            if place.kind == "loop":
                return

    def note_read(self, name: str) -> None:
        """Remember that it reads a variable."""
        for place, node in self.levels():
            place.reads.setdefault(name, set()).add(node.id)

    def is_written(self, name: str) -> bool:
        """Whether anything writes a variable."""
        return any(name in place.writes for place, _ in self.levels())
