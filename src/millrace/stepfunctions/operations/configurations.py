"""A machine's configurations: defaults filled in, faults refused.

Source: AWS Step Functions API Reference, "LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration".
"""

import re
from typing import Any, Final

from millrace.model.json import Json
from millrace.stepfunctions.errors import ApiError

DEFAULT_LOGGING: Final[Json] = {"level": "OFF", "includeExecutionData": False}
DEFAULT_TRACING: Final[Json] = {"enabled": False}
DEFAULT_ENCRYPTION: Final[Json] = {"type": "AWS_OWNED_KEY"}

_LOG_GROUP: Final = re.compile(r"arn:[^:]+:logs:[^:]*:[^:]*:log-group:")
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+")


def logging_of(given: dict[str, Any] | None) -> Json:
    """Complete a logging configuration.

    Raises:
        ApiError: InvalidLoggingConfiguration.
    """
    if given is None:
        return DEFAULT_LOGGING
    level = given.get("level") or "OFF"
    destinations = given.get("destinations")
    if len(destinations or ()) > 1 or (level != "OFF" and not destinations):
        raise _bad_logging("Must specify exactly one Log Destination.")
    if destinations:
        _check_log_group(_log_group(destinations[0]))
    completed: dict[str, Json] = {"level": level, "includeExecutionData": bool(given.get("includeExecutionData"))}
    if destinations is not None:
        completed["destinations"] = destinations
    return completed


def tracing_of(given: dict[str, Any] | None) -> Json:
    """Complete a tracing configuration."""
    return DEFAULT_TRACING if given is None else {"enabled": bool(given.get("enabled"))}


def encryption_of(given: dict[str, Any] | None) -> Json:
    """Complete an encryption configuration; nothing is encrypted here, it is only kept.

    Raises:
        ApiError: InvalidEncryptionConfiguration.
    """
    if given is None:
        return DEFAULT_ENCRYPTION
    if given["type"] == "CUSTOMER_MANAGED_KMS_KEY":
        if not given.get("kmsKeyId"):
            raise _bad_encryption("kmsKeyId must be set when type is CUSTOMER_MANAGED_KMS_KEY.")
        return {"kmsDataKeyReusePeriodSeconds": 300, **given}
    if given.get("kmsKeyId") or given.get("kmsDataKeyReusePeriodSeconds"):
        raise _bad_encryption("kmsKeyId and kmsDataKeyReusePeriodSeconds must be null when type is AWS_OWNED_KEY.")
    return given


def check_role(arn: str) -> None:
    """Check the ARN of a role.

    Raises:
        ApiError: InvalidArn.
    """
    if _ROLE.fullmatch(arn) is None:
        raise ApiError("InvalidArn", f"Invalid Role Arn: '{arn}'")


def _check_log_group(arn: str) -> None:
    if not arn:
        raise _bad_logging("Must set valid CloudWatch Log Group ARN.")
    if _LOG_GROUP.match(arn) is None:
        raise _bad_logging("Provided ARN is not CloudWatch Logs Log Group ARN.")
    if not arn.endswith(":*"):
        raise _bad_logging("Log Group ARN must be provided with '*' qualifier.")


def _log_group(destination: dict[str, Any]) -> str:
    group: dict[str, str] = destination.get("cloudWatchLogsLogGroup") or {}
    return group.get("logGroupArn") or ""


def _bad_logging(reason: str) -> ApiError:
    return ApiError("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {reason}")


def _bad_encryption(reason: str) -> ApiError:
    return ApiError("InvalidEncryptionConfiguration", f"Invalid Encryption Configuration: {reason}")
