"""Reading one state of each type.

Source: Amazon States Language specification, "States".
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from millrace.engine.definition import (
    Branch,
    Catcher,
    ChoiceRule,
    ChoiceState,
    FailState,
    MapState,
    ParallelState,
    PassState,
    Retrier,
    State,
    SucceedState,
    TaskState,
    WaitState,
)
from millrace.engine.dialect import Dialect
from millrace.engine.distributed_parsing import read_distributed
from millrace.engine.errors import ALL
from millrace.engine.fields import Fields, found
from millrace.engine.literals import LiteralNumber
from millrace.engine.resource import Resource
from millrace.engine.shapes import BRANCH_SHAPE, CATCHER_SHAPES, PROCESSOR_SHAPE, RETRIER_SHAPE, Shape
from millrace.model.ids import StateName

LONGEST_RETRY_DELAY: Final = 31_622_400
_PROCESSORS: Final = ("ItemProcessor", "Iterator")
_UNLIMITED: Final = LiteralNumber(0)
_NO_BRANCH: Final = Branch(StateName(""))
_NO_RESOURCE: Final = Resource.parse("arn:aws:states:::lambda:invoke")

ScopeReader: TypeAlias = Callable[[Fields], Branch]


def read_pass(name: StateName, fields: Fields, _scope: ScopeReader, dialect: Dialect) -> State:
    """Read a Pass."""
    return PassState(name=name, next=fields.next(), flow=dialect.flow(fields))


def read_succeed(name: StateName, fields: Fields, _scope: ScopeReader, dialect: Dialect) -> State:
    """Read a Succeed."""
    return SucceedState(name=name, flow=dialect.passage(fields))


def read_fail(name: StateName, fields: Fields, _scope: ScopeReader, dialect: Dialect) -> State:
    """Read a Fail."""
    return FailState(
        name=name,
        flow=dialect.passage(fields),
        error=dialect.text(fields, "Error"),
        cause=dialect.text(fields, "Cause"),
    )


def read_choice(name: StateName, fields: Fields, _scope: ScopeReader, dialect: Dialect) -> State:
    """Read a Choice."""
    default = fields.values.get("Default")
    return ChoiceState(
        name=name,
        flow=dialect.passage(fields),
        rules=tuple(_rule(rule, fields, dialect) for rule in fields.objects("Choices", "rule", required=True)),
        default=StateName(default) if isinstance(default, str) else None,
    )


def read_wait(name: StateName, fields: Fields, _scope: ScopeReader, dialect: Dialect) -> State:
    """Read a Wait."""
    given = [field for field in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if field in fields.values]
    if len(given) != 1:
        fields.fault(
            "",
            'expected exactly one of "Seconds" and "Timestamp" (or their Path), '
            f"found {' and '.join(given) or 'neither'}",
        )
    return WaitState(
        name=name,
        next=fields.next(),
        flow=dialect.passage(fields),
        seconds=dialect.seconds(fields, "Seconds"),
        timestamp=dialect.moment(fields),
    )


def read_task(name: StateName, fields: Fields, _scope: ScopeReader, dialect: Dialect) -> State:
    """Read a Task."""
    timeout, heartbeat = fields.values.get("TimeoutSeconds"), fields.values.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        fields.fault("HeartbeatSeconds", f"expected less than TimeoutSeconds ({timeout}), found {heartbeat}")
    return TaskState(
        name=name,
        next=fields.next(),
        flow=dialect.flow(fields),
        retriers=_retriers(fields),
        catchers=_catchers(fields, dialect),
        resource=_resource(fields),
        credentials=dialect.template(fields, "Credentials"),
        timeout=dialect.seconds(fields, "TimeoutSeconds", low=1),
        heartbeat=dialect.seconds(fields, "HeartbeatSeconds", low=1),
    )


def read_parallel(name: StateName, fields: Fields, scope: ScopeReader, dialect: Dialect) -> State:
    """Read a Parallel, with its branches."""
    branches = fields.objects("Branches", "branch", required=True)
    return ParallelState(
        name=name,
        next=fields.next(),
        flow=dialect.flow(fields),
        retriers=_retriers(fields),
        catchers=_catchers(fields, dialect),
        branches=tuple(_branch(branch, scope, BRANCH_SHAPE) for branch in branches),
    )


def read_map(name: StateName, fields: Fields, scope: ScopeReader, dialect: Dialect) -> State:
    """Read a Map, with its processor."""
    processor = _processor(fields)
    return MapState(
        name=name,
        next=fields.next(),
        flow=dialect.flow(fields),
        retriers=_retriers(fields),
        catchers=_catchers(fields, dialect),
        processor=_NO_BRANCH if processor is None else _branch(processor, scope, PROCESSOR_SHAPE),
        items=dialect.items(fields),
        selector=dialect.selector(fields),
        concurrency=dialect.count(fields, "MaxConcurrency") or _UNLIMITED,
        tolerated_count=dialect.count(fields, "ToleratedFailureCount"),
        tolerated_percentage=dialect.count(fields, "ToleratedFailurePercentage", high=100, whole=False),
        distributed=None if processor is None else read_distributed(name, fields, processor, dialect),
    )


READERS: Final[Mapping[str, Callable[[StateName, Fields, ScopeReader, Dialect], State]]] = {
    "Pass": read_pass,
    "Succeed": read_succeed,
    "Fail": read_fail,
    "Choice": read_choice,
    "Wait": read_wait,
    "Task": read_task,
    "Parallel": read_parallel,
    "Map": read_map,
}


def _rule(fields: Fields, state: Fields, dialect: Dialect) -> ChoiceRule:
    condition, flow = dialect.rule(fields, state)
    return ChoiceRule(condition=condition, next=fields.next() or StateName(""), flow=flow)


def _resource(fields: Fields) -> Resource:
    if not fields.require("Resource"):
        return _NO_RESOURCE
    arn = fields.values["Resource"]
    if not isinstance(arn, str):
        fields.fault("Resource", f"expected the ARN of what does the task, found {found(arn)}")
        return _NO_RESOURCE
    try:
        return Resource.parse(arn)
    except ValueError as error:
        fields.fault("Resource", str(error))
        return _NO_RESOURCE


def _branch(fields: Fields, scope: ScopeReader, shape: Shape) -> Branch:
    fields.only(shape)
    return scope(fields)


def _processor(fields: Fields) -> Fields | None:
    """Find a Map's processor; Iterator is its former name."""
    fields.one_at_most(*_PROCESSORS)
    for name in _PROCESSORS:
        if name in fields.values:
            return fields.object(name, "a processor with StartAt and States")
    fields.require("ItemProcessor")
    return None


