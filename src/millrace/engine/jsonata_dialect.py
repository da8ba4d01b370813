"""Reading the fields of JSONata states.

Source: AWS Step Functions Developer Guide, "Transforming data with JSONata in Step Functions".
"""

from typing import ClassVar, Final

from millrace.engine.dataflow import Assignments, Condition, DataFlow, ItemsField, MomentField, NumberField, TextField
from millrace.engine.errors import Problem, ProblemCode
from millrace.engine.expressions import Expression
from millrace.engine.fields import COUNT_LIMIT, Fields, found
from millrace.engine.jsonata_fields import (
    InputItems,
    JsonataItems,
    JsonataItemsTemplate,
    JsonataMoment,
    JsonataNumber,
    JsonataText,
)
from millrace.engine.jsonata_flow import JsonataFlow
from millrace.engine.literals import LiteralCondition, LiteralItems, LiteralNumber, LiteralText
from millrace.engine.moments import read_moment
from millrace.engine.shapes import RULE_SHAPE
from millrace.engine.templates import BROKEN, ArrayTemplate, Constant, Template, compile_template
from millrace.engine.variable_names import assigned_names
from millrace.model.json import Json


class JsonataDialect:
    """Reads what is written for JSONata; see `Dialect`."""

    name: ClassVar[str] = "JSONata"

    def flow(self, fields: Fields) -> DataFlow:
        """Read Arguments, Assign and Output."""
        return JsonataFlow(self.arguments(fields), self._assign(fields), self.template(fields, "Output"))

    def passage(self, fields: Fields) -> DataFlow:
        """Read Assign and Output."""
        return JsonataFlow(None, self._assign(fields), self.template(fields, "Output"))

    def catcher(self, fields: Fields) -> DataFlow:
        """Read a catcher's Assign and Output."""
        return self.passage(fields)

    def rule(self, fields: Fields, state: Fields) -> tuple[Condition, DataFlow]:
        """Read Condition, Assign and Output."""
        del state
        fields.only(RULE_SHAPE)
        value = fields.values.get("Condition")
        condition: Condition = LiteralCondition(value=value is True)
        if not isinstance(value, bool) and fields.require("Condition"):
            compiled = self.template(fields, "Condition")
            if isinstance(compiled, Expression):
                condition = compiled
            elif compiled is not BROKEN:
                fields.fault("Condition", f'expected true, false or an expression "{{% ... %}}", found {found(value)}')
        return condition, self.passage(fields)

    def template(self, fields: Fields, name: str) -> Template | None:
        """Read a payload template."""
        return self._compile(fields, fields.values[name], name) if name in fields.values else None

    def arguments(self, fields: Fields) -> Template | None:
        """Read Arguments."""
        return self.template(fields, "Arguments")

    def selector(self, fields: Fields) -> Template | None:
        """Read ItemSelector."""
        return self.template(fields, "ItemSelector")

    def items(self, fields: Fields) -> ItemsField:
        """Read Items."""
        template = self.template(fields, "Items")
        if template is None:
            return InputItems()
        if isinstance(template, Expression):
            return JsonataItems(template)
        if isinstance(template, ArrayTemplate):
            return JsonataItemsTemplate(template)
        value = template.value if isinstance(template, Constant) else None
        if isinstance(value, list):
            return LiteralItems(value)
        if template is not BROKEN:
            given = fields.values["Items"]
            fields.fault("Items", f'expected an array or an expression "{{% ... %}}", found {found(given)}')
        return InputItems()

    def text(self, fields: Fields, name: str) -> TextField | None:
        """Read a text or an expression."""
        template = self.template(fields, name)
        if template is None:
            return None
        if isinstance(template, Expression):
            return JsonataText(template)
        value = fields.values[name]
        if not isinstance(value, str):
            fields.fault(name, f"expected a string, found {found(value)}")
        return LiteralText(str(value))

    def seconds(self, fields: Fields, name: str, low: int = 0) -> NumberField | None:
        """Read a number of seconds or an expression."""
        return self.count(fields, name, low)

    def moment(self, fields: Fields) -> MomentField | None:
        """Read Timestamp."""
        template = self.template(fields, "Timestamp")
        if isinstance(template, Expression):
            return JsonataMoment(template)
        return read_moment(fields) if template is not BROKEN else None

    def count(
        self, fields: Fields, name: str, low: int = 0, high: float = COUNT_LIMIT, *, whole: bool = True
    ) -> NumberField | None:
        """Read a number or an expression."""
        template = self.template(fields, name)
        if isinstance(template, Expression):
            return JsonataNumber(template, name, high, whole, low)
        if template is None or template is BROKEN:
            return None
        value = fields.number(name, low, high, whole=whole)
        return None if value is None else LiteralNumber(value)

    def _assign(self, fields: Fields) -> Assignments:
        names = assigned_names(fields)
        if not names:
            return ()
        values = fields.values["Assign"]
        assert isinstance(values, dict)
        return tuple((name, self._compile(fields, values[key], f"Assign/{key}")) for key, name in names)

    def _compile(self, fields: Fields, value: Json, location: str) -> Template:
        def report(path: str, message: str, code: ProblemCode) -> None:
            fields.problems.append(Problem(path, message, code))

        return compile_template(value, f"{fields.location}{location}", f"{fields.path}/{location}", report)


JSONATA: Final = JsonataDialect()
