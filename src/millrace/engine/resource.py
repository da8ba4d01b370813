"""What a Task's Resource ARN says.

Source: AWS Step Functions Developer Guide, "Integrating services" and "Service integration patterns".
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_SERVICE: Final = re.compile(
    r"arn:(?:aws|aws-cn|aws-us-gov):states:[a-z0-9-]*::(?:(aws-sdk):)?([A-Za-z0-9-]+):([A-Za-z0-9]+)((?:\..+)?)\Z"
)
_FUNCTION: Final = re.compile(r"arn:[a-z-]+:lambda:[^:]*:[^:]*:function:.+\Z")
_ACTIVITY: Final = re.compile(r"arn:[a-z-]+:states:[^:]*:[^:]*:activity:.+\Z")
_PATTERNS: Final = {"": "REQUEST", ".sync": "SYNC", ".sync:2": "SYNC", ".waitForTaskToken": "TOKEN"}


class Integration(StrEnum):
    """Which family of history events a task has."""

    SERVICE = "Task"
    FUNCTION = "LambdaFunction"
    ACTIVITY = "Activity"


class Pattern(StrEnum):
    """When a task is done: when it answers, when the job it started ends, or when its token comes back."""

    REQUEST = "REQUEST"
    SYNC = "SYNC"
    TOKEN = "TOKEN"  # noqa: S105 - the pattern's name, no secret


@dataclass(frozen=True, slots=True)
class Resource:
    """A Task's Resource.

    Attributes:
        service: The resource type of history events ("lambda", "aws-sdk:dynamodb"); empty for functions and activities.
        action: The resource of history events ("invoke.waitForTaskToken"); the ARN for functions and activities.
        suffix: What the ARN says of the pattern (".sync:2"); empty for a call that is done when it is answered.
    """

    arn: str
    integration: Integration
    service: str
    action: str
    pattern: Pattern = Pattern.REQUEST
    suffix: str = ""

    @classmethod
    def parse(cls, arn: str) -> "Resource":
        """Read a Resource ARN.

        Raises:
            ValueError: It is no ARN of a function, an activity or a service integration.
        """
        if _FUNCTION.match(arn):
            return cls(arn, Integration.FUNCTION, "", arn)
        if _ACTIVITY.match(arn):
            return cls(arn, Integration.ACTIVITY, "", arn)
        match = _SERVICE.match(arn)
        if match is None or match[4] not in _PATTERNS:
            raise ValueError(unrecognised(arn))
        sdk, service, action, suffix = match.groups()
        kind = f"{sdk}:{service}" if sdk else service
        return cls(arn, Integration.SERVICE, kind, f"{action}{suffix}", Pattern[_PATTERNS[suffix]], suffix)


def unrecognised(arn: str) -> str:
    """Say that a Task's Resource is none, as AWS does."""
    return (
        f"The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not "
        "available in this region."
    )
