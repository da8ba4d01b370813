"""What the name at the head of a path stands for: a reference to the run, a field of the context, or a mistake."""

import re
from typing import Final, NamedTuple

from millrace.expressions.expression import Reference, ReferenceKind
from millrace.expressions.functions import FUNCTIONS
from millrace.expressions.lexis import BLANKS, CALL, NAME
from millrace.expressions.names import MEMBERS, NAMES, RECORDS, TABLES, VALUES, NameScope, suggest, suggest_node
from millrace.expressions.problem import Problem
from millrace.model import Code

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_WORD_TAIL: Final = re.compile(r"[A-Za-z0-9_-]*")
_STEP: Final = re.compile(rf"{BLANKS}\.{BLANKS}(?:(?P<name>{NAME})|`(?P<quoted>[^`]*)`)")
_KEY: Final = re.compile(rf"{BLANKS}:(?!=)")


class Head(NamedTuple):
    """What was found at the head of a path.

    Attributes:
        end: Where it ends.
        reference: What it reads of the run; None for a field of the context or a mistake.
    """

    end: int
    reference: Reference | None = None
    problem: Problem | None = None


def is_keyword(word: str, text: str, end: int, limit: int, scope: NameScope) -> bool:
    """Whether a word is one of JSON's own, and not a node that is called so and read: `null.output`."""
    if word not in {"true", "false", "null"}:
        return False
    return word not in scope.nodes or _member_of_node(text, end, limit, word) is None


def resolve_name(text: str, start: int, end: int, limit: int, scope: NameScope, *, relative: bool) -> Head:
    """Say what the name at `text[start:end]` stands for; a node id may go on past the name's end, over hyphens."""
    word = _WORD.match(text, start, limit)
    if word is not None and word[0] in scope.nodes and not _goes_on(text, word.end(), limit):
        head = _member_of_node(text, word.end(), limit, word[0])
        if head is not None:
            return head
    name = text[start:end]
    if name in NAMES:
        head = _own_name(text, name, start, end, limit, relative=relative)
        if head is not None:
            return head
    if relative:
        return _field(text, name, start, end, limit)
    return _unknown(text, start, end, limit, scope)


def resolve_quoted(text: str, start: int, end: int, limit: int, scope: NameScope, *, relative: bool) -> Head:
    """Say what the backquoted name at `text[start:end]` stands for: a node, or a field."""
    name = text[start + 1 : end - 1]
    if name in scope.nodes:
        head = _member_of_node(text, end, limit, name)
        if head is not None:
            return head
    if relative:
        return Head(end)
    return Head(end, problem=_unknown_name(text, name, start, end, limit, scope))


def _goes_on(text: str, end: int, limit: int) -> bool:
    tail = _WORD_TAIL.match(text, end, limit)
    return tail is not None and tail.end() > end


def _member_of_node(text: str, end: int, limit: int, node: str) -> Head | None:
    step = _STEP.match(text, end, limit)
    kind = MEMBERS.get(step["name"] or "") if step is not None else None
    return None if step is None or kind is None else Head(step.end(), Reference(kind, node))


def _own_name(text: str, name: str, start: int, end: int, limit: int, *, relative: bool) -> Head | None:
    """Resolve a name of the language itself; None when it is a field of the context after all."""
    if name in VALUES:
        return Head(end, Reference(VALUES[name]))
    step = _STEP.match(text, end, limit)
    member = None if step is None else step["name"] if step["quoted"] is None else step["quoted"]
    if name in TABLES:
        if step is not None and member is not None:
            return Head(step.end(), Reference(TABLES[name], member))
        if relative:
            return None
        if name == "inputs":
            return Head(end, Reference(ReferenceKind.INPUTS))
        message = "'vars' names no value by itself: a variable is read by its name"
        remedy = "Write vars.<name>, with the name that a variable node sets."
        return Head(end, problem=Problem(Code.UNKNOWN_NAME, message, remedy, start + 1, "vars.<name>", "vars"))
    members = RECORDS[name]
    if step is not None and member in members:
        return Head(step.end(), Reference(members[member]))
    if relative:
        return None
    known = " or ".join(f"{name}.{known}" for known in members)
    found = name if member is None else f"{name}.{member}"
    close = suggest(member or "", members)
    remedy = f"Did you mean {name}.{close}?" if close else f"Write {known}."
    problem = Problem(Code.UNKNOWN_NAME, f"{found!r} names no value", remedy, start + 1, known, found)
    return Head(end if step is None else step.end(), problem=problem)


def _field(text: str, name: str, start: int, end: int, limit: int) -> Head:
    """Take a bare name in a relative context for a field, unless it is called like a function."""
    if CALL.match(text, end, limit) is None:
        return Head(end)
    return Head(end, problem=_called_field(name, start))


