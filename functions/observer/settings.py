"""The settings of the function that records runs."""

import functools
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ObserverSettings(BaseSettings):
    """Read from the environment; every name begins with `MILLRACE_`. Endpoints are botocore's own settings."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_", frozen=True)

    stage: Annotated[str, Field(description="Names the state machines, so that stages share an account.")] = "dev"
    table: Annotated[str, Field(description="The DynamoDB table that keeps records.")] = "millrace-dev"
    bucket: Annotated[str, Field(description="The S3 bucket that keeps large bodies.")] = "millrace-dev"
    socket_url: Annotated[
        str | None, Field(description="The WebSocket API's management endpoint; without it nobody is told of runs.")
    ] = None
    trigger_function: Annotated[
        str, Field(description="Name of the function that starts the workflows which watch for failures.")
    ] = "millrace-trigger"


@functools.cache
def observer_settings() -> ObserverSettings:
    """Give the settings of this process."""
    return ObserverSettings()
