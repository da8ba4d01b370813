"""Choice rules of JSONPath states."""

from collections.abc import Callable, Mapping
from typing import Protocol

from millrace.engine.expressions import Scope
from millrace.model.json import Json


class Condition(Protocol):
    """A compiled Choice rule."""

    def holds(self, scope: Scope) -> bool:
        """Tell whether the rule matches."""
        ...


def compile_rule(rule: Mapping[str, Json], path: str, report: Callable[[str, str], None]) -> Condition:
    """Compile a Choice rule."""
    raise NotImplementedError