def _called_field(name: str, start: int) -> Problem:
    close = name if name in FUNCTIONS else suggest(name, FUNCTIONS)
    remedy = f"Write ${close}(...)." if close else "The names of functions begin with a dollar sign, as in $count(...)."
    message = f"{name!r} is not a function"
    return Problem(Code.UNKNOWN_FUNCTION, message, remedy, start + 1, "a function's name, such as $count", name)


def _unknown(text: str, start: int, end: int, limit: int, scope: NameScope) -> Head:
    """Explain a name that stands where only the run's names are known."""
    word = _WORD.match(text, start, limit)
    whole = "" if word is None else word[0]
    word_end = start if word is None else word.end()
    step = _STEP.match(text, word_end, limit) if word_end > end else _STEP.match(text, end, limit)
    member = None if step is None else step["name"]
    if whole in scope.nodes:
        return Head(word_end, problem=_bare_node(whole, member, start))
    name = text[start:end]
    if len(whole) > len(name) and not _subtracts(whole, scope, followed=member in MEMBERS):
        name, end = whole, word_end
    elif name in scope.nodes:
        return Head(end, problem=_bare_node(name, None, start))
    elif len(whole) > len(name):
        return Head(end, problem=_unknown_name(text, name, start, end, limit, scope))
    if step is not None and _is_node_like(name, member, scope):
        close = suggest_node(name, scope)
        remedy = f"Did you mean {close}.{member}?" if close else "Write the id of a node of this workflow."
        message = f"There is no node {name!r}"
        return Head(step.end(), problem=Problem(Code.UNKNOWN_NODE, message, remedy, start + 1, "a node's id", name))
    return Head(end, problem=_unknown_name(text, name, start, end, limit, scope))


def _is_node_like(name: str, member: str | None, scope: NameScope) -> bool:
    """Whether `name.member` was meant to read a node; in a transform it may as well be a field of a field."""
    return member in MEMBERS and (not scope.fields_of_input or suggest_node(name, scope) is not None)


def _subtracts(word: str, scope: NameScope, *, followed: bool) -> bool:
    """Whether a word with hyphens reads as a subtraction: what follows one of its hyphens is a name or a number.

    Where `.output` or the like comes next (`followed`), a number cannot be the last of it.
    """
    position = word.find("-")
    while position != -1:
        rest = word[position + 1 :]
        if rest[:1].isdigit() and rest.isdigit():
            return not followed and (word[:position] in NAMES or word[:position] in scope.nodes)
        if rest in scope.nodes or rest.partition("-")[0] in NAMES or rest.partition("-")[0] in scope.nodes:
            return True
        position = word.find("-", position + 1)
    return False


def _bare_node(node: str, member: str | None, start: int) -> Problem:
    step = f".{member}" if member else ""
    message = f"{node!r} is a node, not a value: what it gave is {node}.output"
    remedy = f"Write {node}.output{step}."
    return Problem(Code.UNKNOWN_NAME, message, remedy, start + 1, f"{node}.output{step}", f"{node}{step}")


def _unknown_name(text: str, name: str, start: int, end: int, limit: int, scope: NameScope) -> Problem:
    """Explain a bare name: a call without dollar sign, a key without quotes, half a name with hyphens, a field."""
    if CALL.match(text, end, limit) is not None:
        return _called_field(name, start)
    shown = name if re.fullmatch(NAME, name) else f"`{name}`"
    expected = "input, inputs.<name>, trigger, vars.<name>, run.id, workflow.id or <node>.output"
    if scope.fields_of_input:
        message = f"{name!r} is no value by itself in a transform: the fields are those of 'input'"
        return Problem(Code.BARE_FIELD, message, f"Write input.{shown}.", start + 1, f"input.{shown}", name)
    message = f"There is no value named {name!r}"
    if _KEY.match(text, end, limit) is not None:
        remedy = f'Write a key of an object in quotes: "{name}".'
    elif start > 1 and text[start - 1] == "-" and (text[start - 2].isalnum() or text[start - 2] == "_"):
        remedy = "If this is half of a name with a hyphen, write the whole name in backquotes: `content-type`."
    elif (node := suggest_node(name, scope)) is not None:
        remedy = f"Did you mean {node}.output?"
    elif name in FUNCTIONS:
        remedy = f"Did you mean ${name}(...)?"
    elif (own := suggest(name, NAMES)) is not None:
        meant = f"{own}.<name>" if own in TABLES else f"{own}.{next(iter(RECORDS[own]))}" if own in RECORDS else own
        remedy = f"Did you mean {meant}?"
    else:
        remedy = f"Write text in quotes ({name!r}), and the field of a value after its name (input.{shown})."
    return Problem(Code.UNKNOWN_NAME, message, remedy, start + 1, expected, name)


def no_context(name: str, start: int) -> Problem:
    """Refuse `$` and `$$` where there is no value at hand."""
    shown = f"${name}"
    message = f"{shown!r} means nothing here: a workflow's expression has no document around it"
    remedy = "Begin with a name, such as input or <node>.output."
    return Problem(Code.UNKNOWN_NAME, message, remedy, start + 1, "a name", shown)
