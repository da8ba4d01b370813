"""JSON trees with expressions in their strings."""

import re
from collections.abc import Iterator
from typing import Final

from millrace.expressions.expression import Expression, Template
from millrace.expressions.names import NameScope
from millrace.expressions.parsing import parse_template
from millrace.expressions.problem import Problem
from millrace.model import Code, Json

DEEPEST: Final = 200
"""How deep arrays and objects may nest in a config."""

_PLAIN_KEY: Final = re.compile(r"[\w-]+")


def parse_tree(value: Json, scope: NameScope, field: str) -> tuple[Template, list[tuple[str, Problem]]]:
    """Parse every string of a JSON value; the keys of objects stand for themselves.

    `field` is the path of the value inside the node's data, such as `headers`, and "" for the data itself.

    Returns:
        The template, and the mistakes with the path of the string that each is in, such as `cases[0].equals`.
    """
    problems: list[tuple[str, Problem]] = []
    return _parse(value, scope, field, 0, problems), problems


def _parse(value: Json, scope: NameScope, field: str, depth: int, problems: list[tuple[str, Problem]]) -> Template:
    if isinstance(value, str):
        if "${" not in value:
            return value
        template, found = parse_template(value, scope)
        problems += [(field, problem) for problem in found]
        return template
    if not isinstance(value, list | dict):
        return value
    if depth >= DEEPEST:
        message = f"Arrays and objects nest deeper than {DEEPEST}"
        remedy = "Flatten the value, or hand it in as an input."
        problems.append((field, Problem(Code.LIMIT_EXCEEDED, message, remedy, None, f"at most {DEEPEST} levels")))
        return None
    if isinstance(value, list):
        return [_parse(item, scope, f"{field}[{index}]", depth + 1, problems) for index, item in enumerate(value)]
    return {key: _parse(member, scope, _path(field, key), depth + 1, problems) for key, member in value.items()}


def _path(field: str, key: str) -> str:
    if _PLAIN_KEY.fullmatch(key) is None:
        shown = key if len(key) <= 64 else key[:61] + "..."
        return f"{field}[{shown!r}]"
    return f"{field}.{key}" if field else key


def walk_template(template: Template) -> Iterator[Expression]:
    """Give the expressions in a template, in order."""
    if isinstance(template, Expression):
        yield template
    elif isinstance(template, list):
        for item in template:
            yield from walk_template(item)
    elif isinstance(template, dict):
        for member in template.values():
            yield from walk_template(member)


def is_literal(template: Template) -> bool:
    """Whether a template holds no expression, and so stands for itself."""
    return next(walk_template(template), None) is None
