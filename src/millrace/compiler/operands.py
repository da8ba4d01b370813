"""Reading and rewriting the templates inside operations, whatever the operation."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from millrace.catalogue import (
    Decide,
    Each,
    Gather,
    Lowering,
    Nothing,
    Pause,
    Repeat,
    Result,
    SetVariable,
    Stop,
    Task,
    Value,
)
from millrace.expressions import Expression, Reference, Template, walk_template

Rewrite = Callable[[Reference], Expression | Reference]


def templates_of(operation: Lowering) -> Iterator[tuple[Template, bool]]:
    """Give the templates of an operation, each with whether it is evaluated inside of the container's iterations."""
    match operation:
        case Value(value=value) | SetVariable(value=value) | Result(value=value):
            yield value, False
        case Decide(rules=rules):
            for _, condition in rules:
                yield condition, False
        case Task(arguments=arguments):
            yield arguments, False
        case Pause(seconds=seconds, until=until):
            yield seconds, False
            yield until, False
        case Stop(error=error, cause=cause):
            yield error, False
            yield cause, False
        case Each(items=items, concurrency=concurrency, collect=collect):
            yield items, False
            yield concurrency, False
            yield collect, True
        case Repeat(condition=condition, limit=limit, collect=collect):
            yield condition, True
            yield limit, False
            yield collect, True
        case Gather() | Nothing():
            return


def references_of(operation: Lowering) -> Iterator[tuple[Reference, bool]]:
    """Give every reference of an operation, each with whether it is read inside of the container's iterations."""
    for template, inside in templates_of(operation):
        for expression in walk_template(template):
            for reference in expression.references:
                yield reference, inside


def rewrite_expression(expression: Expression, rewrite: Rewrite) -> Expression:
    """Put something else in place of an expression's references; an expression in place of one goes in brackets."""
    parts: list[str | Reference | Expression] = []
    changed = False
    added: list[Expression] = []
    for part in expression.walk():
        if not isinstance(part, Reference):
            parts.append(part)
            continue
        new = rewrite(part)
        changed = changed or new is not part
        if isinstance(new, Expression):
            added.append(new)
            alone = len(expression.parts) == 1
            parts.extend((new,) if alone or _can_begin_a_path(new) else ("(", new, ")"))
        else:
            parts.append(new)
    if not changed:
        return expression
    if len(parts) == 1 and len(added) == 1:
        return added[0]
    return replace(
        expression,
        parts=tuple(parts),
        locals=expression.locals.union(*(new.locals for new in added)),
        optional=expression.optional or any(new.optional for new in added),
        fallible=expression.fallible or any(new.fallible for new in added),
        pure=expression.pure and all(new.pure for new in added),
    )


def _can_begin_a_path(expression: Expression) -> bool:
    """Whether steps and predicates may follow: JSONata has no path that begins with a literal."""
    first = expression.parts[0]
    return expression.atomic and (isinstance(first, Reference) or (isinstance(first, str) and first[:1] in {"(", "$"}))


def rewrite_template(template: Template, rewrite: Rewrite) -> Template:
    """Rewrite the references of every expression in a template."""
    match template:
        case Expression():
            return rewrite_expression(template, rewrite)
        case list():
            return [rewrite_template(item, rewrite) for item in template]
        case dict():
            return {key: rewrite_template(value, rewrite) for key, value in template.items()}
        case _:
            return template


def rewrite_operation(operation: Lowering, outside: Rewrite, inside: Rewrite) -> Lowering:
    """Rewrite the references of an operation; `inside` serves what is evaluated in a container's iterations."""
    match operation:
        case Value(value=value) | SetVariable(value=value) | Result(value=value):
            return replace(operation, value=rewrite_template(value, outside))
        case Decide(rules=rules):
            return replace(operation, rules=tuple((port, rewrite_expression(rule, outside)) for port, rule in rules))
        case Task(arguments=arguments):
            return replace(operation, arguments=rewrite_template(arguments, outside))
        case Pause(seconds=seconds, until=until):
            return Pause(rewrite_template(seconds, outside), rewrite_template(until, outside))
        case Stop(error=error, cause=cause):
            return Stop(rewrite_template(error, outside), rewrite_template(cause, outside))
        case Each(items=items, concurrency=concurrency, collect=collect):
            return replace(
                operation,
                items=rewrite_template(items, outside),
                concurrency=rewrite_template(concurrency, outside),
                collect=rewrite_template(collect, inside),
            )
        case Repeat(condition=condition, limit=limit, collect=collect):
            return replace(
                operation,
                condition=rewrite_expression(condition, inside),
                limit=rewrite_template(limit, outside),
                collect=rewrite_template(collect, inside),
            )
        case Gather() | Nothing():
            return operation
