"""What the state machines that workflows become have in common."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MachineSettings:
    """What all machines have in common.

    Attributes:
        stage: A part of every name.
        role: ARN of the role that they run as; its account is theirs.
        region: Where they are.
        log_group: ARN of the log group of their execution logs, without `:*`; None: they log nothing.
        functions: Name or ARN of deployed functions, by function.
    """

    stage: str
    role: str
    region: str
    log_group: str | None
    functions: Mapping[str, str]
