"""Maps of compilations, as they are kept."""

from random import Random

import orjson
import pytest

from millrace.catalogue.failure import CONSOLE_MARK
from millrace.observation import RunMap, failures
from millrace.observation.mapping import map_of
from tests.observation.test_run_observer import sound_document


@pytest.mark.parametrize("seed", range(30))
def test_a_map_is_read_as_it_was_written(seed: int) -> None:
    _, _, compilation = sound_document(Random(seed))
    machine = map_of(compilation)
    assert RunMap.from_json(orjson.loads(orjson.dumps(machine.to_json()))) == machine


def test_a_map_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a run map of format 1, found 2: publish the workflow again"):
        RunMap.from_json({"format": 2})


def test_console_lines_are_parted_where_functions_put_them() -> None:
    assert failures.CONSOLE_MARK == CONSOLE_MARK
