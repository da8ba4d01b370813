"""Webhooks: what a config says, and who may call.

What a call is answered is in webhook_answers.py.
"""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import Field

from millrace.services.trigger_config import TriggerConfig

PREFIX: Final = "/hooks/"
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$")]
Secret = Annotated[str, Field(min_length=8, max_length=1000)]

_DIGESTS: Final = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}


class NoAuthentication(TriggerConfig):
    """Whoever knows the path may call."""

    type: Literal["none"] = "none"


class HeaderAuthentication(TriggerConfig):
    """A header must have a value."""

    type: Literal["header"]
    name: Annotated[HeaderName, Field(description="The header's name.", examples=["X-Api-Key"])]
    value: Annotated[
        Secret, Field(description="What it must be; never shown again.", json_schema_extra={"writeOnly": True})
    ]


class HmacAuthentication(TriggerConfig):
    """A header must have the body's HMAC, in hexadecimal (a prefix such as `sha256=` may stand before it) or base64."""

    type: Literal["hmac"]
    secret: Annotated[Secret, Field(description="The key; never shown again.", json_schema_extra={"writeOnly": True})]
    header: Annotated[HeaderName, Field(description="The header's name.", examples=["X-Hub-Signature-256"])] = (
        "X-Signature"
    )
    algorithm: Annotated[Literal["sha1", "sha256", "sha512"], Field(description="The hash.")] = "sha256"


Authentication = Annotated[
    NoAuthentication | HeaderAuthentication | HmacAuthentication,
    Field(discriminator="type", description="Who may call."),
]

SECRETS: Final = {"header": "value", "hmac": "secret"}
"""The member of each authentication that is written and never read."""


class WebhookConfig(TriggerConfig):
    """Starts a run for each HTTP request to `/hooks/<path>`; the body's members are its inputs."""

    path: Annotated[
        str,
        Field(
            description="The path behind /hooks/; the default is one that nobody guesses.",
            pattern=r"^[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*$",
            max_length=200,
            examples=["orders"],
        ),
    ] = Field(default_factory=lambda: uuid.uuid4().hex)
    method: Annotated[Method, Field(description="The HTTP method.")] = "POST"
    authentication: Authentication = NoAuthentication()
    respond: Annotated[
        Literal["immediately", "when_finished", "respond_node"],
        Field(
            description="Immediately with the execution's id; when the run has finished, with its outputs; or what "
            "the respond node of the workflow says. A run that takes longer than 29 s is answered as immediately."
        ),
    ] = "immediately"

    @property
    def key(self) -> str:
        """What finds the trigger."""
        return key(self.method, self.path)


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request.

    Attributes:
        path: As sent, from `/hooks/` on.
        headers: By their names in lower case.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


def key(method: str, path: str) -> str:
    """Give what finds a webhook."""
    return f"{method} {PREFIX}{path}"


def is_authentic(authentication: Authentication, request: Request) -> bool:
    """Tell whether a request may start a run, in a time that does not depend on what is wrong with it."""
    match authentication:
        case HeaderAuthentication(name=name, value=value):
            return hmac.compare_digest(request.headers.get(name.lower(), "").encode(), value.encode())
        case HmacAuthentication(secret=secret, header=header, algorithm=algorithm):
            signed = hmac.new(secret.encode(), request.body, _DIGESTS[algorithm]).digest()
            given = request.headers.get(header.lower(), "").strip().removeprefix(f"{algorithm}=").encode()
            # Both are compared always; `or` would tell by time which form was given.
            as_hex = hmac.compare_digest(given.lower(), signed.hex().encode())
            as_base64 = hmac.compare_digest(given, base64.b64encode(signed))
            return as_hex | as_base64
        case NoAuthentication():
            return True


def wanted(authentication: Authentication) -> str:
    """Say what a request must bring."""
    match authentication:
        case HeaderAuthentication(name=name):
            return f"expected the header {name} with the webhook's secret, found none or another"
        case HmacAuthentication(header=header, algorithm=algorithm):
            return f"expected the header {header} with the HMAC-{algorithm.upper()} of the body, found none or another"
        case NoAuthentication():
            return ""
