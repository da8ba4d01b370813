"""People, as a local run has them: answers given beforehand, or asked for while it runs."""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

from millrace.catalogue.input_schema import check_inputs
from millrace.engine import Runner, TaskFailure, TaskRequest
from millrace.model import Json, NodeId, quote

NO_ANSWER: Final = "timeout"
"""The answer that stands for nobody answering in time."""

_UNCAUGHT: Final = "States.Runtime"
"""What no `onError` handles (Amazon States Language, "Errors"): a missing answer is no failure of a node."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a node asks a person.

    Attributes:
        type: `user-input` or `approval`.
        message: What is asked, in Markdown.
        schema: The fields of a user-input's form, as its node declares them.
        captions: What the buttons of an approval say, by decision.
    """

    node: NodeId
    type: str
    message: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict[str, Any])
    captions: Mapping[str, str] = field(default_factory=dict[str, str])


Ask: TypeAlias = Callable[[Question], Json]
"""Asks a person and gives the answer; it may take its time, and runs in a thread."""


class People:
    """Ends the tasks that wait for people.

    Args:
        runner: Runs the executions whose tasks wait.
        answers: Answers by node.
        ask: Asks for the others; None where nobody can be asked.
        threads: Where people are waited for.
    """

    def __init__(
        self, runner: Runner, answers: Mapping[str, Json], ask: Ask | None = None, threads: Executor | None = None
    ) -> None:
        self._runner = runner
        self._threads = threads
        self._answers = answers
        self._ask = ask
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, task: TaskRequest) -> Json:
        """Find the answer to a question, and return the task's token with it."""
        question = _question(task.arguments)
        answer = await self._answer(question)
        loop = asyncio.get_running_loop()
        # The token comes back after the task was handed over, as it would on AWS.
        if answer == NO_ANSWER:
            cause = f"nobody answered {question.node!r} in time"
            loop.call_soon(self._runner.send_task_failure, task.token, "States.Timeout", cause)
        else:
            try:
                result = check_answer(question, answer)
            except ValueError as error:
                raise TaskFailure(_UNCAUGHT, str(error)) from None
            loop.call_soon(self._runner.send_task_success, task.token, result)
        return {}

    async def _answer(self, question: Question) -> Json:
        if question.node in self._answers:
            return self._answers[question.node]
        if self._ask is None:
            example = '{"decision": "approved"}' if question.type == "approval" else '{"<field>": …}'
            raise TaskFailure(
                _UNCAUGHT,
                f"{question.node!r} asks a person, and nobody can be asked here: run it on a terminal, or give the "
                f"answer with --answers '{{\"{question.node}\": {example}}}'",
            )
        async with self._one_at_a_time:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, question)


def check_answer(question: Question, answer: Json) -> Json:
    """Give an answer as the node's output.

    Raises:
        ValueError: It is none; the text says what was expected.
    """
    return _decision(question, answer) if question.type == "approval" else _submission(question, answer)


def _submission(question: Question, answer: Json) -> Json:
    if not isinstance(answer, dict):
        raise ValueError(
            f"expected the answer to {question.node!r} to be an object of its fields, found {quote(answer)}"
        )
    submitted, problems = check_inputs(question.schema, answer)
    if problems:
        faults = "; ".join(problem.message for problem in problems)
        raise ValueError(f"the answer to {question.node!r} does not fit its form: {faults}")
    return submitted


def _decision(question: Question, answer: Json) -> Json:
    given: dict[str, Json] = {"decision": answer} if isinstance(answer, str) else {}
    if isinstance(answer, dict):
        given = answer
    decision = given.get("decision")
    if decision not in ("approved", "rejected"):
        raise ValueError(
            f'expected the decision on {question.node!r} to be "approved" or "rejected", found {quote(decision)}'
        )
    return {
        "decision": decision,
        "by": given.get("by"),
        "comment": given.get("comment"),
        "at": given.get("at") or dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _question(arguments: Json) -> Question:
    payload = cast("dict[str, Any]", cast("dict[str, Any]", arguments)["Payload"])
    config = cast("dict[str, Any]", payload["config"])
    return Question(
        node=NodeId(payload["node"]),
        type=payload["type"],
        message=str(config.get("message") or ""),
        schema=config.get("schema") or {},
        captions=config.get("options") or {},
    )
