"""Reading the fields of JSONPath states.

Source: Amazon States Language specification, "Input and Output Processing" and "States".
"""

from collections.abc import Callable
from typing import ClassVar, Final

from millrace.engine.dataflow import Assignments, Condition, DataFlow, ItemsField, MomentField, NumberField, TextField
from millrace.engine.errors import Problem
from millrace.engine.fields import COUNT_LIMIT, Fields, found
from millrace.engine.jsonpath import ReferencePath, compile_payload, compile_rule, read_path
from millrace.engine.jsonpath_fields import (
    JsonPathCount,
    JsonPathItems,
    JsonPathMoment,
    JsonPathSeconds,
    JsonPathText,
    Reference,
)
from millrace.engine.jsonpath_flow import NOTHING, JsonPathCatch, JsonPathFlow, JsonPathPassage, Nowhere, Place
from millrace.engine.literals import LiteralNumber, LiteralText
from millrace.engine.moments import read_moment
from millrace.engine.payload import Payload
from millrace.engine.templates import Constant, ObjectTemplate, Template
from millrace.engine.variable_names import assigned_names

_MARK: Final = ".$"


class JsonPathDialect:
    """Reads what is written for JSONPath; see `Dialect`."""

    name: ClassVar[str] = "JSONPath"

    def flow(self, fields: Fields) -> DataFlow:
        """Read the paths and templates from InputPath to OutputPath."""
        is_map = fields.values.get("Type") == "Map"
        return JsonPathFlow(
            input_path=self._whole_path(fields, "InputPath"),
            # What a Map names Parameters is its ItemSelector's former name.
            given=None if is_map else self.arguments(fields),
            result=Payload.of(fields.values["Result"]) if "Result" in fields.values else None,
            selector=self.template(fields, "ResultSelector"),
            assign=self._assign(fields),
            result_path=self._result_path(fields),
            output_path=self._whole_path(fields, "OutputPath"),
        )

    def passage(self, fields: Fields) -> DataFlow:
        """Read InputPath, Assign and OutputPath."""
        return JsonPathPassage(
            self._whole_path(fields, "InputPath"), self._assign(fields), self._whole_path(fields, "OutputPath")
        )

    def catcher(self, fields: Fields) -> DataFlow:
        """Read a catcher's Assign and ResultPath."""
        return JsonPathCatch(self._assign(fields), self._result_path(fields))

    def rule(self, fields: Fields, state: Fields) -> tuple[Condition, DataFlow]:
        """Read the comparison and Assign; the paths are the state's."""
        condition = compile_rule(fields.values, fields.path, _reporter(fields))
        return condition, JsonPathPassage(None, self._assign(fields), self._whole_path(state, "OutputPath"))

    def template(self, fields: Fields, name: str) -> Template | None:
        """Read a payload template."""
        if name not in fields.values:
            return None
        return compile_payload(fields.values[name], name, f"{fields.path}/{name}", _reporter(fields))

    def arguments(self, fields: Fields) -> Template | None:
        """Read Parameters."""
        return self.template(fields, "Parameters")

    def selector(self, fields: Fields) -> Template | None:
        """Read ItemSelector, or Parameters, its former name."""
        fields.one_at_most("ItemSelector", "Parameters")
        return self.template(fields, "ItemSelector") or self.template(fields, "Parameters")

    def items(self, fields: Fields) -> ItemsField:
        """Read ItemsPath."""
        return JsonPathItems(self._reference(fields, "ItemsPath"))

    def text(self, fields: Fields, name: str) -> TextField | None:
        """Read a text, or the path to one."""
        fields.one_at_most(name, f"{name}Path")
        reference = self._reference(fields, f"{name}Path")
        if reference is not None:
            return JsonPathText(reference, f"{name}Path")
        if name not in fields.values:
            return None
        value = fields.values[name]
        if not isinstance(value, str):
            fields.fault(name, f"expected a string, found {found(value)}")
        return LiteralText(str(value))

    def seconds(self, fields: Fields, name: str, low: int = 0) -> NumberField | None:
        """Read a number of seconds, or the path to one."""
        fields.one_at_most(name, f"{name}Path")
        reference = self._reference(fields, f"{name}Path")
        if reference is not None:
            return JsonPathSeconds(reference, f"{name}Path", low)
        return _literal(fields, name, low, COUNT_LIMIT, whole=True)

    def moment(self, fields: Fields) -> MomentField | None:
        """Read Timestamp, or TimestampPath."""
        reference = self._reference(fields, "TimestampPath")
        return read_moment(fields) if reference is None else JsonPathMoment(reference)

    def count(
        self, fields: Fields, name: str, low: int = 0, high: float = COUNT_LIMIT, *, whole: bool = True
    ) -> NumberField | None:
        """Read a number, or the path to one."""
        fields.one_at_most(name, f"{name}Path")
        reference = self._reference(fields, f"{name}Path")
        if reference is not None:
            return JsonPathCount(reference, name, None if high == COUNT_LIMIT else high, whole, low)
        return _literal(fields, name, low, high, whole=whole)

    def _reference(self, fields: Fields, name: str) -> Reference | None:
        """Read a path; None when it is absent."""
        if name not in fields.values:
            return None
        value = fields.values[name]
        if not isinstance(value, str):
            fields.fault(name, f"expected a JSONPath, found {found(value)}")
            return None
        try:
            return read_path(value, f"{fields.location}{name}")
        except ValueError as error:
            fields.fault(name, str(error))
            return None

    def _whole_path(self, fields: Fields, name: str) -> Template | None:
        """Read a path that null turns into nothing; None when it selects all."""
        value = fields.values.get(name, "$")
        if value is None:
            return NOTHING
        return None if value == "$" else self._reference(fields, name)

    def _result_path(self, fields: Fields) -> Place | None:
        value = fields.values.get("ResultPath", "$")
        if value is None:
            return Nowhere()
        if value == "$":
            return None
        if not isinstance(value, str):
            fields.fault("ResultPath", f"expected a reference path or null, found {found(value)}")
            return None
        try:
            return ReferencePath(value, f"{fields.location}ResultPath")
        except ValueError as error:
            fields.fault("ResultPath", str(error))
            return None

    def _assign(self, fields: Fields) -> Assignments:
        if not assigned_names(fields, _MARK):
            return ()
        template = self.template(fields, "Assign")
        if isinstance(template, ObjectTemplate):
            return template.members
        value = template.value if isinstance(template, Constant) else None
        return tuple((name, Constant(member)) for name, member in value.items()) if isinstance(value, dict) else ()


JSONPATH: Final = JsonPathDialect()


def _reporter(fields: Fields) -> Callable[[str, str], None]:
    def report(path: str, message: str) -> None:
        fields.problems.append(Problem(path, message))

    return report


def _literal(fields: Fields, name: str, low: int, high: float, *, whole: bool) -> NumberField | None:
    value = fields.number(name, low, high, whole=whole)
    return None if value is None else LiteralNumber(value)
