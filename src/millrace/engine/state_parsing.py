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
    MapMode,
    MapState,
    ParallelState,
    PassState,
    Retrier,
    State,
    SucceedState,
    TaskState,
    WaitState,
)
from millrace.engine.errors import ALL
from millrace.engine.expressions import Expression
from millrace.engine.fields import Fields, found
from millrace.engine.resource import Resource
from millrace.engine.shapes import NESTED_FIELDS, RETRIER_FIELDS
from millrace.engine.templates import BROKEN, Constant, Template
from millrace.model.ids import StateName

LONGEST_RETRY_DELAY: Final = 31_622_400

ScopeReader: TypeAlias = Callable[[Fields], Branch]


def read_pass(name: StateName, fields: Fields, _scope: ScopeReader) -> State:
    """Read a Pass."""
    return PassState(name=name, next=fields.next(), assign=fields.assign(), output=fields.template("Output"))


def read_succeed(name: StateName, fields: Fields, _scope: ScopeReader) -> State:
    """Read a Succeed."""
    return SucceedState(name=name, assign=fields.assign(), output=fields.template("Output"))


def read_fail(name: StateName, fields: Fields, _scope: ScopeReader) -> State:
    """Read a Fail."""
    return FailState(name=name, error=fields.text("Error"), cause=fields.text("Cause"))


def read_choice(name: StateName, fields: Fields, _scope: ScopeReader) -> State:
    """Read a Choice."""
    default = fields.values.get("Default")
    return ChoiceState(
        name=name,
        rules=tuple(_rule(rule) for rule in fields.objects("Choices", "rule", required=True)),
        default=StateName(default) if isinstance(default, str) else None,
        assign=fields.assign(),
        output=fields.template("Output"),
    )


def read_wait(name: StateName, fields: Fields, _scope: ScopeReader) -> State:
    """Read a Wait."""
    if ("Seconds" in fields.values) == ("Timestamp" in fields.values):
        fields.fault("", 'expected exactly one of "Seconds" and "Timestamp"')
    return WaitState(
        name=name,
        next=fields.next(),
        assign=fields.assign(),
        output=fields.template("Output"),
        seconds=fields.count("Seconds"),
        timestamp=fields.text("Timestamp"),
    )


def read_task(name: StateName, fields: Fields, _scope: ScopeReader) -> State:
    """Read a Task."""
    timeout, heartbeat = fields.values.get("TimeoutSeconds"), fields.values.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        fields.fault("HeartbeatSeconds", f"expected less than TimeoutSeconds ({timeout}), found {heartbeat}")
    return TaskState(
        name=name,
        next=fields.next(),
        assign=fields.assign(),
        output=fields.template("Output"),
        retriers=_retriers(fields),
        catchers=_catchers(fields),
        resource=_resource(fields),
        arguments=fields.template("Arguments"),
        credentials=fields.template("Credentials"),
        timeout=fields.count("TimeoutSeconds", low=1),
        heartbeat=fields.count("HeartbeatSeconds", low=1),
    )


def read_parallel(name: StateName, fields: Fields, scope: ScopeReader) -> State:
    """Read a Parallel, with its branches."""
    return ParallelState(
        name=name,
        next=fields.next(),
        assign=fields.assign(),
        output=fields.template("Output"),
        retriers=_retriers(fields),
        catchers=_catchers(fields),
        arguments=fields.template("Arguments"),
        branches=tuple(_branch(branch, scope) for branch in fields.objects("Branches", "branch", required=True)),
    )


