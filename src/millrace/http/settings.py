"""The settings of the functions that reach the network."""

import functools

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class NetworkSettings(BaseSettings):
    """Read from the environment; every name begins with `MILLRACE_`."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_", frozen=True)

    allow_private_hosts: str = Field(
        default="",
        description="Hosts, host:port pairs, addresses and CIDR ranges that workflows may reach although they are "
        "private, separated by commas.",
    )
    response_limit_bytes: int = Field(
        default=10 * 1024 * 1024, ge=1, description="The largest response, after decompression."
    )


@functools.cache
def network_settings() -> NetworkSettings:
    """Give the settings of this process."""
    return NetworkSettings()
