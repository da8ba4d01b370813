"""`http:invoke` and `apigateway:invoke`: calls of HTTP APIs.

The client and its guard against private addresses are those of the HTTP nodes. It works in threads, of which there is
a bounded number; every call ends by its deadline.
Source: AWS Step Functions Developer Guide, "Call HTTPS APIs in Step Functions workflows".
"""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlsplit

from millrace.engine import TaskFailure, TaskRequest
from millrace.http import Body, HttpError, Network
from millrace.http.client import Client, with_query
from millrace.http.deadline import Deadline
from millrace.http.errors import RequestError
from millrace.http.response import Response, decode_body
from millrace.integrations.errors import ArgumentsError
from millrace.integrations.event_connections import Additions, TokenRequest, additions, redacted
from millrace.integrations.failures import OptimisedFailures
from millrace.integrations.http_request import HttpRequest, Pairs, body_of, method_of, pairs, text
from millrace.integrations.roles import Roles
from millrace.model.json import Json

_LONGEST_SECONDS: Final = 60.0
_THREADS: Final = 64
_SOCKET: Final = "States.Http.Socket"
_FAILURES: Final = OptimisedFailures("States.Http", "HTTP", "Exception")
_AGENT: Final = "Amazon|StepFunctions|HttpInvoke"


class HttpTasks:
    """Does http:invoke and apigateway:invoke.

    Args:
        roles: Gives the clients that read connections.
        network: Which addresses may be reached, and how.
        region: For the User-Agent header.
    """

    def __init__(self, roles: Roles, network: Network, region: str) -> None:
        self._roles = roles
        self._network = network
        self._region = region
        self._threads = ThreadPoolExecutor(_THREADS, "http-tasks")

    async def __call__(self, task: TaskRequest) -> Json:
        """Make one call."""
        arguments = task.arguments if isinstance(task.arguments, dict) else {}
        gateway = task.resource.service == "apigateway"
        added = Additions()
        try:
            if not gateway:
                added = await self._connection(task, arguments)
            request = _gateway_request(arguments) if gateway else self._api_request(arguments, added)
            if task.trace is not None:
                shown = request if gateway or task.reveal_secrets else self._api_request(arguments, redacted(added))
                task.trace("request", _shown_request(shown))
        except ArgumentsError as error:
            raise _FAILURES.failure(error, task.arguments) from error
        response = await self._send(request, min(task.timeout or _LONGEST_SECONDS, _LONGEST_SECONDS))
        if task.trace is not None:
            task.trace("response", _shown_response(response))
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            name = "ApiGateway" if gateway else "States.Http.StatusCode"
            raise TaskFailure(f"{name}.{response.status}", response.text)
        return {
            "Headers": {name: [value] for name, value in response.headers.items()},
            "ResponseBody": _body(response),
            "StatusCode": response.status,
            "StatusText": response.reason,
        }

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _api_request(self, arguments: dict[str, Json], added: Additions) -> HttpRequest:
        method, url = method_of(arguments), text(arguments, "ApiEndpoint")
        query = (*pairs(arguments, "QueryParameters"), *added.query)
        headers = pairs(arguments, "Headers")
        body = body_of(arguments, headers, added.body)
        names = {name.lower() for name, _ in added.headers}
        own = (("User-Agent", f"{_AGENT}|{self._region}"), ("Range", "bytes=0-262144"), *added.headers)
        kept = tuple(pair for pair in headers if pair[0].lower() not in {*names, "user-agent", "range"})
        return HttpRequest(method, url, (*kept, *own), query, body)

    async def _connection(self, task: TaskRequest, arguments: dict[str, Json]) -> Additions:
        """Read what the connection adds; a call without one is possible here, for APIs that ask for nothing."""
        given = arguments.get("Authentication") or arguments.get("InvocationConfig")
        if given is None:
            return Additions()
        arn = given.get("ConnectionArn") if isinstance(given, dict) else None
        if not isinstance(arn, str):
            raise ArgumentsError("The field 'ConnectionArn' is required but was missing")
        added = await additions(await self._roles.clients(task.credentials), arn)
        if added.token is None:
            return added
        token = await self._token(added.token)
        return replace(added, headers=(*added.headers, ("Authorization", f"Bearer {token}")))

    async def _token(self, wanted: TokenRequest) -> str:
        members: dict[str, Json] = {
            "grant_type": "client_credentials",
            "client_id": wanted.client_id,
            "client_secret": wanted.client_secret,
            **dict(wanted.parameters.body),
        }
        as_form: dict[str, Json] = {"RequestBody": members, "Transform": {"RequestBodyEncoding": "URL_ENCODED"}}
        body = Body() if wanted.method == "GET" else body_of(as_form, ())
        query = cast("Pairs", tuple(members.items())) if wanted.method == "GET" else ()
        request = HttpRequest(
            wanted.method, wanted.url, wanted.parameters.headers, (*query, *wanted.parameters.query), body
        )
        response = await self._send(request, _LONGEST_SECONDS)
        answer = _body(response)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if response.status != HTTPStatus.OK or not isinstance(token, str):
            raise TaskFailure(
                "Events.ConnectionResource.AuthorizationFailed",
                f"expected an access_token from {wanted.url}, found status {response.status}",
            )
        return token

    async def _send(self, request: HttpRequest, seconds: float) -> Response:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, _send, request, self._network, seconds)
        except RequestError as error:
            raise TaskFailure("States.Runtime", str(error)) from error
        except HttpError as error:
            raise TaskFailure(_SOCKET, str(error)) from error


