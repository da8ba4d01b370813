"""The ARNs of Step Functions: how each kind is written, and what is in one.

Source: AWS Service Authorization Reference, "Resource types defined by AWS Step Functions".
"""

import re
from dataclasses import dataclass
from typing import Final

from millrace.engine.context import DEFAULT_ACCOUNT, DEFAULT_REGION
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.records import (
    ActivityArn,
    AliasArn,
    ExecutionArn,
    MachineArn,
    MapRunArn,
    VersionArn,
)

__all__ = [
    "Arns",
    "MachineReference",
    "activity",
    "check_name",
    "execution",
    "execution_of",
    "express_execution_of",
    "invalid",
    "label_of",
    "machine",
    "map_run",
    "resource_type",
    "standard_execution",
]

# Characters that no name has: white space, brackets, wildcards, special and control characters.
_NAME: Final = r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff\U0010ffff]"
_PREFIX: Final = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:([A-Za-z]+):(.+)", re.DOTALL)
_MACHINE: Final = re.compile(rf"({_NAME}{{1,80}})(/{_NAME}+)?(?::({_NAME}+))?")
_EXECUTION: Final = re.compile(rf"{_NAME}{{1,80}}(/{_NAME}+)?:{_NAME}{{1,80}}")
_EXPRESS: Final = re.compile(rf"{_NAME}{{1,80}}(/{_NAME}+)?:{_NAME}{{1,80}}:{_NAME}+")
_MAP_RUN: Final = re.compile(rf"{_NAME}{{1,80}}/{_NAME}+:{_NAME}+(:{_NAME}+)?")
_VALID_NAME: Final = re.compile(rf"{_NAME}{{1,80}}")


@dataclass(frozen=True, slots=True)
class Arns:
    """Makes the ARNs of one account in one region."""

    region: str = DEFAULT_REGION
    account: str = DEFAULT_ACCOUNT

    def machine(self, name: str) -> MachineArn:
        """Give a state machine's ARN."""
        return MachineArn(f"{self._prefix}:stateMachine:{name}")

    def activity(self, name: str) -> ActivityArn:
        """Give an activity's ARN."""
        return ActivityArn(f"{self._prefix}:activity:{name}")

    @property
    def _prefix(self) -> str:
        return f"arn:aws:states:{self.region}:{self.account}"


@dataclass(frozen=True, slots=True)
class MachineReference:
    """What the ARN of a state machine refers to.

    Attributes:
        machine: The state machine, without a qualifier.
        qualifier: The version's number or the alias's name; empty for the machine itself.
        label: The distributed Map state that is meant; empty for the whole machine.
    """

    machine: MachineArn
    name: str
    qualifier: str = ""
    label: str = ""

    @property
    def version(self) -> VersionArn | None:
        """The version's ARN, when a version is meant."""
        return VersionArn(f"{self.machine}:{self.qualifier}") if self.qualifier.isdigit() else None

    @property
    def alias(self) -> AliasArn | None:
        """The alias's ARN, when an alias is meant."""
        named = self.qualifier and not self.qualifier.isdigit()
        return AliasArn(f"{self.machine}:{self.qualifier}") if named else None


def machine(arn: str) -> MachineReference:
    """Read the ARN of a state machine, a version, an alias or a distributed Map state.

    Raises:
        ApiError: InvalidArn.
    """
    resource = _resource(arn, "stateMachine")
    match = _MACHINE.fullmatch(resource)
    if match is None:
        raise invalid(arn)
    name, label, qualifier = match.groups("")
    base = arn[: len(arn) - len(resource)] + name
    return MachineReference(MachineArn(base), name, qualifier, label.removeprefix("/"))


def standard_execution(arn: str) -> ExecutionArn:
    """Read the ARN of an execution of a Standard machine, or of a Map Run.

    Raises:
        ApiError: InvalidArn.
    """
    if _EXECUTION.fullmatch(_resource(arn, "execution")) is None:
        raise invalid(arn)
    return ExecutionArn(arn)


def execution(arn: str) -> ExecutionArn:
    """Read the ARN of any execution: an Express one is allowed where a Map Run may have dispatched it.

    Raises:
        ApiError: InvalidArn.
    """
    match = _PREFIX.fullmatch(arn)
    if match is not None and match[1] == "express" and "/" in match[2] and _EXPRESS.fullmatch(match[2]) is not None:
        return ExecutionArn(arn)
    return standard_execution(arn)


def activity(arn: str) -> ActivityArn:
    """Read the ARN of an activity.

    Raises:
        ApiError: InvalidArn.
    """
    if _VALID_NAME.fullmatch(_resource(arn, "activity")) is None:
        raise invalid(arn)
    return ActivityArn(arn)


def map_run(arn: str) -> MapRunArn:
    """Read the ARN of a Map Run.

    Raises:
        ApiError: InvalidArn.
    """
    if _MAP_RUN.fullmatch(_resource(arn, "mapRun")) is None:
        raise invalid(arn)
    return MapRunArn(arn)


def resource_type(arn: str) -> str:
    """Name the resource type of an ARN ("stateMachine", "activity", ...).

    Raises:
        ApiError: InvalidArn.
    """
    match = _PREFIX.fullmatch(arn)
    if match is None:
        raise _foreign(arn)
    return match[1]


def execution_of(machine_arn: MachineArn, name: str) -> ExecutionArn:
    """Give the ARN of a Standard machine's execution."""
    return ExecutionArn(f"{machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}")


def express_execution_of(machine_arn: MachineArn, name: str, unique: str) -> ExecutionArn:
    """Give the ARN of an Express machine's execution; the same name may be used again."""
    return ExecutionArn(f"{machine_arn.replace(':stateMachine:', ':express:', 1)}:{name}:{unique}")


def check_name(name: str) -> None:
    """Check the name of a machine, an execution or an activity.

    Raises:
        ApiError: InvalidName.
    """
    if _VALID_NAME.fullmatch(name) is None:
        raise ApiError("InvalidName", f"Invalid Name: '{name}'")


def invalid(arn: str) -> ApiError:
    """Make the error for an ARN whose resource has not the form of its type."""
    return ApiError("InvalidArn", f"Invalid arn: '{arn}'")


def _foreign(arn: str) -> ApiError:
    if not arn.startswith("arn:"):
        return ApiError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    return invalid(arn)


def _resource(arn: str, wanted: str) -> str:
    match = _PREFIX.fullmatch(arn)
    if match is None:
        raise _foreign(arn)
    if match[1] != wanted:
        raise ApiError("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {match[1]}'")
    return match[2]


def label_of(arn: MapRunArn) -> str:
    """Give the label of the Map state that started a Map Run."""
    return arn.split("/", 1)[-1].split(":", 1)[0]
