"""Choice rules of JSONPath states: `And`, `Or`, `Not`, and the 39 comparisons of a variable.

Source: Amazon States Language specification, "Choice State".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from millrace.engine.expressions import Scope
from millrace.engine.jsonpath.comparisons import COMPARISONS, TYPE_TESTS, Compare, Pattern
from millrace.engine.jsonpath.errors import Miss, PathError
from millrace.engine.jsonpath.path import Path
from millrace.engine.jsonpath.reference_path import read_reference
from millrace.model.json import Json, type_of

# The field that a rule's paths stand in; it decides how a path that leads nowhere is worded.
CHOICES: Final = "Choices"
IS_PRESENT: Final = "IsPresent"
STRING_MATCHES: Final = "StringMatches"
OPERATORS: Final = frozenset(
    [*COMPARISONS, *(f"{name}Path" for name in COMPARISONS), *TYPE_TESTS, IS_PRESENT, STRING_MATCHES]
)
COMBINATIONS: Final = frozenset({"And", "Or", "Not"})
RULE_FIELDS: Final = OPERATORS | COMBINATIONS | {"Variable", "Comment"}

_Report = Callable[[str, str], None]


class Condition(Protocol):
    """A compiled Choice rule."""

    def holds(self, scope: Scope) -> bool:
        """Tell whether the rule matches.

        Raises:
            PathError: States.Runtime: a path of the rule leads nowhere, and the rule does not ask whether it does.
        """
        ...


@dataclass(frozen=True, slots=True)
class AllOf:
    """And."""

    parts: tuple[Condition, ...]

    def holds(self, scope: Scope) -> bool:
        """Tell whether every part matches; those after the first that does not are not looked at."""
        return all(part.holds(scope) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Or."""

    parts: tuple[Condition, ...]

    def holds(self, scope: Scope) -> bool:
        """Tell whether a part matches; those after it are not looked at."""
        return any(part.holds(scope) for part in self.parts)


@dataclass(frozen=True, slots=True)
class NoneOf:
    """Not."""

    part: Condition

    def holds(self, scope: Scope) -> bool:
        """Tell whether the part does not match."""
        return not self.part.holds(scope)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A variable compared with a value of the definition, or with what another path gives."""

    variable: Path
    compare: Compare
    operand: Json | Path

    def holds(self, scope: Scope) -> bool:
        """Compare."""
        value = self.variable.evaluate(scope)
        operand = self.operand.evaluate(scope) if isinstance(self.operand, Path) else self.operand
        return self.compare(value, operand)


@dataclass(frozen=True, slots=True)
class Match:
    """A text that has a pattern (StringMatches)."""

    variable: Path
    pattern: Pattern

    def holds(self, scope: Scope) -> bool:
        """Match."""
        value = self.variable.evaluate(scope)
        return isinstance(value, str) and self.pattern.matches(value)


@dataclass(frozen=True, slots=True)
class TypeTest:
    """A variable that is, or is not, of a type."""

    variable: Path
    test: Callable[[Json], bool]
    expected: bool

    def holds(self, scope: Scope) -> bool:
        """Test."""
        return self.test(self.variable.evaluate(scope)) is self.expected


@dataclass(frozen=True, slots=True)
class Presence:
    """A variable that is there, or is not (IsPresent)."""

    variable: Path
    expected: bool

    def holds(self, scope: Scope) -> bool:
        """Look."""
        try:
            self.variable.select(scope)
        except (Miss, PathError):
            return not self.expected
        return self.expected


@dataclass(frozen=True, slots=True)
class _Never:
    """Stands for a rule with a fault, which was reported."""

    def holds(self, scope: Scope) -> bool:
        """Match nothing."""
        del scope
        return False


_BROKEN: Final = _Never()


def compile_rule(rule: Mapping[str, Json], path: str, report: _Report) -> Condition:
    """Compile a Choice rule.

    Args:
        rule: The rule; what is not part of its condition (Next, Assign) is not looked at.
        path: Where the rule is, as AWS writes it ("/States/Sort/Choices[0]").
        report: Told the path and the message of each fault.
    """
    found = [name for name in rule if name in OPERATORS or name in COMBINATIONS]
    if len(found) != 1:
        report(path, f"expected exactly one comparison, And, Or or Not; found {', '.join(found) or 'none'}")
        return _BROKEN
    name = found[0]
    value = rule[name]
    if name == "Not":
        return NoneOf(_compile_nested(value, f"{path}/Not", report))
    if name in COMBINATIONS:
        if not isinstance(value, list) or not value:
            report(f"{path}/{name}", f"expected a list of rules, not empty; found {type_of(value)}")
            return _BROKEN
        parts = tuple(_compile_nested(part, f"{path}/{name}[{index}]", report) for index, part in enumerate(value))
        return AllOf(parts) if name == "And" else AnyOf(parts)
    variable = _read_path(rule.get("Variable"), f"{path}/Variable", report)
    return _BROKEN if variable is None else _compile_comparison(variable, name, value, f"{path}/{name}", report)


def _compile_nested(rule: Json, path: str, report: _Report) -> Condition:
    if not isinstance(rule, dict):
        report(path, f"expected a rule, found {type_of(rule)}")
        return _BROKEN
    for name in rule:
        if name not in RULE_FIELDS:
            report(f"{path}/{name}", f"expected a field of a rule within another, found {name!r}; Next goes outside")
    return compile_rule(rule, path, report)


def _compile_comparison(variable: Path, name: str, value: Json, path: str, report: _Report) -> Condition:
    if name in TYPE_TESTS or name == IS_PRESENT:
        if not isinstance(value, bool):
            report(path, f"expected true or false, found {type_of(value)}")
            return _BROKEN
        return Presence(variable, value) if name == IS_PRESENT else TypeTest(variable, TYPE_TESTS[name], value)
    if name == STRING_MATCHES:
        if not isinstance(value, str):
            report(path, f"expected a string, found {type_of(value)}")
            return _BROKEN
        return Match(variable, Pattern(value))
    if name in COMPARISONS:
        compare, fits, kind = COMPARISONS[name]
        if not fits(value):
            is_text = isinstance(value, str) and name.startswith("Timestamp")
            report(
                path,
                "String does not match RFC3339 timestamp" if is_text else f"expected {kind}, found {type_of(value)}",
            )
            return _BROKEN
        return Comparison(variable, compare, value)
    operand = _read_path(value, path, report)
    return _BROKEN if operand is None else Comparison(variable, COMPARISONS[name.removesuffix("Path")][0], operand)


def _read_path(value: Json, path: str, report: _Report) -> Path | None:
    if not isinstance(value, str):
        report(path, f"expected a path, found {type_of(value) if value is not None else 'none'}")
        return None
    try:
        return read_reference(value, CHOICES)
    except ValueError as error:
        report(path, str(error))
        return None
