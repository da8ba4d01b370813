"""The http node: a call of a server."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from millrace.catalogue.config import ExpressionText, Model, NodeConfig, Text, Value
from millrace.catalogue.lowering import GRACE_SECONDS, LAMBDA_INVOKE, Lowering, Task
from millrace.catalogue.node import Category, Function, LowerScope, NodeFailure, NodeType, RunContext
from millrace.expressions import is_template
from millrace.model import Code

if TYPE_CHECKING:
    from millrace.http import Call, CredentialResolver, NetworkSettings, Pagination
    from millrace.model import Json

_STATUS: Final = re.compile(r"([1-5])xx|([1-5]\d\d)(?:-([1-5]\d\d))?", re.IGNORECASE)
_DEFAULT_SECONDS: Final = 30.0
_MARGIN_SECONDS: Final = 1.0


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) and not is_template(value) else value


def _status(value: int | str) -> int | str:
    if isinstance(value, str) and not is_template(value) and not _STATUS.fullmatch(value):
        raise ValueError(
            "expected a status such as 404, a class such as 4xx, a range such as 400-404, or an expression `${ … }`"
        )
    return value


Method = Annotated[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], BeforeValidator(_upper)]
Status = Annotated[int | str, AfterValidator(_status)]
Items = Annotated[
    str, Field(description="JMESPath from a page's body to its items, such as data.items; empty for the body itself.")
]
MaxPages = Annotated[int | ExpressionText, Field(description="Pages that are read at most, 1 to 1000.")]


class Auth(Model):
    """Who the call is made as."""

    credential: Annotated[Text, Field(description="Name of a credential.")]


class NextLink(Model):
    """Each page names the next one's URL."""

    type: Literal["nextLink"]
    next: Annotated[
        str, Field(description="JMESPath to the next page's URL in the body; empty for the Link header.")
    ] = ""
    items: Items = ""
    maxPages: MaxPages = 100


class Cursor(Model):
    """Each page holds a cursor that asks for the next one."""

    type: Literal["cursor"]
    cursor: Annotated[
        str, Field(min_length=1, description="JMESPath to the cursor in the body; no value there ends the list.")
    ]
    parameter: Annotated[str, Field(min_length=1, description="Query parameter that carries the cursor.")] = "cursor"
    items: Items = ""
    maxPages: MaxPages = 100


class PageNumber(Model):
    """Pages are numbered; one without items ends the list."""

    type: Literal["page"]
    parameter: Annotated[str, Field(min_length=1, description="Query parameter that carries the number.")] = "page"
    start: Annotated[int | ExpressionText, Field(description="Number of the first page.")] = 1
    items: Items = ""
    maxPages: MaxPages = 100


class HttpConfig(NodeConfig):
    """The http node's data."""

    method: Annotated[Method | ExpressionText, Field(description="HTTP method.")] = "GET"
    url: Annotated[
        Text, Field(min_length=1, description="Address, http or https.", examples=["https://api.example.com/orders"])
    ]
    headers: Annotated[
        dict[str, Value] | ExpressionText, Field(description="Headers by name; null leaves one out.")
    ] = Field(default_factory=dict[str, Any])
    query: Annotated[
        dict[str, Value] | ExpressionText,
        Field(description="Query parameters, added to those of the URL; a list repeats its name, null leaves it out."),
    ] = Field(default_factory=dict[str, Any])
    body: Annotated[
        Value,
        Field(
            description="Body. Multipart files are {base64, filename, contentType}; a binary body is base64.",
            examples=[{"name": "Ada", "total": "${order.output.total}"}],
        ),
    ] = None
    bodyType: Annotated[
        Literal["auto", "json", "form", "multipart", "text", "binary"],
        Field(description="How the body is sent; auto sends text as text/plain and everything else as JSON."),
    ] = "auto"
    auth: Annotated[Auth | None, Field(description="Credential that authorizes the call.")] = None
    response: Annotated[
        Literal["auto", "json", "text", "binary"],
        Field(description="How the body is read; auto goes by its content type. Binary bodies are base64."),
    ] = "auto"
    pagination: Annotated[
        Annotated[NextLink | Cursor | PageNumber, Field(discriminator="type")] | None,
        Field(description="How to read a list of many pages; the output holds the items of all of them."),
    ] = None
    allowStatus: Annotated[
        list[Status],
        Field(description="Statuses of 400 and above that are no failure.", examples=[[404], ["4xx"], ["400-404"]]),
    ] = Field(default_factory=list[Status])
    followRedirects: Annotated[bool, Field(description="Follow up to five redirects.")] = True


