"""The settings of the gateway: the names that its functions have too."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class GatewaySettings(BaseSettings):
    """Read from the environment; every name begins with `MILLRACE_`."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_", frozen=True)

    table: str = Field(default="millrace-dev", description="The DynamoDB table that keeps records.")
    bucket: str = Field(default="millrace-dev", description="The S3 bucket that keeps large bodies.")
    user: str = Field(default="local", description="The local user.")
