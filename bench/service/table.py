"""The table of figures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement.

    Attributes:
        what: What was measured, with its unit.
        measured: The engine's figure.
        target: What it must reach; None where nothing was promised.
        more_is_better: Whether the target is the least that it may be, not the most.
        ministack: The same of MiniStack; None where it was not measured.
    """

    what: str
    measured: float
    target: float | None = None
    more_is_better: bool = False
    ministack: float | None = None

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
        other = ratio = ""
        if self.ministack is not None:
            other = _number(self.ministack)
            quotient = self.measured / self.ministack if self.more_is_better else self.ministack / self.measured
            ratio = f"{quotient:,.1f}x"
        return f"{self.what:64} {_number(self.measured):>10} {other:>10} {ratio:>8}  {target}"


HEADING = f"{'what':64} {'Millrace':>10} {'MiniStack':>10} {'better':>8}  target"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
