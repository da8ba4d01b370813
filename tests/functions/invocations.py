"""The real invocations in events/: what the machine compiled from invocations.json sends to the functions.

`python -m tests.functions.invocations` writes them anew.
"""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from millrace.catalogue import LAMBDA_INVOKE
from millrace.compiler import CompileContext, compile_document
from millrace.engine import FunctionTasks, Runner, Status, TaskRoutes
from millrace.model import Json

ROOT: Final = Path(__file__).parents[2]
EVENTS: Final = ROOT / "events"
SERVER: Final = "http://127.0.0.1:8080"

_WORKFLOW: Final = Path(__file__).with_name("invocations.json")
_ORDER: Final[Json] = {
    "id": "A-1041",
    "lines": [{"sku": "lamp", "price": 40, "count": 1}, {"sku": "bulb", "price": 4.5, "count": 12}],
}


def recorded() -> dict[str, tuple[str, Json]]:
    """Run the machine, and give the function and the event of each invocation by the node's id."""
    context = CompileContext()
    functions = {function: context.function_name(function) for function in ("steps", "code")}
    seen: dict[str, tuple[str, Json]] = {}

    def recorder(function: str) -> Any:
        def record(event: Any) -> Json:
            seen[event["node"]] = (function, event)
            return {"output": None, "console": []}

        return record

    definition = compile_document(json.loads(_WORKFLOW.read_text()), context).definition
    assert definition is not None
    tasks = FunctionTasks({name: recorder(function) for function, name in functions.items()})
    inputs: Json = {"server": SERVER, "order": _ORDER}
    run = Runner().run(definition, {"inputs": inputs, "trigger": None}, tasks=TaskRoutes({LAMBDA_INVOKE: tasks}))
    result = asyncio.run(run)
    assert result.status is Status.SUCCEEDED, result.cause
    return seen


if __name__ == "__main__":
    for node, (_, event) in recorded().items():
        (EVENTS / f"{node}.json").write_text(json.dumps(event, indent=2) + "\n")
