"""Console output of a program, cut where it gets too long."""

from collections.abc import Callable


class Console:
    """Passes console text on line by line until a limit, then says once that it was cut.

    Args:
        sink: Takes each line, without its line feed.
        limit_bytes: How much text is passed on, in UTF-8 bytes.
    """

    def __init__(self, sink: Callable[[str], None], limit_bytes: int) -> None:
        self._sink = sink
        self._limit = limit_bytes
        self._left = limit_bytes
        self._pending = ""

    def write(self, text: str) -> None:
        """Take text that may hold several lines or a part of one."""
        if self._left <= 0:
            return
        *lines, self._pending = (self._pending + text).split("\n")
        for line in lines:
            self.line(line)
        if len(self._pending) > self._left:
            self.flush()

    def line(self, text: str) -> None:
        """Take one whole line."""
        if self._left <= 0:
            return
        size = len(text.encode("utf-8", "replace")) + 1
        if size > self._left:
            kept = text.encode("utf-8", "replace")[: self._left].decode("utf-8", "ignore")
            self._left = 0
            if kept:
                self._sink(kept)
            self._sink(f"[console output cut: only the first {self._limit // 1024} KiB are kept]")
            return
        self._left -= size
        self._sink(text)

    def flush(self) -> None:
        """Pass on a last line that has no line feed."""
        if self._pending:
            rest, self._pending = self._pending, ""
            self.line(rest)
