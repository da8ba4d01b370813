"""The outside world of a test: what nodes that run in functions, other workflows and people answer."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from millrace.engine import Runner, Status, TaskFailure, TaskRequest

TRANSIENT: Final = "Lambda.TooManyRequestsException"


class Refusal(Exception):  # noqa: N818 - an answer of the world
    """The answer that is a failure."""

    def __init__(self, error: str, message: str, *, cause: str | None = None) -> None:
        super().__init__(message)
        self.error = error
        self.message = message
        self.cause = json.dumps({"errorMessage": message, "errorType": error}) if cause is None else cause


class World:
    """Answers by what it is asked alone, so that any order of asking gives the same.

    A node's `source`, `url`, `message` or `workflowId` says what to answer: `echo` what it is given, `fail` a failure,
    `plain` a failure whose cause is plain text, `odd` a failure where the number given is odd, `flaky` a failure at the
    first two tries.
    """

    def __init__(self) -> None:
        self._tries: Counter[str] = Counter()

    def call(self, kind: str, node: str, config: Mapping[str, Any], given: Any) -> Any:
        """Give the output of a node that runs in a function.

        Raises:
            Refusal: It fails.
        """
        value = config.get("inputs", {}).get("v") if kind == "code" else config.get("body", config.get("input", given))
        match _asked(config):
            case "echo" | "flaky":
                return {"v": value}
            case "fail":
                raise Refusal("Test.Failure", f"{node} fails")
            case "plain":
                raise Refusal("Test.Plain", f"{node} fails plainly", cause=f"{node} fails plainly")
            case "odd" if isinstance(value, int) and value % 2 == 1:
                raise Refusal("Test.Odd", f"{value} is odd")
            case "odd":
                return {"v": value}
            case "list":
                return [value, [value], None]
            case "none":
                return None
            case other:
                raise AssertionError(f"expected a question that the world knows, found {other!r}")

    def flaky(self, node: str, config: Mapping[str, Any]) -> bool:
        """Whether this try of a flaky node fails: the first two do."""
        if _asked(config) != "flaky":
            return False
        self._tries[node] += 1
        return self._tries[node] <= 2

    def decide(self, node: str, message: str, given: Any) -> dict[str, Any] | None:
        """Give what people answer; None when nobody does.

        Raises:
            Refusal: The task fails.
        """
        match message.split(maxsplit=1)[0]:
            case "approved" | "rejected" as decision:
                return {"decision": decision, "by": "ada", "comment": None, "at": "2026-01-01T00:00:00Z"}
            case "submitted":
                return {"v": given}
            case "timeout":
                return None
            case _:
                raise Refusal("People.Gone", f"{node} reaches nobody")

    def run(self, workflow: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Give the outputs of another workflow.

        Raises:
            Refusal: Its run fails.
        """
        if workflow == "fail":
            raise Refusal("Sub.Failed", "the run of 'fail' failed", cause="the run of 'fail' failed")
        return {"v": inputs.get("v")}


def _asked(config: Mapping[str, Any]) -> str:
    """Give the word that says what to answer: the first of a source, the last of an address."""
    text = str(config.get("source") or config.get("url") or config.get("expression"))
    return text.rpartition("/")[2].split()[0]


class WorldTasks:
    """Does an execution's tasks as the world answers.

    Args:
        children: The machines that the execution may start for parts of its own work, by name.
    """

    def __init__(self, world: World, runner: Runner, children: Mapping[str, Any]) -> None:
        self._world = world
        self._runner = runner
        self._children = children

    async def __call__(self, task: TaskRequest) -> Any:
        arguments: Any = task.arguments
        try:
            if "startExecution" in task.resource.arn:
                machine = arguments["StateMachineArn"].rpartition(":")[2]
                if machine in self._children:
                    return {"Output": await self._run_child(machine, arguments["Input"])}
                return {"Output": self._world.run(arguments["StateMachineArn"], arguments["Input"]["inputs"])}
            event = arguments["Payload"]
            if task.resource.arn.endswith(".waitForTaskToken"):
                return self._ask(task.token, event)
            if self._world.flaky(event["node"], event["config"]):
                raise Refusal(TRANSIENT, "busy")
            answer = self._world.call(event["type"], event["node"], event["config"], event.get("input"))
        except Refusal as refusal:
            raise TaskFailure(refusal.error, refusal.cause) from None
        return {"Payload": {"output": answer, "console": []}, "StatusCode": 200}

    async def _run_child(self, machine: str, given: Any) -> Any:
        result = await self._runner.run(self._children[machine], given, tasks=self, machine=machine)
        if result.status is not Status.SUCCEEDED:
            raise TaskFailure(result.error or "States.TaskFailed", result.cause or "")
        return result.output

    def _ask(self, token: str, event: Mapping[str, Any]) -> Any:
        try:
            answer = self._world.decide(event["node"], event["config"]["message"], event["input"])
        except Refusal as refusal:
            self._runner.send_task_failure(token, refusal.error, refusal.cause)
            return {}
        if answer is None:
            self._runner.send_task_failure(token, "States.Timeout", None)
        else:
            self._runner.send_task_success(token, answer)
        return {}
