"""Scopes found by `previous_event_id` alone, against those that the engine knows."""

from random import Random

import pytest

from millrace.observation.frames import Frame
from millrace.observation.mapping import map_of
from millrace.observation.run_observer import RunObserver
from tests.observation.courses import RUN, Courses
from tests.observation.test_run_observer import sound_document


def scopes_agree(courses: Courses) -> None:
    """Check that two events have the same scope here exactly when they have in the engine."""
    observer = RunObserver(map_of(courses.compilation), RUN)
    here: dict[tuple[str, int], Frame] = {}
    there: dict[Frame, tuple[str, int]] = {}
    for log, event in courses.logged:
        observer.observe([log])
        execution = observer._fold.executions[log.execution]
        if event.type.startswith("Execution") or execution.frames is None or log.id >= execution.next:
            continue
        frame = execution.frames._by_event[log.id][0]
        key = (log.execution, event.frame)
        assert here.setdefault(key, frame) is frame, (log, key)
        assert there.setdefault(frame, key) == key, (log, key)


@pytest.mark.parametrize("seed", range(60))
def test_scopes_of_random_runs_are_found(seed: int) -> None:
    _, inputs, compilation = sound_document(Random(seed))
    courses = Courses(compilation, Random(seed))
    courses.run(inputs)
    scopes_agree(courses)


@pytest.mark.parametrize("seed", range(60))
def test_scopes_of_random_runs_are_found_after_redrives(seed: int) -> None:
    _, inputs, compilation = sound_document(Random(seed))
    random = Random(seed)
    courses = Courses(compilation, Random(seed))
    courses.run(inputs, pauses=[random.randrange(1, 40), random.randrange(40, 80)])
    scopes_agree(courses)
