"""Lists in pages, as every List operation of the API gives them."""

from collections.abc import Callable
from typing import Any, Final

from millrace.stepfunctions.records import Page, Record
from millrace.stepfunctions.store.port import PageRequest

DEFAULT_SIZE: Final = 100


def page_request(parameters: dict[str, Any]) -> PageRequest:
    """Read which page is asked for; a size of 0 means the default, as on AWS."""
    return PageRequest(parameters.get("maxResults") or DEFAULT_SIZE, parameters.get("nextToken"))


def page_answer(member: str, page: Page[Record], item: Callable[[Record], dict[str, Any]]) -> dict[str, Any]:
    """Write a page as a member of an answer."""
    answer: dict[str, Any] = {member: [item(record) for record in page.records]}
    if page.next_token is not None:
        answer["nextToken"] = page.next_token
    return answer
