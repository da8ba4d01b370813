"""The settings of the function behind the WebSocket API."""

import functools
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SocketSettings(BaseSettings):
    """Read from the environment; every name begins with `MILLRACE_`. Endpoints are botocore's own settings."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_", frozen=True)

    table: Annotated[str, Field(description="The DynamoDB table that keeps records.")] = "millrace-dev"
    bucket: Annotated[str, Field(description="The S3 bucket that keeps large bodies.")] = "millrace-dev"
    socket_url: Annotated[
        str | None,
        Field(description="The WebSocket API's management endpoint; default: the domain and stage that were called."),
    ] = None
    user: Annotated[str, Field(description="Who connects where there is no sign-in, and the workspace.")] = "local"


@functools.cache
def socket_settings() -> SocketSettings:
    """Give the settings of this process."""
    return SocketSettings()
