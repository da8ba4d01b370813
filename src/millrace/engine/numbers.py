"""Fields whose value must be a number in a range, given as a literal or by an expression."""

from millrace.engine.errors import EvaluationError
from millrace.engine.expressions import Expression, Scope
from millrace.engine.templates import Constant, Template, evaluate

SECONDS_LIMIT = 99_999_999


def number(template: Template, scope: Scope, name: str, *, high: float, whole: bool = True) -> float:
    """Evaluate a field that must be a number from 0 to `high`.

    Args:
        template: The field.
        scope: What it sees.
        name: The field's name, for errors.
        high: The largest value.
        whole: It must be an integer.

    Raises:
        EvaluationError: It is something else; worded as AWS does.
    """
    value = evaluate(template, scope)
    if isinstance(template, Constant):
        assert isinstance(value, int | float)
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        assert isinstance(template, Expression)
        raise template.unexpected("number", value)
    if whole and value != int(value):
        raise EvaluationError(f"The {name} field cannot be parsed as an integer: {value}", name)
    if not 0 <= value <= high:
        ending = "" if name == "ToleratedFailurePercentage" else f" but was: {value:g}"
        raise EvaluationError(f"{name} must be between 0 and {high:.0f}{ending or '.'}", name)
    return value
