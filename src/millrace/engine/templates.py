"""Payload templates: JSON in which some texts are expressions.

Source: Amazon States Language specification, "JSONata"; only marks at the very ends make an
expression, as recorded on AWS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, Union

from millrace.engine.errors import ProblemCode
from millrace.engine.expressions import Expression, Scope
from millrace.engine.syntax_errors import explain
from millrace.engine.top_level import ROOT, top_level_references
from millrace.model.json import Json


@dataclass(frozen=True, slots=True)
class Constant:
    """A template without expressions."""

    value: Json


BROKEN: Final = Constant(None)


@dataclass(frozen=True, slots=True)
class ObjectTemplate:
    """An object some of whose members hold expressions."""

    members: "tuple[tuple[str, Template], ...]"


@dataclass(frozen=True, slots=True)
class ArrayTemplate:
    """An array some of whose items hold expressions."""

    items: "tuple[Template, ...]"


class Computed(Protocol):
    """A value that is computed when its state runs: an expression, a path, an intrinsic function."""

    def evaluate(self, scope: Scope) -> Json:
        """Give the value."""
        ...


Template: TypeAlias = Union[Constant, ObjectTemplate, ArrayTemplate, Computed]  # noqa: UP007 - names a later class


def evaluate(template: Template, scope: Scope) -> Json:
    """Give a template's value: everything computed replaced by its value.

    Raises:
        EvaluationError: A JSONata expression failed; the first one in the template's order.
        PathError: A path found nothing.
        StateError: An intrinsic function failed.
    """
    match template:
        case Expression():
            return template.evaluate(scope)
        case Constant():
            return template.value
        case ObjectTemplate():
            return {key: evaluate(member, scope) for key, member in template.members}
        case ArrayTemplate():
            return [evaluate(item, scope) for item in template.items]
        case _:
            return template.evaluate(scope)


# Told the place, the message and the code of a fault.
Report: TypeAlias = Callable[[str, str, ProblemCode], None]


def compile_template(value: Json, location: str, path: str, report: Report) -> Template:
    """Compile a template.

    Args:
        value: What the definition says.
        location: The field as AWS names it in errors ("Output/totals[0]").
        path: The field as problems name it ("/States/A/Output/totals[0]").
        report: Told of an expression that AWS refuses; its template is `BROKEN`.
    """
    if isinstance(value, str):
        return _compile_text(value, location, path, report)
    if isinstance(value, dict):
        members = tuple(
            (key, compile_template(member, f"{location}/{key}", f"{path}/{key}", report))
            for key, member in value.items()
        )
        if all(isinstance(member, Constant) for _, member in members):
            return Constant(value)
        return ObjectTemplate(members)
    if isinstance(value, list):
        items = tuple(
            compile_template(item, f"{location}[{index}]", f"{path}[{index}]", report)
            for index, item in enumerate(value)
        )
        if all(isinstance(item, Constant) for item in items):
            return Constant(value)
        return ArrayTemplate(items)
    return Constant(value)


def _compile_text(value: str, location: str, path: str, report: Report) -> Template:
    if not (value.startswith("{%") and value.endswith("%}") and len(value) >= len("{%%}")):
        return Constant(value)
    text = value[2:-2].strip()
    try:
        expression = Expression(text, location)
    except ValueError as error:
        report(path, explain(text, str(error)), ProblemCode.EXPRESSION)
        return BROKEN
    references = top_level_references(text)
    for name in references:
        message = f"Reference to '{name}' at the top level is not supported."
        code = ProblemCode.EXPRESSION if name == ROOT else ProblemCode.UNSUPPORTED_EXPRESSION
        report(path, message, code)
    return BROKEN if references else expression
