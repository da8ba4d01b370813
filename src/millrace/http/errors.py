"""How an HTTP call may fail.

HttpError
|-- RequestError        the request cannot be sent as it is configured (Http.Request)
|-- RefusedError        the address is one that workflows may not reach (Http.Refused)
|-- CredentialError     the credential cannot be had (Http.Credential)
|-- CallTimeoutError    time was up (Http.Timeout, transient)
|-- CallConnectionError no connection, or it broke (Http.Connection, transient)
|-- CertificateError    the server could not prove its name (Http.Certificate)
|-- RateLimitedError    status 429 (Http.RateLimited, transient)
|-- ServerError         status 500 and above (Http.ServerError, transient)
|-- RetryLaterError     429 or 5xx that asks for a longer wait than a node may make (Http.RetryLater)
|-- StatusError         any other status of 400 and above (Http.Status)
|-- RedirectError       too many redirects, or one that leads nowhere (Http.Redirect)
`-- ResponseError       the response is too large or cannot be read as asked (Http.Response)
"""

from collections.abc import Mapping
from typing import ClassVar

from millrace.model import Json


class HttpError(Exception):
    """An HTTP call came to no result.

    Attributes:
        name: The error's name in workflows.
        transient: Whether trying again may help.
        details: What is known of the response.
    """

    name: ClassVar[str]
    transient: ClassVar[bool] = False

    def __init__(self, message: str, details: Mapping[str, Json] | None = None) -> None:
        super().__init__(message)
        self.details = details


class RequestError(HttpError):
    """The request cannot be sent as it is configured."""

    name = "Http.Request"


class RefusedError(HttpError):
    """The address is one that workflows may not reach."""

    name = "Http.Refused"


class CredentialError(HttpError):
    """The credential cannot be had."""

    name = "Http.Credential"


class CallTimeoutError(HttpError):
    """Time was up."""

    name = "Http.Timeout"
    transient = True


class CallConnectionError(HttpError):
    """There was no connection, or it broke."""

    name = "Http.Connection"
    transient = True


class CertificateError(HttpError):
    """The server could not prove its name."""

    name = "Http.Certificate"


class RateLimitedError(HttpError):
    """Status 429."""

    name = "Http.RateLimited"
    transient = True


class ServerError(HttpError):
    """Status 500 and above."""

    name = "Http.ServerError"
    transient = True


class RetryLaterError(HttpError):
    """A 429 or 5xx that asks for a longer wait than a node may make."""

    name = "Http.RetryLater"


class StatusError(HttpError):
    """Any other status of 400 and above that is not allowed."""

    name = "Http.Status"


class RedirectError(HttpError):
    """Too many redirects, or one that leads nowhere."""

    name = "Http.Redirect"


class ResponseError(HttpError):
    """The response is too large or cannot be read as asked."""

    name = "Http.Response"
