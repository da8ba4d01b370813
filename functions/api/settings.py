"""The settings of the HTTP API."""

import functools
from typing import Annotated

from pydantic import Field

from millrace.services.machine_environment import MachineEnvironment


class ApiSettings(MachineEnvironment):
    """What the API reads from the environment."""

    user: Annotated[str, Field(description="Who asks where there is no sign-in, and the workspace.")] = "local"


@functools.cache
def api_settings() -> ApiSettings:
    """Give the settings of this process."""
    return ApiSettings()
