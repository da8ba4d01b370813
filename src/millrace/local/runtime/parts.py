"""The parts of the service: their commands, and the environment that stands in for AWS."""

import os
import sys
from pathlib import Path
from typing import Final

from millrace.local.dynoxide import dynoxide_command
from millrace.local.emulator import emulator_environment
from millrace.local.runtime.layout import HOST, Layout, url
from millrace.local.runtime.part import Part

STAGE: Final = "dev"
REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"
OBSERVER: Final = "millrace-observer"

_NAME: Final = f"millrace-{STAGE}"
_PYTHON: Final = (sys.executable, "-m")


def service_parts(layout: Layout, dynoxide: Path | None) -> tuple[Part, ...]:
    """Give the parts in the order in which they stop: who calls before who is called.

    Args:
        layout: Where they are.
        dynoxide: Its binary; None: MiniStack serves DynamoDB.
    """
    environment: dict[str, str] = _environment(
        layout, dynamodb=layout.emulator if dynoxide is None else layout.dynamodb
    )
    gateway = url(layout.gateway)
    parts = [
        Part(
            "gateway",
            (*_PYTHON, "millrace.local.gateway", "--port", str(layout.gateway), "--stage", STAGE, "--prepare"),
            layout.gateway,
            "/health",
            environment,
        ),
        Part(
            "engine",
            (
                *_PYTHON,
                "millrace",
                "engine",
                *("--port", str(layout.engine)),
                *("--data", str(layout.engine_file)),
                *("--lambda-endpoint", gateway),
                *("--aws-endpoint", url(layout.emulator)),
                *("--logs-endpoint", f"{gateway}/2015-03-31/functions/{OBSERVER}/invocations"),
                *("--region", REGION),
                *("--account", ACCOUNT),
            ),
            layout.engine,
            "/health",
            environment,
        ),
        Part(
            "ministack",
            (
                *_PYTHON,
                "millrace.local.emulator",
                *("--port", str(layout.emulator)),
                *("--lambda-endpoint", gateway),
            ),
            layout.emulator,
            "/_ministack/health",
            environment | emulator_environment(layout.emulator_folder),
        ),
    ]
    if dynoxide is not None:
        command = tuple(dynoxide_command(dynoxide, layout.dynamodb, layout.dynamodb_file))
        parts.append(Part("dynoxide", command, layout.dynamodb, None, environment))
    return tuple(parts)


def service_ports(parts: tuple[Part, ...]) -> tuple[tuple[int, str], ...]:
    """Give the ports that the parts need, with who needs them."""
    return tuple(sorted((part.port, part.name) for part in parts))


def _environment(layout: Layout, *, dynamodb: int) -> dict[str, str]:
    """Give what the parts see: nothing that could lead them to somebody's AWS account."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    # The samples call the gateway.
    private = ",".join(filter(None, (own.get("MILLRACE_ALLOW_PRIVATE_HOSTS"), f"{HOST}:{layout.gateway}")))
    return own | {
        "MILLRACE_HOME": str(layout.home),
        "MILLRACE_STAGE": STAGE,
        "MILLRACE_TABLE": _NAME,
        "MILLRACE_BUCKET": _NAME,
        "MILLRACE_RUN_ROLE": f"arn:aws:iam::{ACCOUNT}:role/{_NAME}-run",
        "MILLRACE_LOG_GROUP_ARN": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vendedlogs/states/{_NAME}",
        "MILLRACE_SOCKET_URL": url(layout.gateway),
        "MILLRACE_ALLOW_PRIVATE_HOSTS": private,
        "MILLRACE_USER": own.get("MILLRACE_USER", "local"),
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        # StartSyncExecution would go to "sync-127.0.0.1".
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_ENDPOINT_URL": url(layout.emulator),
        "AWS_ENDPOINT_URL_SFN": url(layout.engine),
        "AWS_ENDPOINT_URL_DYNAMODB": url(dynamodb),
        "AWS_ENDPOINT_URL_LAMBDA": url(layout.gateway),
        # glibc keeps an arena of memory for each thread otherwise.
        "MALLOC_ARENA_MAX": "2",
        "PYTHONUNBUFFERED": "1",
    }
