"""The function that chains of tasks call, on whichever host."""


def handler(event: dict[str, object], _context: object) -> dict[str, object]:
    """Give the event back."""
    return event