class Http(NodeType[HttpConfig]):
    """Calls a server.

    One run is one try; trying again is the state machine's part.

    Args:
        settings: The network's settings; by default those of the environment.
        credentials: Where credentials come from; by default there are none.
        sleep: How to wait where a server asks for it, in seconds.
    """

    name = "http"
    title = "HTTP request"
    summary = "Calls a web address and gives its answer."
    category = Category.NETWORK
    icon = "globe"
    Config = HttpConfig
    function = Function.STEPS
    reaches_outside = True
    expected_seconds = 0.5
    output: ClassVar = {
        "type": "object",
        "properties": {
            "status": {"type": "integer", "description": "Status code."},
            "headers": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "Headers by lower-case name; repeated ones are joined by a comma.",
            },
            "body": {"description": "JSON, text, base64 for binary, or null when empty; null with pagination."},
            "url": {"type": "string", "description": "Where the answer came from, after redirects."},
            "items": {"type": "array", "description": "With pagination: the items of all pages."},
            "pages": {"type": "integer", "description": "With pagination: how many pages were read."},
            "complete": {"type": "boolean", "description": "With pagination: whether the last page was reached."},
        },
        "required": ["status", "headers", "body", "url"],
    }
    examples = (
        {"method": "GET", "url": "https://api.example.com/orders", "query": {"state": "open"}},
        {
            "method": "POST",
            "url": "https://api.example.com/orders",
            "body": {"sku": "${inputs.sku}"},
            "allowStatus": [409],
        },
        {"url": "https://api.example.com/orders", "pagination": {"type": "cursor", "cursor": "next", "items": "data"}},
    )

    def __init__(
        self,
        settings: "NetworkSettings | None" = None,
        credentials: "CredentialResolver | None" = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._sleep = sleep

    def settings(self, config: HttpConfig) -> dict[str, Any]:
        """Add the time limit, which the call itself keeps."""
        own = super().settings(config)
        return own if config.timeoutSeconds is None else own | {"timeoutSeconds": config.timeoutSeconds}

    def lower(self, config: HttpConfig, scope: LowerScope) -> Lowering:
        """Check what can be known before the run, then call the function.

        The node's input is not sent, because a call reads its config only and a state's payload is small.
        """
        _check_pagination(config, scope)
        return Task(
            resource=LAMBDA_INVOKE,
            arguments={"type": self.name, "node": scope.node, "config": scope.template(self.settings(config), "")},
            result=".Payload.output",
            function=self.function,
            expected_seconds=self.expected_seconds,
            grace_seconds=GRACE_SECONDS,
        )

    def run(self, config: HttpConfig, context: RunContext) -> "Json":
        """Make the call once."""
        import time

        from millrace.http import AddressPolicy, Clock, HttpError, Network, network_settings, perform

        remaining = max(0.0, context.remaining_seconds() - _MARGIN_SECONDS)
        limit = _DEFAULT_SECONDS if config.timeoutSeconds is None else float(config.timeoutSeconds)
        waiting = remaining if config.timeoutSeconds is None else min(remaining, limit)
        try:
            settings = self._settings or network_settings()
            network = Network(AddressPolicy.parse(settings.allow_private_hosts), settings.response_limit_bytes)
            call = self._call(config, min(limit, remaining))
            return perform(call, network, Clock(waiting, self._sleep or time.sleep))
        except HttpError as error:
            raise NodeFailure(error.name, str(error), transient=error.transient, details=error.details) from None

    def _call(self, config: HttpConfig, seconds: float) -> "Call":
        from millrace.http import Call, NoCredentials, encode_body, pairs_of

        authorization: tuple[tuple[str, str], ...] = ()
        if config.auth is not None:
            resolver = self._credentials or NoCredentials()
            authorization = tuple(
                resolver.headers(config.auth.credential, method=config.method, url=config.url).items()
            )
        return Call(
            method=config.method,
            url=config.url,
            headers=tuple(pairs_of(config.headers, "headers")),
            authorization=authorization,
            query=tuple(pairs_of(config.query, "query")),
            body=encode_body(config.body, config.bodyType),
            response=config.response,
            pagination=_pagination(config),
            allowed=tuple(_range(status) for status in config.allowStatus),
            follow_redirects=config.followRedirects,
            seconds=seconds,
        )


def _check_pagination(config: HttpConfig, scope: LowerScope) -> None:
    from millrace.catalogue.transform import jmespath_problem

    pages = config.pagination
    if pages is None:
        return
    paths = {"pagination.items": pages.items}
    if isinstance(pages, NextLink):
        paths["pagination.next"] = pages.next
    elif isinstance(pages, Cursor):
        paths["pagination.cursor"] = pages.cursor
    for at, path in paths.items():
        problem = jmespath_problem(path) if path else None
        if problem is not None:
            message, column = problem
            remedy = "Write a JMESPath expression such as data.items."
            scope.report(Code.SYNTAX_ERROR, at, message, remedy, column=column)


def _pagination(config: HttpConfig) -> "Pagination | None":
    from millrace.http import Pagination

    match config.pagination:
        case None:
            return None
        case NextLink() as pages:
            return Pagination("nextLink", pages.items, path=pages.next, max_pages=int(pages.maxPages))
        case Cursor() as pages:
            return Pagination(
                "cursor", pages.items, path=pages.cursor, parameter=pages.parameter, max_pages=int(pages.maxPages)
            )
        case PageNumber() as pages:
            return Pagination(
                "page", pages.items, parameter=pages.parameter, start=int(pages.start), max_pages=int(pages.maxPages)
            )


def _range(status: int | str) -> tuple[int, int]:
    found = _STATUS.fullmatch(str(status))
    if found is None:
        raise NodeFailure(
            "Config.Invalid", f"allowStatus: expected a status such as 404, 4xx or 400-404, found {status!r}"
        )
    if found[1]:
        return int(found[1]) * 100, int(found[1]) * 100 + 99
    return int(found[2]), int(found[3] or found[2])
