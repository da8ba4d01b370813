"""Writing expressions and templates as the Amazon States Language wants them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from millrace.compiler.bound import Assignment
from millrace.compiler.names import Scope
from millrace.expressions import Expression, Reference, Template, as_expression, literal, or_null, walk_template
from millrace.model import Json, JsonType

_LINE_END: Final = re.compile("[\n\r\u2028\u2029]")
_STRING_OR_LINE_END: Final = re.compile(
    r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|/\*.*?\*/|[\n\r\u2028\u2029]""", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Let:
    """A value computed in the same state as the expression that reads it: bound to a local variable first."""

    reference: Reference
    variable: str
    text: str
    needs: frozenset[Reference]
    repeatable: bool


@dataclass(frozen=True, slots=True)
class Renderer:
    """Writes expressions for one state.

    Attributes:
        own: What the state itself knows, such as its result, as JSONata.
        lets: Values that the state computes, in order.
        read: The lets that have been read; filled while writing.
    """

    scope: Scope
    own: Mapping[Reference, str] = field(default_factory=dict[Reference, str])
    lets: tuple[Let, ...] = ()
    read: set[Reference] = field(default_factory=set[Reference])

    def text(self, expression: Expression) -> str:
        """Write an expression as JSONata."""
        body = expression.render(self._name)
        prefix = self._prefix(expression.references)
        return f"({prefix}{body})" if prefix else body

    def query(self, expression: Expression) -> str:
        """Write an expression as a JSONata string of the Amazon States Language."""
        return f"{{% {on_one_line(self.text(or_null(expression)))} %}}"

    def value(self, template: Template) -> Json:
        """Write a template as a payload in which every expression stands at its place."""
        if not isinstance(template, Expression) and self._needs_lets(template):
            return self.query(as_expression(template))
        return self._payload(template)

    def output(self, template: Template) -> Json:
        """Write a template as a state's Output, which is an object or JSONata."""
        value = self.value(template)
        if isinstance(value, dict) or (isinstance(value, str) and value.startswith("{%")):
            return value
        return self.query(as_expression(template))

    def condition(self, expression: Expression) -> str:
        """Write an expression as a condition: what is not a boolean counts as JSONata's `? :` does."""
        return f"{{% {on_one_line(self.test(expression))} %}}"

    def test(self, expression: Expression) -> str:
        """Write an expression as JSONata that gives a boolean whatever the expression gives."""
        text = self.text(expression)
        if expression.type is JsonType.BOOLEAN and not expression.optional:
            return text
        return f"({text}) ? true : false"

    def assign(self, assignments: Sequence[Assignment]) -> tuple[dict[str, Json], "Renderer"]:
        """Write the values that a state assigns, and give the renderer for what it does with them besides."""
        renderer = self
        assigned: dict[str, Json] = {}
        for assignment in assignments:
            if assignment.target is None:
                continue
            variable = renderer.scope.variable(assignment.target)
            assigned[variable] = renderer.value(assignment.value)
            renderer = renderer._after(assignment, variable)
        return assigned, renderer

    def _after(self, assignment: Assignment, variable: str) -> "Renderer":
        assert assignment.target is not None
        expression = as_expression(assignment.value)
        let = Let(
            assignment.target, variable, expression.render(self._name), expression.references, assignment.repeatable
        )
        return replace(self, lets=(*self.lets, let))

    def _name(self, reference: Reference) -> str:
        own = self.own.get(reference)
        return own if own is not None else self.scope.text(reference)

    def _prefix(self, references: frozenset[Reference]) -> str:
        if not self.lets:
            return ""
        wanted, chosen = set(references), list[Let]()
        for let in reversed(self.lets):
            if let.reference in wanted:
                chosen.append(let)
                self.read.add(let.reference)
                wanted |= let.needs
        return "".join(f"${let.variable} := {let.text}; " for let in reversed(chosen))

    def _needs_lets(self, template: Template) -> bool:
        if not self.lets:
            return False
        bound = {let.reference for let in self.lets}
        return any(expression.references & bound for expression in walk_template(template))

    def _payload(self, template: Template) -> Json:
        match template:
            case Expression():
                return self.query(template)
            case str():
                return literal_text(template)
            case list() if any(isinstance(item, list) for item in template):
                # The npm asl-validator (4.0.0, jsonata.json) knows no list in a list; JSONata does.
                return self.query(as_expression(template))
            case list():
                return [self._payload(item) for item in template]
            case dict():
                return {key: self._payload(value) for key, value in template.items()}
            case _:
                return template


def on_one_line(text: str) -> str:
    """Write JSONata without line ends: spaces outside of its strings, escapes in them."""
    if not _LINE_END.search(text):
        return text
    return _STRING_OR_LINE_END.sub(_without_line_end, text)


def _without_line_end(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] in "\"'":
        return _LINE_END.sub(lambda end: json.dumps(end[0])[1:-1], found)
    return " " if len(found) == 1 else _LINE_END.sub(" ", found)


def literal_text(text: str) -> Json:
    """Write text so that it is taken for nothing else: not for JSONata, not for a value that is missing."""
    # The npm asl-validator (4.0.0, jsonata.json) takes text of one line that is not empty; JSONata has escapes.
    if not text or _LINE_END.search(text) or (text.startswith("{%") and text.endswith("%}")):
        return f"{{% {on_one_line(literal(text).render(str))} %}}"
    return text
