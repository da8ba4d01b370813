"""The gateway as a process of its own."""

import subprocess
import sys

from tests.local.runtime.conftest import free_ports

SCRIPT = """
import sys
from millrace.local.gateway import GatewayOptions, run_gateway

def prepare():
    raise ConnectionError("the table cannot be created")

run_gateway(GatewayOptions(int(sys.argv[1]), prepare=prepare))
"""


def test_a_gateway_that_cannot_prepare_ends_with_the_reason() -> None:
    command = [sys.executable, "-c", SCRIPT, str(free_ports(1))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == "ConnectionError: the table cannot be created"
