"""Records as items: which class lies where, and which of its fields are bodies."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from millrace.store.bodies import Bodies
from millrace.store.errors import RecordTooLargeError
from millrace.store.json_text import json_text, read_json
from millrace.store.keys import Key
from millrace.store.records import (
    Connection,
    LogLine,
    Run,
    RunStatus,
    Step,
    StepStatus,
    Trigger,
    Version,
    Waiting,
    Workflow,
)
from millrace.store.schema import RECORD
from millrace.store.table import Item, Table, integer, text


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


R = TypeVar("R", bound=_Dataclass)

_RECORD_BYTES: Final = 64 * 1024
"""How much a record without its bodies may take: three indexes repeat it."""


@dataclass(frozen=True, slots=True)
class Shape(Generic[R]):
    """How a class of records becomes an item.

    Attributes:
        bodies: Fields that may be large; lists of versions and runs leave them out.
        converted: What makes a field of its JSON value.
        elsewhere: Fields that lie in other items.
        brief: What a list shows of bodies, by field.
    """

    record: type[R]
    bodies: tuple[str, ...] = ()
    converted: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict[str, Callable[[Any], Any]])
    elsewhere: tuple[str, ...] = ()
    brief: Callable[[R], dict[str, Any]] | None = None


def _run_in_brief(run: Run) -> dict[str, Any]:
    """Give the type of what started a run; what else came with it may be large."""
    return {"trigger": {"type": run.trigger.get("type")} if isinstance(run.trigger, dict) else None}


WORKFLOW: Final = Shape(Workflow, converted={"tags": tuple}, elsewhere=("last_run", "last_status"))
VERSION: Final = Shape(Version, bodies=("document", "compilation"))
RUN: Final = Shape(Run, bodies=("inputs", "outputs", "trigger"), converted={"status": RunStatus}, brief=_run_in_brief)
STEP: Final = Shape(
    Step, bodies=("input", "output", "error", "console"), converted={"status": StepStatus, "console": tuple}
)
LOG_LINE: Final = Shape(LogLine, bodies=("message", "metadata"))
TRIGGER: Final = Shape(Trigger, bodies=("config",))
WAITING: Final = Shape(Waiting)
CONNECTION: Final = Shape(Connection, elsewhere=("runs",))


class Items:
    """What the parts of the store share: a table, a place for bodies, and a clock in seconds since 1970."""

    def __init__(self, table: Table, bodies: Bodies, clock: Callable[[], float]) -> None:
        self._table = table
        self._bodies = bodies
        self._clock = clock

    def _item(self, shape: Shape[R], record: R, key: Key, scope: str = "", **attributes: Any) -> Item:
        """Give a record's item; large bodies are in the bucket then.

        Args:
            shape: The record's.
            record: What to keep.
            key: Where.
            scope: The folder of its bodies in the bucket.
            attributes: Attribute values beside these; None: absent.
        """
        names = [field.name for field in dataclasses.fields(record)]
        left_out = {*shape.bodies, *shape.elsewhere}
        values = {name: getattr(record, name) for name in names if name not in left_out}
        content = json_text({**values, **(shape.brief(record) if shape.brief else {})})
        if len(content) > _RECORD_BYTES:
            raise RecordTooLargeError(key.pk, len(content), _RECORD_BYTES)
        bodies = {name: json_text(getattr(record, name)) for name in shape.bodies if _filled(getattr(record, name))}
        return {
            **_key_attributes(key),
            RECORD: text(content.decode()),
            **self._bodies.place(scope, bodies),
            **{name: value for name, value in attributes.items() if value is not None},
        }

    def _records(self, shape: Shape[R], items: Iterable[Item], **fields: Any) -> tuple[R, ...]:
        """Give the records of items."""
        items = list(items)
        return tuple(
            _record(shape, item, {**bodies, **fields})
            for item, bodies in zip(items, self._bodies.read(items), strict=True)
        )

    def _found(self, shape: Shape[R], item: Item | None, **fields: Any) -> R | None:
        """Give the record of an item, if there is one."""
        return None if item is None else self._records(shape, [item], **fields)[0]

    def _expiry(self, seconds: float) -> dict[str, Any]:
        """Give the attribute of an item that expires in so many seconds."""
        return integer(int(self._clock() + seconds))


def plain_item(key: Key, **attributes: Any) -> Item:
    """Give an item that is no record; what is None is absent."""
    return {**_key_attributes(key), **{name: value for name, value in attributes.items() if value is not None}}


def indexed(number: int, partition: str, sort: str) -> Item:
    """Give the attributes that put an item into an index."""
    return {f"pk{number}": text(partition), f"sk{number}": text(sort)}


def _record(shape: Shape[R], item: Item, given: Mapping[str, Any]) -> R:
    values: Any = read_json(item[RECORD]["S"])
    known = {field.name: field for field in dataclasses.fields(shape.record)}
    # A body that is not read, or empty.
    absent = {name: None for name in shape.bodies if known[name].default is dataclasses.MISSING}
    values = {**absent, **values, **given}
    for name, convert in shape.converted.items():
        if values.get(name) is not None:
            values[name] = convert(values[name])
    return shape.record(**{name: value for name, value in values.items() if name in known})


def _key_attributes(key: Key) -> Item:
    return {"pk": text(key.pk), "sk": text(key.sk)}


def _filled(value: Any) -> bool:
    return value is not None and value != ()
