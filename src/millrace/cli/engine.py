"""`millrace engine`."""

import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from millrace.cli.output import print_fault


class _FunctionSource(click.ParamType[tuple[str, Path, str]]):
    """A function in Python: NAME=FILE.py:HANDLER."""

    name = "function"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path, str]:
        """Read NAME=FILE.py:HANDLER; the handler is `handler` where none is named."""
        name, mark, source = str(value).partition("=")
        file, _, handler = source.partition(":")
        if not mark or not name or not file:
            self.fail(f"expected NAME=FILE.py:HANDLER, found {value!r}", param, ctx)
        if not Path(file).is_file():
            self.fail(f"expected the file of function {name!r} at {file!r}, found none", param, ctx)
        return name, Path(file).resolve(), handler or "handler"


class _Url(click.ParamType[str]):
    """The address of a server."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take an address with its scheme and its host."""
        try:
            parts = urlsplit(str(value))
            whole = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:  # brackets that are not closed, a port that is no number
            whole = False
        if not whole:
            self.fail(f"expected a URL like http://127.0.0.1:4566, found {value!r}", param, ctx)
        return str(value)


class _Account(click.ParamType[str]):
    """An AWS account's id."""

    name = "account"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take twelve digits."""
        if re.fullmatch("[0-9]{12}", str(value)) is None:
            self.fail(f"expected an account's 12 digits, found {value!r}", param, ctx)
        return str(value)


@click.command("engine")
@click.option("--port", type=click.IntRange(0, 65535), default=8701, show_default=True, help="0 takes a free one.")
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(".millrace/engine.sqlite3"),
    show_default=True,
    help="The file that keeps machines and executions.",
)
@click.option("--lambda-endpoint", type=_Url(), metavar="URL", help="Where Lambda's API is; default: the AWS endpoint.")
@click.option("--aws-endpoint", type=_Url(), metavar="URL", help="Where the other services' APIs are; default: AWS.")
@click.option("--region", default="us-east-1", show_default=True)
@click.option("--account", type=_Account(), default="000000000000", show_default=True, help="The account in ARNs.")
@click.option(
    "--function",
    "functions",
    type=_FunctionSource(),
    multiple=True,
    metavar="NAME=FILE.py:HANDLER",
    help="Run a Lambda function in Python in this process; may be given several times.",
)
@click.option(
    "--logs-endpoint",
    type=_Url(),
    metavar="URL",
    help="Post execution logs there, as to a subscribed Lambda function.",
)
@click.option(
    "--retention-days",
    type=click.FloatRange(min=0),
    default=90,
    show_default=True,
    help="Remove executions so long after their end.",
)
@click.option("--fault", metavar="POINT[:N]", hidden=True, help="Die by SIGKILL at the N-th passing of a fault point.")
def command(
    port: int,
    data: Path,
    lambda_endpoint: str | None,
    aws_endpoint: str | None,
    region: str,
    account: str,
    functions: tuple[tuple[str, Path, str], ...],
    logs_endpoint: str | None,
    retention_days: float,
    fault: str | None,
) -> None:
    """Serve Step Functions' API on this machine, durably, until Ctrl-C.

    boto3, the AWS CLI and SAM work with it by endpoint alone: AWS_ENDPOINT_URL_SFN=http://127.0.0.1:8701
    """
    from millrace.integrations import AwsEndpoint
    from millrace.local.engine_process import EngineOptions, run_engine
    from millrace.local.errors import LocalRunError
    from millrace.local.function_host import PythonFunction

    if fault is not None:
        _arm(fault)
    options = EngineOptions(
        port=port,
        data=data,
        region=region,
        account=account,
        aws=AwsEndpoint(url=aws_endpoint, lambda_url=lambda_endpoint, region=region),
        functions={name: PythonFunction(path, handler) for name, path, handler in functions},
        logs_url=logs_endpoint,
        retention_days=retention_days,
    )
    try:
        run_engine(options, lambda url: click.echo(f"Serving Step Functions' API at {url}"))
    except LocalRunError as error:
        print_fault(str(error))
        sys.exit(1)
    sys.stdout.flush()
    # A function in Python that is still at work would be waited for; it runs again at the next start.
    os._exit(0)


def _arm(fault: str) -> None:
    from millrace.stepfunctions.faults import POINTS, arm

    point, _, passing = fault.partition(":")
    try:
        arm(point, int(passing or 1))
    except ValueError:
        raise click.BadParameter(
            f"expected POINT[:N] with N from 1 and one of {', '.join(POINTS)}, found {fault!r}",
            param_hint="'--fault'",
        ) from None
