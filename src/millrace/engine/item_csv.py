r"""Items of delimited text.

Source: AWS Step Functions Developer Guide, "ItemReader", "CSV": quoted fields may hold delimiters and line ends,
quotes are doubled or escaped, a backslash is dropped otherwise; missing fields are empty, further ones are left out.
"""

import csv
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Final

from millrace.engine.distributed import DELIMITERS, HeaderLocation, ReaderConfig
from millrace.engine.item_lines import lines
from millrace.engine.item_source import ItemReaderError
from millrace.model.json import Json

_NO_ROW: Final[list[str]] = []


class _Rows(Iterator[str]):
    """Feeds a CSV reader with the lines that are there, and gives only rows that are whole."""

    def __init__(self, delimiter: str) -> None:
        self._lines: deque[str] = deque()
        self._row: list[str] = []
        self._starved = False
        self._delimiter = delimiter
        self._reader = self._new_reader()

    def _new_reader(self) -> "Iterator[list[str]]":
        return csv.reader(self, delimiter=self._delimiter, escapechar="\\")

    def __next__(self) -> str:
        if not self._lines:
            self._starved = True
            raise StopIteration
        line = self._lines.popleft()
        self._row.append(line)
        return line

    def take(self, fresh: list[str], *, last: bool = False) -> Iterator[list[str]]:
        """Give the rows that further lines make whole.

        Args:
            fresh: The lines.
            last: None come after them: a row that a quote leaves open ends here.
        """
        self._lines.extend(fresh)
        while self._lines:
            self._row, self._starved = [], False
            row = next(self._reader, _NO_ROW)
            if self._starved and not last:
                # A quoted field goes on in lines that are still to come.
                self._lines.extend(self._row)
                self._reader = self._new_reader()
                return
            if row:
                yield row


async def csv_rows(parts: AsyncIterator[bytes], delimiter: str) -> AsyncIterator[list[str]]:
    """Give the rows of delimited text; empty lines are none.

    Raises:
        ItemReaderError: The text is not delimited text.
    """
    rows = _Rows(delimiter)
    try:
        async for fresh in lines(parts):
            for row in rows.take(fresh):
                yield row
        for row in rows.take([], last=True):
            yield row
    except csv.Error as error:
        raise ItemReaderError(f"expected delimited text: {error}") from error


async def csv_items(parts: AsyncIterator[bytes], config: ReaderConfig) -> AsyncIterator[Json]:
    """Give an object for each row, by the names of the first row or by those that are given."""
    headers = list(config.headers) if config.header_location is HeaderLocation.GIVEN else None
    async for row in csv_rows(parts, DELIMITERS[config.delimiter]):
        if headers is None:
            headers = row
        else:
            yield row_item(headers, row)


def row_item(headers: list[str], row: list[str]) -> dict[str, Json]:
    """Make an object of a row."""
    row.extend([""] * (len(headers) - len(row)))
    return dict(zip(headers, row, strict=False))