def read_map(name: StateName, fields: Fields, scope: ScopeReader) -> State:
    """Read a Map, with its processor."""
    processor = fields.object("ItemProcessor", "a processor with StartAt and States")
    mode = MapMode.INLINE
    if processor is not None and "ProcessorConfig" in processor.values:
        config = processor.object("ProcessorConfig", "an object with Mode")
        if config is not None:
            mode = MapMode(config.choice("Mode", tuple(MapMode), MapMode.INLINE))
    return MapState(
        name=name,
        next=fields.next(),
        assign=fields.assign(),
        output=fields.template("Output"),
        retriers=_retriers(fields),
        catchers=_catchers(fields),
        processor=Branch(StateName("")) if processor is None else _branch(processor, scope),
        mode=mode,
        items=_items(fields),
        selector=fields.template("ItemSelector"),
        concurrency=fields.count("MaxConcurrency"),
        tolerated_count=fields.count("ToleratedFailureCount"),
        tolerated_percentage=fields.count("ToleratedFailurePercentage", high=100, whole=False),
    )


READERS: Final[Mapping[str, Callable[[StateName, Fields, ScopeReader], State]]] = {
    "Pass": read_pass,
    "Succeed": read_succeed,
    "Fail": read_fail,
    "Choice": read_choice,
    "Wait": read_wait,
    "Task": read_task,
    "Parallel": read_parallel,
    "Map": read_map,
}


def _rule(fields: Fields) -> ChoiceRule:
    fields.only(NESTED_FIELDS["Choices"], "a rule")
    condition = fields.values.get("Condition")
    compiled = condition if isinstance(condition, bool) else fields.template("Condition")
    if not isinstance(compiled, bool | Expression):
        if compiled is not BROKEN:
            fields.fault("Condition", f'expected true, false or an expression "{{% ... %}}", found {found(condition)}')
        compiled = False
    return ChoiceRule(
        condition=compiled,
        next=fields.next() or StateName(""),
        assign=fields.assign(),
        output=fields.template("Output"),
    )


def _resource(fields: Fields) -> Resource:
    arn = fields.values.get("Resource")
    if not isinstance(arn, str):
        fields.fault("Resource", f"expected the ARN of what does the task, found {found(arn)}")
    else:
        try:
            return Resource.parse(arn)
        except ValueError as error:
            fields.fault("Resource", str(error))
    return Resource.parse("arn:aws:states:::lambda:invoke")


def _branch(fields: Fields, scope: ScopeReader) -> Branch:
    fields.only(NESTED_FIELDS["Branches"], "a branch")
    return scope(fields)


def _items(fields: Fields) -> Template | None:
    template = fields.template("Items")
    if isinstance(template, Constant) and template is not BROKEN and not isinstance(template.value, list):
        fields.fault("Items", f'expected an array or an expression "{{% ... %}}", found {found(template.value)}')
    return template


def _retriers(fields: Fields) -> tuple[Retrier, ...]:
    rules = fields.objects("Retry", "retrier")
    return tuple(_retrier(rule, last=rule is rules[-1]) for rule in rules)


def _retrier(fields: Fields, *, last: bool) -> Retrier:
    fields.only(RETRIER_FIELDS, "a retrier")
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


def _catchers(fields: Fields) -> tuple[Catcher, ...]:
    rules = fields.objects("Catch", "catcher")
    return tuple(_catcher(rule, last=rule is rules[-1]) for rule in rules)


def _catcher(fields: Fields, *, last: bool) -> Catcher:
    fields.only(NESTED_FIELDS["Catch"], "a catcher")
    return Catcher(
        errors=_errors(fields, last=last),
        next=fields.next() or StateName(""),
        assign=fields.assign(),
        output=fields.template("Output"),
    )


def _errors(fields: Fields, *, last: bool) -> tuple[str, ...]:
    value = fields.values.get("ErrorEquals")
    names = tuple(name for name in value if isinstance(name, str)) if isinstance(value, list) else ()
    if not isinstance(value, list) or not value or len(names) < len(value):
        fields.fault("ErrorEquals", f"expected a list of at least one error name, found {found(value)}")
    elif ALL in names and (len(names) > 1 or not last):
        fields.fault("ErrorEquals", f"expected {ALL} to stand alone and in the last rule; it matches every error")
    return names
