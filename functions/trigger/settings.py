"""The settings of the function that starts runs by triggers."""

import functools

from millrace.services.machine_environment import MachineEnvironment


class TriggerSettings(MachineEnvironment):
    """What the trigger function reads from the environment."""


@functools.cache
def trigger_settings() -> TriggerSettings:
    """Give the settings of this process."""
    return TriggerSettings()
