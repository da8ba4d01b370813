"""The real invocations in events/people-*.json: what a compiled machine asks people with.

`python -m tests.functions.people.invocations` writes them anew.
"""

import asyncio
import json
from typing import Any, Final

from millrace.catalogue import LAMBDA_INVOKE
from millrace.compiler import CompileContext, compile_document
from millrace.engine import Runner, TaskRequest, TaskRoutes
from millrace.model import Json
from tests.functions.invocations import EVENTS

RUN: Final = "7d2a9c1e-5b43-4f0e-9d8a-0c6f1e2b3a4d"
TOKEN: Final = "AAAAKgAAAAIAAAAAAAAAAf"

DOCUMENT: Final[dict[str, Any]] = {
    "name": "Refunds",
    "nodes": {
        "each": {"id": "each", "type": "loop", "data": {"items": ["${inputs.orders}"], "concurrency": 1}},
        "line": {"id": "line", "type": "loop", "parentId": "each", "data": {"items": "${each.item}"}},
        "approve": {
            "id": "approve",
            "type": "approval",
            "parentId": "line",
            "data": {
                "message": "Refund ${line.item} EUR?",
                "options": {"approved": "Refund", "rejected": "Refuse"},
                "assignees": ["finance@example.com"],
                "timeoutSeconds": 172_800,
            },
        },
        "address": {
            "id": "address",
            "type": "user-input",
            "data": {"title": "Delivery", "schema": {"address": {"type": "string", "required": True}}},
        },
    },
    "edges": [{"source": "each", "target": "address"}],
}


def recorded() -> dict[str, dict[str, Any]]:
    """Run the machine, and give the event of the last question of each node."""
    seen: dict[str, dict[str, Any]] = {}
    definition = compile_document(DOCUMENT, CompileContext(workflow_id="wf_refunds")).definition
    assert definition is not None
    runner = Runner()

    async def ask(task: TaskRequest) -> Json:
        arguments: Any = task.arguments
        payload = arguments["Payload"]
        seen[payload["node"]] = {**payload, "token": TOKEN, "runId": RUN}
        loop = asyncio.get_running_loop()
        answer: Json = {"decision": "approved"} if payload["type"] == "approval" else {"address": "Ada"}
        loop.call_soon(runner.send_task_success, task.token, answer)
        return {}

    given: Json = {"inputs": {"orders": [12, 30]}, "trigger": {"type": "manual"}}
    tasks = TaskRoutes({f"{LAMBDA_INVOKE}.waitForTaskToken": ask})
    asyncio.run(runner.run(definition, given, tasks=tasks))
    return seen


if __name__ == "__main__":
    for event in recorded().values():
        (EVENTS / f"people-{event['type']}.json").write_text(json.dumps(event, indent=2) + "\n")
