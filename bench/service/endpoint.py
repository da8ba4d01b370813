"""An endpoint of Step Functions that is measured: the engine's, or another's."""

import io
import json
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any, Final, cast

import boto3
from bench.service import function
from bench.service.machines import FUNCTION
from tests.stepfunctions.soak.server import Server

ROLE: Final = "arn:aws:iam::000000000000:role/bench"
INPUT: Final = '{"n": 0, "name": "x"}'


def client(service: str, url: str) -> Any:
    """Make a boto3 client for an endpoint."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return cast("Any", boto3).client(service, endpoint_url=url, region_name="us-east-1", **keys)


class Endpoint:
    """Step Functions at a server.

    Args:
        server: It serves.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.states = client("stepfunctions", server.url)
        self._made = 0

    def make(self, definition: dict[str, Any]) -> str:
        """Create a machine; give its ARN."""
        self._made += 1
        answer = self.states.create_state_machine(
            name=f"bench-{self._made}", definition=json.dumps(definition), roleArn=ROLE
        )
        return answer["stateMachineArn"]

    def deploy_function(self) -> None:
        """Create the Lambda function at the same server."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("function.py", Path(function.__file__).read_text())
        client("lambda", self.server.url).create_function(
            FunctionName=FUNCTION,
            Runtime="python3.11",
            Role=ROLE,
            Handler="function.handler",
            Code={"ZipFile": archive.getvalue()},
            Timeout=30,
        )

    def seconds_to_create(self, definition: dict[str, Any], times: int) -> float:
        """Give the median time to create a machine."""
        return statistics.median(_seconds(lambda: self.make(definition)) for _ in range(times))

    def seconds_to_run(self, machine: str, times: int) -> float:
        """Give the median time from a start to the end as DescribeExecution tells it."""
        self.run(machine)
        return statistics.median(_seconds(lambda: self.run(machine)) for _ in range(times))

    def run(self, machine: str) -> dict[str, Any]:
        """Run an execution to its end.

        Raises:
            RuntimeError: It did not succeed.
        """
        arn = self.states.start_execution(stateMachineArn=machine, input=INPUT)["executionArn"]
        while (described := self.states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            time.sleep(0.001)
        if described["status"] != "SUCCEEDED":
            raise RuntimeError(f"expected {arn} to succeed, found {described}")
        return described

    def executions_per_second(self, machine: str, clients: int, seconds: float) -> float:
        """Give how many executions end a second under the load of so many clients.

        Raises:
            RuntimeError: Some did not succeed.
        """
        command = [sys.executable, "-m", "bench.service.load", str(self.server.port), machine, str(clients)]
        done = subprocess.run([*command, str(seconds)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the load generator failed: {done.stderr[-2000:]}")
        found: dict[str, float] = json.loads(done.stdout)
        if found["failed"]:
            raise RuntimeError(f"expected all executions of {machine} to succeed, found {found}")
        return found["finished"] / found["seconds"]


def _seconds(action: Any) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
