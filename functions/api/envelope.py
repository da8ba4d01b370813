"""What every answer is wrapped in."""

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

from aws_lambda_powertools.event_handler import Response, content_types
from pydantic import BaseModel, ConfigDict, Field

from millrace.model import Json
from millrace.services.errors import ErrorCode

T = TypeVar("T")


class View(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True)


class Success(View, Generic[T]):
    """What was asked for."""

    success: Literal[True] = True
    data: T


class ErrorView(View):
    """Why a request was not carried out."""

    code: ErrorCode = Field(description="Stable; docs/api.md explains each.")
    message: str = Field(description="For people: what was expected, what was found, how to mend it.")
    details: dict[str, Any] = Field(default_factory=dict, description="For programs; by code.")


class Failure(View):
    """The answer to a request that was not carried out."""

    success: Literal[False] = False
    error: ErrorView


def ok(data: T) -> Success[T]:
    """Wrap what was asked for."""
    return Success[Any].model_construct(success=True, data=data)


def failure(
    status: int, code: ErrorCode, message: str, details: Mapping[str, Json] | None = None
) -> Response[dict[str, Any]]:
    """Wrap a refusal."""
    body = {"success": False, "error": {"code": code.value, "message": message, "details": dict(details or {})}}
    return Response(status_code=status, content_type=content_types.APPLICATION_JSON, body=body)