def _retriers(fields: Fields) -> tuple[Retrier, ...]:
    rules = fields.objects("Retry", "retrier")
    return tuple(_retrier(rule, last=rule is rules[-1]) for rule in rules)


def _retrier(fields: Fields, *, last: bool) -> Retrier:
    fields.only(RETRIER_SHAPE)
    interval = fields.number("IntervalSeconds", low=1)
    attempts = fields.number("MaxAttempts", low=0)
    backoff = fields.number("BackoffRate", low=1, whole=False)
    return Retrier(
        errors=_errors(fields, last=last),
        interval=1 if interval is None else interval,
        attempts=3 if attempts is None else int(attempts),
        backoff=2.0 if backoff is None else backoff,
        longest=fields.number("MaxDelaySeconds", low=1, high=LONGEST_RETRY_DELAY),
        jitter=fields.choice("JitterStrategy", ("FULL", "NONE"), "NONE") == "FULL",
    )


def _catchers(fields: Fields, dialect: Dialect) -> tuple[Catcher, ...]:
    rules = fields.objects("Catch", "catcher")
    return tuple(_catcher(rule, dialect, last=rule is rules[-1]) for rule in rules)


def _catcher(fields: Fields, dialect: Dialect, *, last: bool) -> Catcher:
    fields.only(CATCHER_SHAPES[dialect.name])
    return Catcher(errors=_errors(fields, last=last), next=fields.next() or StateName(""), flow=dialect.catcher(fields))


def _errors(fields: Fields, *, last: bool) -> tuple[str, ...]:
    if not fields.require("ErrorEquals"):
        return ()
    value = fields.values["ErrorEquals"]
    names = tuple(name for name in value if isinstance(name, str)) if isinstance(value, list) else ()
    if not isinstance(value, list) or not value or len(names) < len(value):
        fields.fault("ErrorEquals", f"expected a list of at least one error name, found {found(value)}")
    elif ALL in names and (len(names) > 1 or not last):
        fields.fault("ErrorEquals", f"expected {ALL} to stand alone and in the last rule; it matches every error")
    return names
