"""Questions to people and their answers, on the real engine."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from millrace.model import NodeId
from millrace.services.errors import ConflictError, GoneError, ServiceError
from millrace.services.executions import Executions
from millrace.services.people import People
from millrace.services.runs import Start
from millrace.store.port import PageRequest
from millrace.store.records import Run, RunStatus, Waiting
from tests.services.running import CALLER, World, function_engine, states, world
from tests.stepfunctions.conftest import until_ended

from .test_partial import document

__all__ = ["function_engine", "states", "world"]

ASK = NodeId("ask")
QUESTION = document(
    {"ask": ("approval", {"message": "Go?"}), "out": ("output", {"value": "${ask.output.decision}"})},
    "ask.approved>out",
)


def asked(world: World, definition: Any = QUESTION) -> Run:
    """Start a run, and wait for its question."""
    run = world.runs.start(CALLER, world.create(definition), Start())
    world.engine.tokens.get(timeout=10)
    return run


def questions(world: World) -> tuple[Waiting, ...]:
    return world.people.inbox(CALLER, PageRequest()).records


def test_the_run_goes_on_with_the_answer(world: World) -> None:
    run = asked(world)
    world.people.answer(CALLER, run.id, ASK, "approved")
    assert run.execution is not None
    assert until_ended(world.client, run.execution)["output"] == '{"out":"approved"}'


def test_of_answers_at_the_same_time_one_counts(world: World) -> None:
    run = asked(world)
    outcomes: list[str] = []

    def answer() -> None:
        try:
            world.people.answer(CALLER, run.id, ASK, "approved")
            outcomes.append("counted")
        except ServiceError as error:
            outcomes.append(error.code.value)

    threads = [threading.Thread(target=answer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(outcomes)) in (["ALREADY_ANSWERED", "counted"], ["ALREADY_ANSWERED", "NOT_WAITING", "counted"])
    assert outcomes.count("counted") == 1
    assert questions(world) == ()


class _CrashError(Exception):
    pass


class _CrashingStore:
    """Ends before it takes an answered question away."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def take_waiting(self, waiting: Waiting) -> bool:
        raise _CrashError(waiting.node)


def test_a_crash_after_the_answer_loses_nothing(world: World) -> None:
    run = asked(world)
    crashing: Any = _CrashingStore(world.store)
    with pytest.raises(_CrashError):
        People(crashing, Executions(world.client)).answer(CALLER, run.id, ASK, "approved")
    assert run.execution is not None
    assert until_ended(world.client, run.execution)["output"] == '{"out":"approved"}'
    with pytest.raises(GoneError):
        world.people.answer(CALLER, run.id, ASK, "approved")
    assert world.store.waiting(CALLER.workspace, run.id, ASK) is None


def test_items_of_a_loop_are_answered_one_by_one(world: World) -> None:
    run = world.runs.start(
        CALLER,
        world.create(
            document(
                {
                    "each": ("loop", {"items": ["x", "y"], "collect": "${ask.output.decision}"}),
                    "ask@each": ("approval", {"message": "${each.item}?"}),
                    "out": ("output", {"value": "${each.output.results}"}),
                },
                "each>out",
            )
        ),
        Start(),
    )
    for _ in range(2):
        world.engine.tokens.get(timeout=10)
    found = {question.path: question.request for question in questions(world)}
    assert {path: request["message"] for path, request in found.items() if isinstance(request, dict)} == {
        "each/0": "x?",
        "each/1": "y?",
    }
    with pytest.raises(ConflictError):
        world.people.answer(CALLER, run.id, ASK, "approved")
    world.people.answer(CALLER, run.id, ASK, "rejected", path="each/1")
    world.people.answer(CALLER, run.id, ASK, "approved", path="each/0")
    assert run.execution is not None
    assert until_ended(world.client, run.execution)["output"] == '{"out":["approved","rejected"]}'


def test_the_inbox_leaves_out_what_is_over(world: World) -> None:
    ended, paused, late = asked(world), asked(world), asked(world)
    world.store.save_run(replace(ended, status=RunStatus.CANCELLED))
    world.store.save_run(replace(paused, status=RunStatus.PAUSED))
    waiting = world.store.waiting(CALLER.workspace, late.id, ASK)
    assert waiting is not None
    world.store.put_waiting(replace(waiting, expires="2020-01-01T00:00:00.000Z"))
    going = asked(world)
    assert [question.run for question in questions(world)] == [going.id]
    # What a paused run asks is asked anew when it goes on.
    assert world.store.waiting(CALLER.workspace, paused.id, ASK) is not None
    assert world.store.waiting(CALLER.workspace, ended.id, ASK) is None
    for run in (ended, paused, late, going):
        world.control.cancel(CALLER, run.id)
