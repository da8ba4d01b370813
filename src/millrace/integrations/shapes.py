"""Values between a state's JSON and a service's model.

Recorded behaviour: text is made of whatever is given where the API wants text (an object as SNS's Message), members
that are null are as if they were not there, timestamps are ISO 8601 text in `aws-sdk` results and milliseconds in
those of optimised integrations.
"""

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from millrace.integrations import naming
from millrace.integrations.errors import ArgumentsError
from millrace.model.json import Json

_BASE64_SERVICES: Final = frozenset({"dynamodb", "dynamodbstreams"})
_BASE64_SHAPES: Final = frozenset({"CiphertextType"})
_METADATA: Final = "ResponseMetadata"


def sdk_time(moment: datetime) -> Json:
    """Write a timestamp as `aws-sdk` results have it: ISO 8601 in UTC, to the millisecond where there are any."""
    text = (
        moment.astimezone(UTC)
        .replace(tzinfo=None)
        .isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    )
    return f"{text}Z"


def optimised_time(moment: datetime) -> Json:
    """Write a timestamp as optimised integrations have it: milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Style:
    """How a family of integrations spells requests and responses.

    Attributes:
        member: Spells a member of a model.
        time: Writes a timestamp.
    """

    member: Callable[[str], str]
    time: Callable[[datetime], Json]


SDK: Final = Style(naming.sdk_member, sdk_time)
OPTIMISED: Final = Style(naming.optimised_member, optimised_time)


def encode(shape: Any, value: Json, style: Style, service: str = "") -> dict[str, Any]:
    """Make a task's arguments the parameters of a call.

    Args:
        shape: The input shape of the operation; None for an operation without input.
        value: The arguments.
        style: How they are spelled.
        service: botocore's name of the service.

    Raises:
        ArgumentsError: They do not fit.
    """
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise ArgumentsError("The value of the Arguments has to be an object")
    if shape is None:
        if value:
            raise ArgumentsError(_unsupported(next(iter(value))))
        return {}
    return _Encoder(style, service).structure(shape, value)


def missing(shape: Any, parameters: Mapping[str, Any]) -> str | None:
    """Name the first required member that a call lacks; None when it has all."""
    required = cast("list[str]", shape.required_members) if shape is not None else []
    return next((member for member in required if member not in parameters), None)


def with_client_token(shape: Any, parameters: dict[str, Any], token: str) -> None:
    """Fill the idempotency token of an operation that has one, so that a task that is run again finds what it did.

    Args:
        shape: The input shape of the operation; None for an operation without input.
        parameters: The call's parameters, which are changed.
        token: The task token; what is sent is derived from it.
    """
    members = cast("dict[str, Any]", shape.members) if shape is not None else {}
    for name, member in members.items():
        if member.metadata.get("idempotencyToken") and name not in parameters:
            parameters[name] = str(uuid.uuid5(uuid.NAMESPACE_OID, token))


def decode(shape: Any, value: Mapping[str, Any], style: Style, service: str = "") -> dict[str, Json]:
    """Make what a call returned the result of a task."""
    if shape is None:
        return {}
    decoder = _Decoder(style, service in _BASE64_SERVICES)
    return decoder.structure(shape, {name: member for name, member in value.items() if name != _METADATA})


def _unsupported(field: str) -> str:
    return f'The field "{field}" is not supported by Step Functions'


class _Encoder:
    def __init__(self, style: Style, service: str) -> None:
        self._style = style
        self._base64 = service in _BASE64_SERVICES

    def structure(self, shape: Any, value: Mapping[str, Json]) -> dict[str, Any]:
        members = cast("dict[str, Any]", shape.members)
        names = {naming.optimised_member(name): name for name in members}
        names |= {self._style.member(name): name for name in members}
        encoded: dict[str, Any] = {}
        for field, item in value.items():
            if field not in names:
                raise ArgumentsError(_unsupported(field))
            if item is not None:
                encoded[names[field]] = self.value(members[names[field]], item, field)
        return encoded

    def value(self, shape: Any, value: Json, field: str) -> Any:
        if getattr(shape, "is_document_type", False) or shape.serialization.get("jsonvalue"):
            return value
        match shape.type_name, value:
            case "structure", dict():
                return self.structure(shape, value)
            case "map", dict():
                return {key: self.value(shape.value, item, field) for key, item in value.items() if item is not None}
            case "list", list():
                return [self.value(shape.member, item, field) for item in value]
            case "structure" | "map" | "list", _:
                raise ArgumentsError(_malformed(field))
            case "string", _:
                return text_of(value)
            case "blob", _:
                return self._blob(shape, text_of(value), field)
            case kind, _:
                return _scalar(cast("str", kind), value, field)

    def _blob(self, shape: Any, text: str, field: str) -> bytes:
        if not (self._base64 or shape.name in _BASE64_SHAPES):
            return text.encode()
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            raise ArgumentsError(_malformed(field)) from None


def _scalar(kind: str, value: Json, field: str) -> Any:
    """Read a number, a truth value or a timestamp, also from text, as Java's JSON readers do."""
    try:
        match kind:
            case "integer" | "long" if isinstance(value, float | int | str) and not isinstance(value, bool):
                return int(value)
            case "float" | "double" if isinstance(value, float | int | str) and not isinstance(value, bool):
                return float(value)
            case "boolean" if isinstance(value, bool) or value in ("true", "false"):
                return value if isinstance(value, bool) else value == "true"
            case "timestamp" if isinstance(value, str):
                return datetime.fromisoformat(value)
            case "timestamp" if isinstance(value, int | float) and not isinstance(value, bool):
                return datetime.fromtimestamp(value, UTC)
            case _:
                raise ArgumentsError(_malformed(field))
    except (ValueError, OverflowError):
        raise ArgumentsError(_malformed(field)) from None


