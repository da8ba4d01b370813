"""botocore's clients on the event loop: made off it, kept, and called without a thread each.

Why botocore and not aiobotocore: aiobotocore pins a botocore older than boto3's. Retrying is the state's business
(its Retry), so every call is one attempt.
"""

import asyncio
import io
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, cast

from millrace.integrations import bridge, naming, stand_in
from millrace.integrations.connections import Connections
from millrace.integrations.endpoint import AwsEndpoint
from millrace.integrations.errors import ClientError, ServiceAnswer, ServiceError, UnknownAction

_DEFAULT: Final = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a service, as botocore's model has it.

    Attributes:
        service: botocore's name of the service ("stepfunctions").
        name: The operation ("StartExecution").
        service_id: The service's id in its model ("SFN").
        query: The service speaks, or once spoke, the query protocol and words errors as that does.
        input, output: botocore's shapes; None for an operation without.
    """

    service: str
    name: str
    service_id: str
    query: bool
    input: Any
    output: Any


class _Body(io.BytesIO):
    """A response's body as botocore reads it."""

    def stream(self, amt: int = 2**16, decode_content: bool | None = None) -> Iterator[bytes]:
        del decode_content
        while chunk := self.read(amt):
            yield chunk


class Clients:
    """The clients of one set of credentials.

    Args:
        endpoint: Where the services are.
        connections: Carries the requests.
        keys: Credentials that go before the endpoint's: access key, secret key and token.
    """

    def __init__(
        self, endpoint: AwsEndpoint, connections: Connections, keys: tuple[str, str, str | None] | None = None
    ) -> None:
        self._endpoint = endpoint
        self._connections = connections
        self._keys = keys
        # botocore's sessions are not made for several threads; making a client takes 20 to 100 ms.
        self._maker = ThreadPoolExecutor(1, "aws-clients")
        self._session: Any = None
        self._folders: dict[str, str] = {}
        self._clients: dict[str, asyncio.Task[Any]] = {}
        self._chain: Any = None

    def with_keys(self, keys: tuple[str, str, str | None]) -> "Clients":
        """Give clients of the same endpoint for other credentials."""
        return Clients(self._endpoint, self._connections, keys)

    async def folder(self, service: str) -> str:
        """Give botocore's name for a service of a Resource ARN ("sfn").

        Raises:
            UnknownAction: There is no such service.
        """
        known, plain = naming.folders(service)
        if known is not None:
            return known
        if not self._folders:
            self._folders = await self._make(self._list_services)
        try:
            return self._folders[plain]
        except KeyError:
            raise UnknownAction(f"expected a service of AWS's SDKs, found {service!r}") from None

    async def operation(self, service: str, action: str) -> Operation:
        """Find an operation.

        Args:
            service: botocore's name of the service.
            action: The action as in a Resource ARN ("startExecution"), or the operation's name.

        Raises:
            UnknownAction: The service has no such action.
            ClientError: No client can be made.
        """
        client = await self._client(service)
        model = client.meta.service_model
        names = cast("list[str]", model.operation_names)
        name = next((name for name in names if action in {naming.uncapitalized(name), name}), None)
        if name is None:
            name = next((name for name in names if name[:1].lower() + name[1:] == action), None)
        if name is None:
            raise UnknownAction(f"expected an action of the service {service!r}, found {action!r}")
        found = model.operation_model(name)
        return Operation(
            service,
            name,
            str(model.service_id),
            bool(model.is_query_compatible) or str(model.protocol) in {"query", "ec2"},
            found.input_shape,
            found.output_shape,
        )

    async def call(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Call an operation.

        Args:
            service: botocore's name of the service.
            operation: The operation's name in the service's model.
            parameters: What boto3 would take; they are not validated.

        Returns:
            What boto3 would return.

        Raises:
            ServiceError: The service refused.
            ClientError: There was no answer.
        """
        import botocore
        from botocore import exceptions

        local = self._endpoint.of(service) is not None
        if local:
            stand_in.check(service, parameters)
        client = await self._client(service)
        await self._refresh()
        method = getattr(client, cast("Any", botocore).xform_name(operation))
        try:
            answer = cast("dict[str, Any]", await bridge.run(lambda: method(**parameters), self._send))
        except exceptions.ClientError as error:
            raise ServiceError(_answer(client, cast("dict[str, Any]", error.response))) from error
        except (exceptions.BotoCoreError, ValueError, TypeError, AttributeError) as error:
            # Parameters are not validated, so that wrong ones fail wherever botocore first stumbles over them.
            raise ClientError(str(error)) from error
        return stand_in.complete(service, operation, parameters, answer) if local else answer

    def close(self) -> None:
        """Let the thread that makes clients end."""
        self._maker.shutdown(wait=False, cancel_futures=True)

    async def _client(self, service: str) -> Any:
        making = self._clients.get(service)
        if making is None or (making.done() and (making.cancelled() or making.exception() is not None)):
            making = asyncio.ensure_future(self._make(self._make_client, service))
            self._clients[service] = making
        return await asyncio.shield(making)

    async def _make(self, function: Any, *arguments: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._maker, function, *arguments)

    def _get_session(self) -> Any:
        if self._session is None:
            import botocore.session

            self._session = botocore.session.Session()
        return self._session

    def _list_services(self) -> dict[str, str]:
        return {name.replace("-", ""): name for name in self._get_session().get_available_services()}

    def _make_client(self, service: str) -> Any:
        from botocore import exceptions
        from botocore.config import Config

        session = self._get_session()
        url = self._endpoint.of(service)
        access, secret, token = self._keys or self._endpoint.keys(service) or (None, None, None)
        config = Config(
            parameter_validation=False,
            retries={"mode": "standard", "total_max_attempts": 1},
            inject_host_prefix=url is None,
            response_checksum_validation="when_required",  # else S3 is asked for checksums, and the result has them
            s3={"addressing_style": "auto" if url is None else "path"},
        )
        try:
            client = session.create_client(
                service,
                region_name=self._endpoint.region,
                endpoint_url=url,
                aws_access_key_id=access,
                aws_secret_access_key=secret,
                aws_session_token=token,
                config=config,
            )
            if access is None:
                self._chain = session.get_credentials()
        except exceptions.UnknownServiceError as error:
            raise UnknownAction(f"expected a service of AWS's SDKs, found {service!r}") from error
        except exceptions.BotoCoreError as error:
            raise ClientError(str(error)) from error
        client.meta.events.register("before-send", _step_aside)
        return client

    async def _refresh(self) -> None:
        """Fetch new credentials off the loop when those of the chain are about to expire."""
        needed = getattr(self._chain, "refresh_needed", None)
        if needed is not None and needed():
            await self._make(self._chain.get_frozen_credentials)

    async def _send(self, request: Any) -> object:
        from botocore.awsrequest import AWSResponse

        headers = [
            (str(name), value.decode("latin-1") if isinstance(value, bytes) else str(value))
            for name, value in request.headers.items()
        ]
        answer = await self._connections.send(str(request.method), str(request.url), headers, _bytes(request.body))
        return AWSResponse(request.url, answer.status, answer.headers, _Body(answer.body))


def trusted_authorities() -> ssl.SSLContext:
    """Make the TLS settings that botocore would use: AWS_CA_BUNDLE, else the authorities it brings along."""
    import botocore.httpsession
    import botocore.session

    session, http = cast("Any", botocore.session).Session(), cast("Any", botocore.httpsession)
    return ssl.create_default_context(cafile=session.get_config_variable("ca_bundle") or http.get_cert_path(True))


def _step_aside(request: Any, **_: object) -> Any:
    return bridge.wait(request) if bridge.bridged() else None


def _bytes(body: Any) -> bytes:
    match body:
        case None:
            return b""
        case str():
            return body.encode()
        case bytes() | bytearray():
            return bytes(body)
        case _:
            return cast("bytes", body.read())


def _answer(client: Any, response: dict[str, Any]) -> ServiceAnswer:
    error = cast("dict[str, Any]", response.get("Error", {}))
    metadata = cast("dict[str, Any]", response.get("ResponseMetadata", {}))
    code = str(error.get("Code", ""))
    shape = client.meta.service_model.shape_for_error_code(code)
    return ServiceAnswer(
        code,
        None if shape is None else str(shape.name),
        str(error.get("Message", "")),
        int(metadata.get("HTTPStatusCode", 0)),
        str(metadata.get("RequestId", "")),
        str(metadata.get("HostId", "")),
    )
