"""The table of figures."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement.

    Attributes:
        what: What was measured, with its unit.
        measured: The figure.
        target: What it must reach; None where nothing was promised.
        more_is_better: Whether the target is the least that it may be, not the most.
    """

    what: str
    measured: float
    target: float | None = None
    more_is_better: bool = False

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        if self.target is None:
            return True
        return self.measured >= self.target if self.more_is_better else self.measured <= self.target

    def line(self) -> str:
        """Write it as a row of the table."""
        sign = ">=" if self.more_is_better else "<="
        target = "" if self.target is None else f"{sign} {self.target:,g}{'' if self.met else '  MISSED'}"
        number = f"{self.measured:,.0f}" if self.measured >= 100 else f"{self.measured:,.2f}"
        return f"{self.what:76} {number:>10}  {target}".rstrip()


HEADING: Final = f"{'what':76} {'measured':>10}  target"
