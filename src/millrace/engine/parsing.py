"""Reading a definition: every fault is found before any is reported.

Source: Amazon States Language specification; limits from "Step Functions service quotas".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar, cast

import orjson

from millrace.engine.definition import (
    Assignments,
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
    StateMachine,
    SucceedState,
    TaskState,
    WaitState,
)
from millrace.engine.errors import ALL, DefinitionError, Problem
from millrace.engine.expressions import Constant, Expression, Template, TemplateCompiler
from millrace.engine.resource import Resource
from millrace.engine.shapes import (
    FIELDS,
    WITHOUT_NEXT,
    JSONPATH_FIELDS,
    MACHINE_FIELDS,
    NESTED_FIELDS,
    RETRIER_FIELDS,
)
from millrace.model.ids import StateName
from millrace.model.json import Json, type_of

NAME_LIMIT: Final = 80

_T = TypeVar("_T")


def load(definition: Json | str | bytes) -> StateMachine:
    """Load a definition, given as JSON text or as the value that it stands for.

    Raises:
        DefinitionError: It has faults; all are listed, each with its path.
    """
    reader = _Reader()
    machine = reader.machine(definition)
    if reader.problems:
        raise DefinitionError(reader.problems)
    return machine


def validate(definition: Json | str | bytes) -> tuple[Problem, ...]:
    """List everything that is wrong with a definition; nothing when it loads."""
    try:
        load(definition)
    except DefinitionError as error:
        return error.problems
    return ()


class _Reader:
    """Reads one definition and collects its faults."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.states: dict[StateName, State] = {}
        self._templates = TemplateCompiler()
        self._machine_language = "JSONPath"
        self._readers: Mapping[str, Callable[[StateName, dict[str, Json], str], State]] = {
            "Pass": self._pass,
            "Succeed": self._succeed,
            "Fail": self._fail,
            "Choice": self._choice,
            "Wait": self._wait,
            "Task": self._task,
            "Parallel": self._parallel,
            "Map": self._map,
        }

    def machine(self, definition: Json | str | bytes) -> StateMachine:
        empty = StateMachine(StateName(""), {})
        if isinstance(definition, str | bytes):
            try:
                definition = cast("Json", orjson.loads(definition))
            except orjson.JSONDecodeError as error:
                self.fault("", f"expected the JSON of a state machine: {error}")
                return empty
        fields = self._object(definition, "", "a state machine")
        if fields is None:
            return empty
        self._unknown(fields, MACHINE_FIELDS, "", "a state machine")
        self._machine_language = self._language(fields, "", "JSONPath")
        branch = self._scope(fields, "")
        timeout = self._number(fields, "TimeoutSeconds", "", low=1, whole=True)
        comment = fields.get("Comment")
        return StateMachine(branch.start_at, self.states, timeout, comment if isinstance(comment, str) else "")

    def fault(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    # ---- scopes and states

    def _scope(self, fields: dict[str, Json], path: str) -> Branch:
        states = self._object(fields.get("States"), f"{path}/States", "an object of states")
        start = fields.get("StartAt")
        if states is None:
            return Branch(StateName(""))
        if not states:
            self.fault(f"{path}/States", "expected at least one state, found none")
        if not isinstance(start, str):
            self.fault(f"{path}/StartAt", f"expected the name of a state, found {_found(start)}")
            start = ""
        elif start not in states:
            self.fault(f"{path}/StartAt", f"expected one of the scope's states, found {start!r}{_one_of(states)}")
        edges: dict[str, list[tuple[str, str]]] = {}
        readable = True
        for name, body in states.items():
            found = self._state(StateName(name), body, f"{path}/States/{_escape(name)}")
            readable = readable and found is not None
            edges[name] = found or []
        self._targets(edges)
        if readable:
            self._reachability(path, start, edges)
        return Branch(StateName(start))

    def _state(self, name: StateName, body: Json, path: str) -> list[tuple[str, str]] | None:
        """Read a state; give the paths and names of the states that it leads to, None when they cannot be known."""
        if not 1 <= len(name) <= NAME_LIMIT:
            self.fault(path, f"expected a state name of 1 to {NAME_LIMIT} characters, found {len(name)}")
        if name in self.states:
            self.fault(path, f"expected state names to be unique in the whole machine, found {name!r} twice; rename one")
        fields = self._object(body, path, "a state")
        if fields is None:
            return None
        kind = fields.get("Type")
        if not isinstance(kind, str) or kind not in self._readers:
            self.fault(f"{path}/Type", f"expected one of {', '.join(self._readers)}, found {_found(kind)}")
            return None
        language = self._language(fields, path, self._machine_language)
        if language != "JSONata":
            self.fault(
                path,
                f"state {name!r} is written for JSONPath, which is not supported yet; "
                'write it in JSONata and set "QueryLanguage": "JSONata" on the machine or on the state',
            )
            return None
        self._unknown(fields, FIELDS[kind], path, f"a {kind} state")
        self.states[name] = self._readers[kind](name, fields, path)
        self._nested_faults(path)
        return self._edges(kind, fields, path)

    def _nested_faults(self, path: str) -> None:
        for location, message in self._templates.faults:
            self.fault(f"{path}/{location.replace('[', '/').replace(']', '')}", message)
        self._templates.faults.clear()

    def _language(self, fields: dict[str, Json], path: str, inherited: str) -> str:
        language = fields.get("QueryLanguage", inherited)
        if language not in ("JSONata", "JSONPath"):
            self.fault(f"{path}/QueryLanguage", f'expected "JSONata" or "JSONPath", found {_found(language)}')
            return "JSONata"
        if language == "JSONPath" and inherited == "JSONata" and path:
            self.fault(
                f"{path}/QueryLanguage",
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
            )
            return "JSONata"
        return str(language)

    def _edges(self, kind: str, fields: dict[str, Json], path: str) -> list[tuple[str, str]]:
        edges: list[tuple[str, Json]] = []
        if kind == "Choice":
            if "Default" in fields:
                edges.append((f"{path}/Default", fields["Default"]))
        elif kind not in WITHOUT_NEXT:
            self._transition(fields, path)
            if "Next" in fields:
                edges.append((f"{path}/Next", fields["Next"]))
        for list_name in ("Choices", "Catch"):
            rules = fields.get(list_name)
            for index, rule in enumerate(rules if isinstance(rules, list) else ()):
                if isinstance(rule, dict):
                    edges.append((f"{path}/{list_name}/{index}/Next", rule.get("Next")))
        named: list[tuple[str, str]] = []
        for where, target in edges:
            if isinstance(target, str):
                named.append((where, target))
            else:
                self.fault(where, f"expected the name of a state, found {_found(target)}")
        return named

    def _transition(self, fields: dict[str, Json], path: str) -> None:
        end = fields.get("End")
        if "End" in fields and not isinstance(end, bool):
            self.fault(f"{path}/End", f"expected true, found {_found(end)}")
        if ("Next" in fields) == (end is True):
            found = "both" if "Next" in fields else "neither"
            self.fault(path, f'expected either "Next" or "End": true, found {found}')

    def _targets(self, edges: dict[str, list[tuple[str, str]]]) -> None:
        for targets in edges.values():
            for where, target in targets:
                if target not in edges:
                    self.fault(where, f"expected one of the scope's states, found {target!r}{_one_of(edges)}")

    def _reachability(self, path: str, start: str, edges: dict[str, list[tuple[str, str]]]) -> None:
        seen = {start} & edges.keys()
        open_names = list(seen)
        while open_names:
            for _, target in edges[open_names.pop()]:
                if target in edges and target not in seen:
                    seen.add(target)
                    open_names.append(target)
        for name in edges:
            if start in edges and name not in seen:
                self.fault(
                    f"{path}/States/{_escape(name)}", f"state {name!r} is not reachable; lead a Next to it or remove it"
                )

    # ---- the states

    def _pass(self, name: StateName, fields: dict[str, Json], path: str) -> State:
        return PassState(
            name=name, next=_next(fields), assign=self._assign(fields, path), output=self._template(fields, "Output")
        )

    def _succeed(self, name: StateName, fields: dict[str, Json], path: str) -> State:
        return SucceedState(name=name, assign=self._assign(fields, path), output=self._template(fields, "Output"))

    def _fail(self, name: StateName, fields: dict[str, Json], path: str) -> State:
        return FailState(
            name=name, error=self._text(fields, "Error", path), cause=self._text(fields, "Cause", path)
        )

    def _choice(self, name: StateName, fields: dict[str, Json], path: str) -> State:
        rules = self._list(fields, "Choices", path, "a list of at least one rule", required=True)
        default = fields.get("Default")
        return ChoiceState(
            name=name,
            rules=tuple(self._rule(rule, index, path) for index, rule in enumerate(rules)),
            default=StateName(default) if isinstance(default, str) else None,
            assign=self._assign(fields, path),
            output=self._template(fields, "Output"),
        )

    def _rule(self, rule: Json, index: int, path: str) -> ChoiceRule:
        where, location = f"{path}/Choices/{index}", f"Choices[{index}]"
        fields = self._object(rule, where, "a rule") or {}
        self._unknown(fields, NESTED_FIELDS["Choice"], where, "a rule")
        condition = fields.get("Condition")
        compiled = self._templates.compile(condition, f"{location}/Condition")
        if not isinstance(condition, bool) and not isinstance(compiled, Expression) and not self._templates.faults:
            self.fault(
                f"{where}/Condition", f'expected true, false or an expression "{{% ... %}}", found {_found(condition)}'
            )
        return ChoiceRule(
            condition=compiled if isinstance(compiled, Expression) else condition is True,
            next=StateName(str(fields.get("Next"))),
            assign=self._assign(fields, where, f"{location}/"),
            output=self._template(fields, "Output", f"{location}/"),
        )

    def _wait(self, name: StateName, fields: dict[str, Json], path: str) -> State:
        if ("Seconds" in fields) == ("Timestamp" in fields):
            self.fault(path, 'expected exactly one of "Seconds" and "Timestamp"')
        return WaitState(
            name=name,
            next=_next(fields),
            assign=self._assign(fields, path),
            output=self._template(fields, "Output"),
            seconds=self._count(fields, "Seconds", path),
            timestamp=self._text(fields, "Timestamp", path),
        )

    def _task(self, name: StateName, fields: dict[str, Json], path: str) -> State:
        return TaskState(
            name=name,
            next=_next(fields),
            assign=self._assign(fields, path),
            output=self._template(fields, "Output"),
            retriers=self._retry(fields, path),
            catchers=self._catch(fields, path),
            resource=self._resource(fields, path),
            arguments=self._template(fields, "Arguments"),
            credentials=self._template(fields, "Credentials"),
            timeout=self._count(fields, "TimeoutSeconds", path, low=1),
            heartbeat=self._count(fields, "HeartbeatSeconds", path, low=1),
        )

    def _resource(self, fields: dict[str, Json], path: str) -> Resource:
        arn = fields.get("Resource")
        try:
            if not isinstance(arn, str):
                raise ValueError(f"expected the ARN of what does the task, found {_found(arn)}")  # noqa: TRY301, TRY004 - reported below with the others
            return Resource.parse(arn)
        except ValueError as error:
            self.fault(f"{path}/Resource", str(error))
            return Resource.parse("arn:aws:states:::lambda:invoke")

    def _parallel(self, name: StateName, fields: dict[str, Json], path: str) -> State:
        branches = self._list(fields, "Branches", path, "a list of at least one branch", required=True)
        return ParallelState(
            name=name,
            next=_next(fields),
            assign=self._assign(fields, path),
            output=self._template(fields, "Output"),
            retriers=self._retry(fields, path),
            catchers=self._catch(fields, path),
            arguments=self._template(fields, "Arguments"),
            branches=tuple(self._branch(body, f"{path}/Branches/{index}") for index, body in enumerate(branches)),
        )

    def _branch(self, body: Json, path: str) -> Branch:
        fields = self._object(body, path, "a branch with StartAt and States")
        if fields is None:
            return Branch(StateName(""))
        self._unknown(fields, NESTED_FIELDS["Branch"], path, "a branch")
        with _KeptFaults(self._templates):
            return self._scope(fields, path)

    def _map(self, name: StateName, fields: dict[str, Json], path: str) -> State:
        processor = fields.get("ItemProcessor")
        mode = MapMode.INLINE
        if isinstance(processor, dict) and isinstance(config := processor.get("ProcessorConfig"), dict):
            given = config.get("Mode", "INLINE")
            if given not in tuple(MapMode):
                self.fault(
                    f"{path}/ItemProcessor/ProcessorConfig/Mode", f'expected "INLINE" or "DISTRIBUTED", found {_found(given)}'
                )
            else:
                mode = MapMode(str(given))
        return MapState(
            name=name,
            next=_next(fields),
            assign=self._assign(fields, path),
            output=self._template(fields, "Output"),
            retriers=self._retry(fields, path),
            catchers=self._catch(fields, path),
            processor=self._branch(processor, f"{path}/ItemProcessor"),
            mode=mode,
            items=self._items(fields, path),
            selector=self._template(fields, "ItemSelector"),
            concurrency=self._count(fields, "MaxConcurrency", path),
            tolerated_count=self._count(fields, "ToleratedFailureCount", path),
            tolerated_percentage=self._count(fields, "ToleratedFailurePercentage", path, high=100, whole=False),
        )

    def _items(self, fields: dict[str, Json], path: str) -> Template | None:
        template = self._template(fields, "Items")
        if isinstance(template, Constant) and not isinstance(template.value, list) and not self._templates.faults:
            self.fault(f"{path}/Items", f'expected an array or an expression "{{% ... %}}", found {_found(template.value)}')
        return template

    # ---- what states share

    def _assign(self, fields: dict[str, Json], path: str, prefix: str = "") -> Assignments:
        if "Assign" not in fields:
            return ()
        names = self._object(fields["Assign"], f"{path}/Assign", "an object of variables") or {}
        for name in names:
            if not name.isidentifier() or len(name) > NAME_LIMIT or name == "states":
                self.fault(
                    f"{path}/Assign/{_escape(name)}",
                    f"expected a variable's name: letters, digits and _, not starting with a digit, at most {NAME_LIMIT}, "
                    f"and not the reserved name states; found {name!r}",
                )
        return tuple((name, self._templates.compile(value, f"{prefix}Assign/{name}")) for name, value in names.items())

    def _template(self, fields: dict[str, Json], name: str, prefix: str = "") -> Template | None:
        return self._templates.compile(fields[name], f"{prefix}{name}") if name in fields else None

    def _text(self, fields: dict[str, Json], name: str, path: str) -> Template | None:
        template = self._template(fields, name)
        if isinstance(template, Constant) and not isinstance(template.value, str) and not self._templates.faults:
            self.fault(f"{path}/{name}", f"expected a string, found {_found(template.value)}")
        return template

    def _count(
        self, fields: dict[str, Json], name: str, path: str, low: float = 0, high: float = 99_999_999, *, whole: bool = True
    ) -> Template | None:
        """Read a field that is a number, or an expression that gives one."""
        if name not in fields:
            return None
        template = self._templates.compile(fields[name], name)
        if isinstance(template, Expression) or self._templates.faults:
            return template
        self._number(fields, name, path, low=low, high=high, whole=whole)
        return template

    def _number(
        self, fields: dict[str, Json], name: str, path: str, low: float, high: float = 99_999_999, *, whole: bool
    ) -> float | None:
        value = fields.get(name)
        if name not in fields:
            return None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not low <= value <= high or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number"
            self.fault(f"{path}/{name}", f"expected {kind} from {low:g} to {high:.0f}, found {_found(value)}")
            return None
        return value

    def _retry(self, fields: dict[str, Json], path: str) -> tuple[Retrier, ...]:
        rules = self._list(fields, "Retry", path, "a list of retriers")
        return tuple(self._retrier(rule, f"{path}/Retry/{index}", index == len(rules) - 1) for index, rule in enumerate(rules))

    def _retrier(self, rule: Json, path: str, last: bool) -> Retrier:
        fields = self._object(rule, path, "a retrier") or {}
        self._unknown(fields, RETRIER_FIELDS, path, "a retrier")
        jitter = fields.get("JitterStrategy", "NONE")
        if jitter not in ("FULL", "NONE"):
            self.fault(f"{path}/JitterStrategy", f'expected "FULL" or "NONE", found {_found(jitter)}')
        interval = self._number(fields, "IntervalSeconds", path, low=1, whole=True)
        attempts = self._number(fields, "MaxAttempts", path, low=0, whole=True)
        backoff = self._number(fields, "BackoffRate", path, low=1, whole=False)
        longest = self._number(fields, "MaxDelaySeconds", path, low=1, high=31_622_400, whole=True)
        return Retrier(
            errors=self._errors(fields, path, last),
            interval=1 if interval is None else interval,
            attempts=3 if attempts is None else int(attempts),
            backoff=2.0 if backoff is None else backoff,
            longest=longest,
            jitter=jitter == "FULL",
        )

    def _catch(self, fields: dict[str, Json], path: str) -> tuple[Catcher, ...]:
        rules = self._list(fields, "Catch", path, "a list of catchers")
        return tuple(self._catcher(rule, index, path, index == len(rules) - 1) for index, rule in enumerate(rules))

    def _catcher(self, rule: Json, index: int, path: str, last: bool) -> Catcher:
        where, prefix = f"{path}/Catch/{index}", f"Catch[{index}]/"
        fields = self._object(rule, where, "a catcher") or {}
        self._unknown(fields, NESTED_FIELDS["Catch"], where, "a catcher")
        return Catcher(
            errors=self._errors(fields, where, last),
            next=StateName(str(fields.get("Next"))),
            assign=self._assign(fields, where, prefix),
            output=self._template(fields, "Output", prefix),
        )

    def _errors(self, fields: dict[str, Json], path: str, last: bool) -> tuple[str, ...]:
        names = fields.get("ErrorEquals")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            self.fault(f"{path}/ErrorEquals", f"expected a list of at least one error name, found {_found(names)}")
            return ()
        if ALL in names and (len(names) > 1 or not last):
            self.fault(f"{path}/ErrorEquals", f"expected {ALL} to stand alone and in the last rule; it matches every error")
        return tuple(str(name) for name in names)

    # ---- shapes

    def _object(self, value: Json, path: str, what: str) -> dict[str, Json] | None:
        if isinstance(value, dict):
            return value
        self.fault(path, f"expected {what}, found {_found(value)}")
        return None

    def _list(self, fields: dict[str, Json], name: str, path: str, what: str, *, required: bool = False) -> list[Json]:
        value = fields.get(name)
        if isinstance(value, list) and (value or not required):
            return value
        if required or name in fields:
            self.fault(f"{path}/{name}", f"expected {what}, found {_found(value)}")
        return []

    def _unknown(self, fields: dict[str, Json], known: frozenset[str], path: str, what: str) -> None:
        for name in fields:
            if name in known:
                continue
            if name in JSONPATH_FIELDS:
                self.fault(f"{path}/{name}", f"{name} belongs to JSONPath; in JSONata use {JSONPATH_FIELDS[name]}")
            else:
                self.fault(f"{path}/{_escape(name)}", f"expected a field of {what}, found {name!r}{_one_of(known)}")


class _KeptFaults:
    """Keeps an outer state's template faults apart while its inner scopes are read."""

    def __init__(self, templates: TemplateCompiler) -> None:
        self._templates = templates

    def __enter__(self) -> None:
        self._outer = list(self._templates.faults)
        self._templates.faults.clear()

    def __exit__(self, *_: object) -> None:
        self._templates.faults[:0] = self._outer


def _next(fields: dict[str, Json]) -> StateName | None:
    name = fields.get("Next")
    return StateName(name) if isinstance(name, str) else None


def _found(value: Json) -> str:
    """Describe a value in a message, short."""
    if value is None:
        return "nothing"
    text = orjson.dumps(value).decode() if not isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}... ({type_of(value)})"


def _one_of(names: Iterable[str]) -> str:
    """List what would have been right, when the list is short enough to help."""
    shown = sorted(names)
    return f"; there are {', '.join(map(repr, shown))}" if 0 < len(shown) <= 24 else ""


def _escape(name: str) -> str:
    """Write a name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
