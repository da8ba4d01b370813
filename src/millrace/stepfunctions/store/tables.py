"""What the parts of the store share: the database, and pages of its lists."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from millrace.model.json import Json
from millrace.stepfunctions.records import Page, Record
from millrace.stepfunctions.store.database import Database
from millrace.stepfunctions.store.page_tokens import page_place, page_token
from millrace.stepfunctions.store.port import PageRequest

_NEWEST: Final = (1 << 63) - 1


class Tables:
    """Some tables of a data file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _page(
        self, statement: str, parameters: Sequence[Any], request: PageRequest, build: Callable[..., Record]
    ) -> Page[Record]:
        """Give a page of a list.

        Args:
            statement: Gives each row's number, by which the list goes down, before the row; takes the parameters, then
                the number below which to begin, then how many rows to give.
            parameters: Which list it is.
            request: Which part of it.
            build: Makes a record of a row without its number.
        """
        listing = f"{statement}{tuple(parameters)!r}"
        place = _NEWEST if request.token is None else page_place(listing, request.token)
        rows = self._database.select(statement, (*parameters, place, request.limit + 1))
        token = page_token(listing, rows[request.limit - 1][0]) if len(rows) > request.limit else None
        return Page(tuple(build(*row[1:]) for row in rows[: request.limit]), token)


def json_text(value: Json) -> str | None:
    """Write a configuration for a column; NULL stands for none."""
    return None if value is None else orjson.dumps(value).decode()


def json_value(text: str | None) -> Json:
    """Read a configuration from a column."""
    return None if text is None else orjson.loads(text)