def _malformed(field: str) -> str:
    return f"The value of the field '{field}' has an invalid format"


def text_of(value: Json) -> str:
    """Give text as it is and everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class _Decoder:
    def __init__(self, style: Style, base64_blobs: bool) -> None:
        self._style = style
        self._base64 = base64_blobs

    def structure(self, shape: Any, value: Mapping[str, Any]) -> dict[str, Json]:
        members = cast("dict[str, Any]", shape.members)
        return {
            self._style.member(name): self.value(members.get(name), item)
            for name, item in value.items()
            if item is not None
        }

    def value(self, shape: Any, value: Any) -> Json:
        match value:
            case datetime():
                return self._style.time(value)
            case bytes() | bytearray():
                return self._blob(bytes(value), shape)
            case dict() if shape is not None and shape.type_name == "structure" and not is_document(shape):
                return self.structure(shape, cast("dict[str, Any]", value))
            case dict():
                inner = shape.value if shape is not None and shape.type_name == "map" else None
                return {str(key): self.value(inner, item) for key, item in cast("dict[Any, Any]", value).items()}
            case list():
                inner = shape.member if shape is not None and shape.type_name == "list" else None
                return [self.value(inner, item) for item in cast("list[Any]", value)]
            case int() | float() if shape is not None and shape.type_name == "timestamp":
                return self._style.time(datetime.fromtimestamp(value, UTC))
            case None | bool() | int() | float() | str():
                return value
            case _ if hasattr(value, "read"):
                return self._blob(cast("bytes", value.read()), shape)
            case _:
                return str(value)

    def _blob(self, content: bytes, shape: Any) -> Json:
        if not self._base64 and getattr(shape, "name", "") not in _BASE64_SHAPES:
            try:
                return content.decode()
            except UnicodeDecodeError:
                pass
        return base64.b64encode(content).decode()


def is_document(shape: Any) -> bool:
    """Tell whether a shape holds any JSON."""
    return bool(getattr(shape, "is_document_type", False))
