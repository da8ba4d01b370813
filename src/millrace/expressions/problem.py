"""What is wrong with an expression, before it is known in which field of which node it stands."""

from dataclasses import dataclass

from millrace.model import Code


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a string of the document.

    Attributes:
        column: 1-based character inside the whole string, `${` and the text around it included.
        remedy: One sentence that says what to do.
    """

    code: Code
    message: str
    remedy: str
    column: int | None = None
    expected: str | None = None
    found: str | None = None
