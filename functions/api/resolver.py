"""Powertools' resolver for processes that answer several requests at once."""

# Powertools leaves out the arguments of its generic types.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeArgument=false

import json
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, TypeVar, cast

import orjson
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import ResponseBuilder, Route
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

T = TypeVar("T")

DEEPEST: Final = 100
"""Levels of a body: pydantic writes no more than 255, and a document needs far fewer."""


_LONG_NUMBER: Final = re.compile(r"[0-9]{19}")


@dataclass
class _RequestState:
    event: APIGatewayProxyEventV2 | None = None
    context: dict[str, Any] = field(default_factory=dict[str, Any])
    frames: list[str] = field(default_factory=list[str])


_STATE: Final[ContextVar[_RequestState | None]] = ContextVar("api_request", default=None)
_AT_START: Final = _RequestState()


def _state() -> _RequestState:
    return _STATE.get() or _AT_START


class ConcurrentHttpResolver(APIGatewayHttpResolver):
    """Keeps the state of a request in its own context.

    Powertools keeps it in the resolver, which is right where Lambda sends an environment one request at a time, and
    wrong in the threads of the local gateway; its own HttpResolverLocal, which knows no payload v2, does as this does.
    """

    def __init__(self, **options: Any) -> None:
        self._preparing = Lock()
        super().__init__(
            serializer=serialized,
            json_body_deserializer=cast("Any", read_json),
            **options,
        )

    # Powertools declares attributes; properties lead each request to its own.
    @property
    def current_event(self) -> APIGatewayProxyEventV2:  # pyright: ignore[reportIncompatibleVariableOverride] -- as said
        """The request."""
        event = _state().event
        assert event is not None
        return event

    @property
    def context(self) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleVariableOverride] -- as said
        """What belongs to the request."""
        return _state().context

    @context.setter
    def context(self, value: dict[str, Any]) -> None:  # pyright: ignore[reportIncompatibleVariableOverride] -- as said
        _state().context = value

    @property
    def processed_stack_frames(self) -> list[str]:  # pyright: ignore[reportIncompatibleVariableOverride] -- as said
        """What Powertools shows when it is debugged."""
        return _state().frames

    @processed_stack_frames.setter
    def processed_stack_frames(self, value: list[str]) -> None:
        _state().frames = value

    def provide(self, provider: Callable[[], T]) -> T:
        """Give what a provider gives, or what was put in its place."""
        return cast("Callable[[], T]", self.dependency_overrides.get(provider, provider))()

    def replace(self, provider: Callable[[], T], other: Callable[[], T]) -> None:
        """Put another provider in the place of one, for tests."""
        self.dependency_overrides[provider] = other

    def on_error(self, kind: type[Exception], handle: Callable[[Exception], Response[Any]]) -> None:
        """Answer errors of a kind, and of the kinds below it."""
        self.exception_handler(kind)(handle)

    def methods_at(self, path: str) -> list[str]:
        """Give the methods that a path can be asked with."""
        routes = (*self._static_routes, *self._dynamic_routes)
        return sorted({route.method for route in routes if route.rule.match(path)})

    def _to_proxy_event(self, event: dict[str, Any]) -> APIGatewayProxyEventV2:
        proxy_event = cast("APIGatewayProxyEventV2", super()._to_proxy_event(event))
        _STATE.set(_RequestState(proxy_event))
        return proxy_event

    def _call_route(self, route: Route, route_arguments: dict[str, str]) -> ResponseBuilder:
        # Two first requests at once would wrap a route's middlewares around it twice; nothing public builds them ahead.
        if not route._middleware_stack_built:
            with self._preparing:
                if not route._middleware_stack_built:
                    route._build_middleware_stack(self._router_middlewares, self)
        return super()._call_route(route, route_arguments)


class DeepJsonError(ValueError):
    """A body nests more deeply than we read."""


def read_json(text: str) -> Any:
    """Read a body; NaN, infinities and lone surrogates are no JSON.

    Raises:
        json.JSONDecodeError: It is no JSON.
        DeepJsonError: It nests too deeply.
    """
    value: Any = orjson.loads(text)
    level = _members([value])
    for _ in range(DEEPEST):
        level = [member for one in level for member in _members(one)]
        if not level:
            # orjson rounds whole numbers of more than 64 bits.
            return json.loads(text) if _LONG_NUMBER.search(text) else value
    raise DeepJsonError(f"expected JSON of at most {DEEPEST} levels, found more")


def _members(value: Any) -> list[Any]:
    """Give the members that may have members."""
    inside = value.values() if isinstance(value, Mapping) else value
    return [member for member in cast("Any", inside) if isinstance(member, (dict, list))]


def serialized(body: Any) -> str:
    """Write a body; whole numbers of more than 64 bits, which orjson does not write, as they are."""
    try:
        return orjson.dumps(body).decode()
    except TypeError:
        return json.dumps(body, separators=(",", ":"))
