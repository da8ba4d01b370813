"""What all configs of triggers have in common; each is a pydantic model, and its JSON Schema is a form."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from millrace.model import Json
from millrace.services.errors import Fault, InvalidRequestError


class TriggerConfig(BaseModel):
    """A trigger's config; members that are not known are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Config = TypeVar("Config", bound=TriggerConfig)


def parsed(model: type[Config], given: Json) -> Config:
    """Read a config.

    Raises:
        InvalidRequestError: It does not fit; every fault is listed.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise InvalidRequestError(
            Fault(_path(one["loc"]), _sentence(one["type"], one["msg"])) for one in found
        ) from error


def _path(location: Sequence[str | int]) -> str:
    """Write where a fault is, without the tag that pydantic puts behind the name of a tagged union."""
    parts = [part for before, part in zip(("", *location), location, strict=False) if before != "authentication"]
    inner = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    # The fault of a tagged union itself has no tag behind the name.
    return f"config{inner}"


def _sentence(kind: str, message: str) -> str:
    if kind == "missing":
        return "is required"
    if kind == "extra_forbidden":
        return "is not known here; leave it out"
    text = message.removeprefix("Value error, ")
    return text[:1].lower() + text[1:]
