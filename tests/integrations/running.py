"""One Task state, run."""

from millrace.engine import Runner, TaskHandler
from millrace.engine.runner import Result
from millrace.model import Json


def task(resource: str, arguments: Json, **fields: Json) -> Json:
    """A state machine of one Task state."""
    name = resource if resource.startswith("arn:") else f"arn:aws:states:::{resource}"
    state: dict[str, Json] = {"Type": "Task", "Resource": name, "Arguments": arguments, "End": True, **fields}
    return {"QueryLanguage": "JSONata", "StartAt": "Call", "States": {"Call": state}}


async def run(tasks: TaskHandler, resource: str, arguments: Json, **fields: Json) -> Result:
    return await Runner().run(task(resource, arguments, **fields), {}, tasks=tasks)