def _send(request: HttpRequest, network: Network, seconds: float) -> Response:
    with Client(network, Deadline(seconds)) as client:
        return client.send(request.method, with_query(request.url, request.query), request.headers, request.body)


def _gateway_request(arguments: dict[str, Json]) -> HttpRequest:
    """Read the arguments of apigateway:invoke; the endpoint comes without its scheme, or with one for a stand-in."""
    if arguments.get("AuthType") not in {None, "NO_AUTH"}:
        raise ArgumentsError("The value of the field 'AuthType' has to be NO_AUTH: requests are not signed here")
    endpoint = text(arguments, "ApiEndpoint").rstrip("/")
    base = endpoint if "://" in endpoint else f"https://{endpoint}"
    parts = [str(arguments[name]).strip("/") for name in ("Stage", "Path") if arguments.get(name)]
    headers = pairs(arguments, "Headers")
    return HttpRequest(
        method_of(arguments),
        "/".join([base, *parts]),
        headers,
        pairs(arguments, "QueryParameters"),
        body_of(arguments, headers),
    )


def _shown_request(request: HttpRequest) -> Json:
    """Write a request as TestState shows it."""
    url = with_query(request.url, request.query)
    return {
        "protocol": urlsplit(url).scheme,
        "method": request.method,
        "url": url,
        "headers": _shown_headers(request.headers),
        "body": request.body.content.decode(errors="replace"),
    }


def _shown_response(response: Response) -> Json:
    """Write a response as TestState shows it."""
    return {
        "protocol": urlsplit(response.url).scheme,
        "statusCode": str(response.status),
        "statusMessage": response.reason,
        "headers": _shown_headers(tuple(response.headers.items())),
        "body": response.text,
    }


def _shown_headers(headers: Pairs) -> str:
    return f"[{', '.join(f'{name}: {value}' for name, value in headers)}]"


def _body(response: Response) -> Json:
    """Read a body: JSON where it is JSON, whatever its type is called; text otherwise."""
    if not response.body:
        return ""
    try:
        return cast("Json", json.loads(response.text))
    except ValueError:
        return (
            response.text if response.content_type.startswith("text/") else cast("Any", decode_body(response, "auto"))
        )
