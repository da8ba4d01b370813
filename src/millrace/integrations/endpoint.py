"""Where AWS is."""

from dataclasses import dataclass
from typing import Final

_STAND_IN: Final = "test"


@dataclass(frozen=True, slots=True)
class AwsEndpoint:
    """Where AWS's APIs are reached, and as whom.

    Attributes:
        url: An endpoint that serves all services; None for AWS itself.
        lambda_url: An endpoint for Lambda alone; None for `url`.
        region: The region of requests and ARNs.
        access_key, secret_key, token: Credentials; None for those that boto3 would find. With `url` the default
            is "test", which every stand-in for AWS takes.
    """

    url: str | None = None
    lambda_url: str | None = None
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: str | None = None
    token: str | None = None

    def of(self, service: str) -> str | None:
        """Give the endpoint of a service, by botocore's name of it; None for AWS's own."""
        return (self.lambda_url or self.url) if service == "lambda" else self.url

    def keys(self, service: str) -> tuple[str, str, str | None] | None:
        """Give the credentials for a service; None for those that boto3 would find."""
        if self.access_key is not None and self.secret_key is not None:
            return self.access_key, self.secret_key, self.token
        return None if self.of(service) is None else (_STAND_IN, _STAND_IN, None)
