"""The load generator, a process of its own: clients that start an execution, wait for its end, and start the next.

python -m bench.service.load PORT MACHINE_ARN CLIENTS SECONDS; prints {"finished": n, "failed": n, "seconds": s}
"""

import asyncio
import json
import sys
import time
from typing import Final

from tests.stepfunctions.soak.client import Client

# Seconds between two looks at an execution.
LOOK_SECONDS: Final = 0.01


async def load(port: int, machine: str, clients: int, seconds: float) -> dict[str, float]:
    """Keep clients busy for some seconds; give how many executions ended in them, and how many of those badly."""
    client = Client(port)
    statuses: list[str] = []
    began = time.perf_counter()

    async def work() -> None:
        while time.perf_counter() - began < seconds:
            statuses.append(await run(client, machine))

    await asyncio.gather(*(work() for _ in range(clients)))
    took = time.perf_counter() - began
    client.close()
    return {
        "finished": len(statuses),
        "failed": sum(status != "SUCCEEDED" for status in statuses),
        "seconds": took,
    }


async def run(client: Client, machine: str) -> str:
    """Run one execution, and give how it ended."""
    started = await client.call("StartExecution", stateMachineArn=machine, input='{"n": 0, "name": "x"}')
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        described = await client.call("DescribeExecution", executionArn=started["executionArn"])
        if described["status"] != "RUNNING":
            return described["status"]


if __name__ == "__main__":
    given_port, given_machine, given_clients, given_seconds = sys.argv[1:]
    print(json.dumps(asyncio.run(load(int(given_port), given_machine, int(given_clients), float(given_seconds)))))
