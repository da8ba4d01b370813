"""The settings of the function that asks people."""

import functools
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class PeopleSettings(BaseSettings):
    """Read from the environment; every name begins with `MILLRACE_`. Endpoints are botocore's own settings."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_", frozen=True)

    table: Annotated[str, Field(description="The DynamoDB table that keeps records.")] = "millrace-dev"
    bucket: Annotated[str, Field(description="The S3 bucket that keeps large bodies.")] = "millrace-dev"


@functools.cache
def people_settings() -> PeopleSettings:
    """Give the settings of this process."""
    return PeopleSettings()
