"""The settings of the functions that run nodes."""

import functools
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class StepsSettings(BaseSettings):
    """Read from the environment; every name begins with `MILLRACE_`."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_", frozen=True)

    home: Path = Field(default=Path(".millrace"), description="The folder that holds all data.")


@functools.cache
def steps_settings() -> StepsSettings:
    """Give the settings of this process."""
    return StepsSettings()
