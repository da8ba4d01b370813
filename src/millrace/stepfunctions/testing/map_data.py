"""What stands for the items and for the iterations of a Map under test, and for the branches of a Parallel."""

from collections.abc import AsyncIterator
from typing import Final

from millrace.engine.definition import MapState, ParallelState
from millrace.engine.distributed import InputType, ReaderConfig
from millrace.engine.errors import EXCEED_TOLERATED_FAILURE_THRESHOLD, Failure
from millrace.engine.item_csv import csv_items
from millrace.engine.item_json import json_items, jsonl_items
from millrace.engine.item_source import ItemReaderError
from millrace.engine.map_run_errors import ITEM_READER_FAILED
from millrace.engine.payload import Payload
from millrace.model.json import Json
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.testing.request import Request

_THRESHOLD: Final = Failure(
    EXCEED_TOLERATED_FAILURE_THRESHOLD, "The specified tolerated failure threshold was exceeded"
)


class MapData:
    """The items that a Map under test has, and how its iterations went.

    Args:
        request: The test.
        stages: The stages of the test's course; what the reader's ItemsPointer leads to is added.

    Attributes:
        items: What the ItemReader read; None where none reads.
    """

    def __init__(self, request: Request, stages: dict[str, Json]) -> None:
        self._request = request
        self._stages = stages
        self._unreadable: Failure | None = None
        self._known = True
        self.items: list[Json] | None = None
        state = request.tested.state
        reader = state.distributed.reader if isinstance(state, MapState) and state.distributed else None
        if reader is not None:
            self._read(reader.config)

    def _read(self, config: ReaderConfig) -> None:
        """Read the items as the ItemReader would; MaxItems is the interpreter's to apply."""
        data = self._request.configuration.item_data
        self._known, self.items = data is not None, []
        if data is None:
            return
        try:
            self.items = _gathered(_items(data.encode(), config))
        except ItemReaderError as error:
            self._unreadable = Failure(ITEM_READER_FAILED, str(error))
        else:
            if config.pointer:
                self._stages["afterItemsPointer"] = self.items

    def answer(self, state: ParallelState | MapState, items: list[Json] | None) -> Payload | Failure:
        """Answer for the branches or the iterations.

        Raises:
            ApiError: ValidationException: more iterations are said to have failed than there are.
        """
        mock = self._request.mock
        assert mock is not None
        if isinstance(state, ParallelState):
            return mock
        if self._unreadable is not None:
            return self._unreadable
        failed = self._request.configuration.failed_iterations or 0
        iterations = self._iterations(items or [], mock)
        if iterations is not None and failed > iterations:
            raise ApiError(
                "ValidationException",
                "Map iteration failure count must be less than or equal to the number of Map iterations",
            )
        exceeds = iterations is not None and self._exceeds(failed, iterations)
        return _THRESHOLD if exceeds and isinstance(mock, Payload) else mock

    def _iterations(self, items: list[Json], mock: Payload | Failure) -> int | None:
        """Count the iterations: the batches, the items, or the results where the items are not known."""
        batches = self._stages.get("afterItemBatcher")
        if isinstance(batches, list):
            return len(batches)
        if self._known:
            return len(items)
        return len(mock.value) if isinstance(mock, Payload) and isinstance(mock.value, list) else None

    def _exceeds(self, failed: int, iterations: int) -> bool:
        """Tell whether more iterations failed than the Map says it tolerates; without a word of it all are."""
        count, percentage = self._stages.get("toleratedFailureCount"), self._stages.get("toleratedFailurePercentage")
        return (isinstance(count, int | float) and failed > count) or (
            isinstance(percentage, int | float) and failed * 100 > percentage * iterations
        )


def _items(data: bytes, config: ReaderConfig) -> AsyncIterator[Json]:
    match config.input_type:
        case InputType.CSV:
            return csv_items(_whole(data), config)
        case InputType.JSONL:
            return jsonl_items(_whole(data))
        case _:
            return json_items(_whole(data), config.pointer)


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _gathered(items: AsyncIterator[Json]) -> list[Json]:
    """Take all items of an iterator that never waits: its source is in memory."""

    async def gather() -> list[Json]:
        return [item async for item in items]

    coroutine = gather()
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("expected a source that never waits")
