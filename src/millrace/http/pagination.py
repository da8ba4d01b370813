"""Following a list through its pages."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from urllib.parse import parse_qsl, urlencode, urljoin

import httpx
import jmespath
from jmespath.exceptions import JMESPathError

from millrace.http.errors import RequestError, ResponseError
from millrace.http.response import Response
from millrace.model import Json, type_of

PaginationKind: TypeAlias = Literal["nextLink", "cursor", "page"]

_LINK: Final = "next"


@dataclass(frozen=True, slots=True)
class Pagination:
    """How a server cuts a list into pages.

    Attributes:
        items: JMESPath from a page's body to its items; "" for the body itself.
        path: JMESPath to the next page's URL or cursor; "" for the Link header (`nextLink` only).
        parameter: Query parameter that carries the cursor or the page's number.
        start: Number of the first page.
        max_pages: Pages that are read at most.
    """

    kind: PaginationKind
    items: str = ""
    path: str = ""
    parameter: str = ""
    start: int = 1
    max_pages: int = 100

    def first(self, url: str) -> str:
        """Give the first page's URL."""
        return _with_parameter(url, self.parameter, str(self.start)) if self.kind == "page" else url

    def items_of(self, body: Json) -> list[Json]:
        """Take the items out of a page's body.

        Raises:
            ResponseError: They are no list.
        """
        found = _search(self.items, body, "pagination.items") if self.items else body
        if found is None:
            return []
        if not isinstance(found, list):
            where = f"at {self.items!r}" if self.items else "as the body"
            raise ResponseError(
                f"pagination.items: expected a list {where}, found {type_of(found)}; give the path to the items"
            )
        return found

    def following(self, response: Response, body: Json, page: int, items: list[Json]) -> str | None:
        """Give the next page's URL, or None after the last page; `page` is how many have been read."""
        match self.kind:
            case "page":
                return _with_parameter(response.url, self.parameter, str(self.start + page)) if items else None
            case "cursor":
                cursor = _search(self.path, body, "pagination.cursor")
                if cursor is None or cursor in ("", False):
                    return None
                if not isinstance(cursor, str | int):
                    raise ResponseError(
                        f"pagination.cursor: expected text or a number at {self.path!r}, found {type_of(cursor)}"
                    )
                return _with_parameter(response.url, self.parameter, str(cursor))
            case "nextLink":
                link = _search(self.path, body, "pagination.next") if self.path else response.links.get(_LINK)
                if link is None or link == "":
                    return None
                if not isinstance(link, str):
                    raise ResponseError(f"pagination.next: expected a URL at {self.path!r}, found {type_of(link)}")
                return urljoin(response.url, link)


def _search(path: str, body: Json, at: str) -> Json:
    try:
        return jmespath.search(path, body)
    except JMESPathError as error:
        raise RequestError(
            f"{at}: expected a JMESPath expression such as data.items, found {path!r} ({error})"
        ) from None


def _with_parameter(url: str, name: str, value: str) -> str:
    parsed = httpx.URL(url)
    kept = [(key, text) for key, text in parse_qsl(parsed.query.decode(), keep_blank_values=True) if key != name]
    return str(parsed.copy_with(query=urlencode([*kept, (name, value)]).encode()))
