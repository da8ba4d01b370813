"""What stands for the items and for the iterations of a Map under test, and for the branches of a Parallel."""

import random
import time
from typing import Final

from millrace.engine.definition import MapState, ParallelState
from millrace.engine.distributed import ItemBatcher, ReaderConfig
from millrace.engine.errors import EXCEED_TOLERATED_FAILURE_THRESHOLD, Failure
from millrace.engine.expressions import Scope
from millrace.engine.item_source import ItemReaderError
from millrace.engine.map_run_batches import batched
from millrace.engine.map_run_errors import ITEM_READER_FAILED, MapRunError
from millrace.engine.map_run_spec import BatcherSpec
from millrace.engine.payload import Payload
from millrace.engine.templates import evaluate
from millrace.model.json import Json
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.testing.request import Request
from millrace.stepfunctions.testing.source_items import each, gathered, source_items

_THRESHOLD: Final = Failure(
    EXCEED_TOLERATED_FAILURE_THRESHOLD, "The specified tolerated failure threshold was exceeded"
)


class MapData:
    """The items that a Map under test has, and how its iterations went.

    Args:
        request: The test.
        context: The context object.
        stages: The stages of the test's course; those of the reader and of the batcher are added.

    Attributes:
        items: What the ItemReader read; None where none reads.
    """

    def __init__(self, request: Request, context: Json, stages: dict[str, Json]) -> None:
        self._request = request
        self._context = context
        self._stages = stages
        self._unreadable: Failure | None = None
        self._known = True
        self.items: list[Json] | None = None
        state = request.tested.state
        reader = state.distributed.reader if isinstance(state, MapState) and state.distributed else None
        if reader is not None:
            self._read(reader.config)

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
        try:
            iterations = self._iterations(state, items or [], mock)
        except MapRunError as error:
            return Failure(error.error, error.cause)
        failed = self._request.configuration.failed_iterations or 0
        if iterations is not None and failed > iterations:
            raise ApiError(
                "ValidationException",
                "Map iteration failure count must be less than or equal to the number of Map iterations",
            )
        exceeds = iterations is not None and self._exceeds(failed, iterations)
        return _THRESHOLD if exceeds and isinstance(mock, Payload) else mock

    def _read(self, config: ReaderConfig) -> None:
        """Read the items as the ItemReader would."""
        data = self._request.configuration.item_data
        self._known, self.items = data is not None, []
        if data is None:
            return
        try:
            self.items = source_items(data, config)
        except ItemReaderError as error:
            self._unreadable = Failure(ITEM_READER_FAILED, str(error))
        else:
            if config.pointer:
                self._stages["afterItemsPointer"] = self.items

    def _iterations(self, state: MapState, items: list[Json], mock: Payload | Failure) -> int | None:
        """Count the iterations: items up to the reader's MaxItems, put into batches.

        Where the items are not known, the mock says how many there were.
        """
        selected = self._stages.pop("afterItemSelector", None)
        if not self._known:
            return len(mock.value) if isinstance(mock, Payload) and isinstance(mock.value, list) else None
        inputs = selected if isinstance(selected, list) else items
        if state.distributed is not None:
            scope = self._scope(state)
            reader, batcher = state.distributed.reader, state.distributed.batcher
            if reader is not None and reader.max_items is not None:
                inputs = inputs[: int(reader.max_items.number(scope)) or None]
            if batcher is not None:
                self._stages["afterItemBatcher"] = _batches(inputs, batcher, scope)
        if selected is not None:
            self._stages["afterItemSelector"] = inputs
        batches = self._stages.get("afterItemBatcher")
        return len(batches) if isinstance(batches, list) else len(inputs)

    def _scope(self, state: MapState) -> Scope:
        """Make what the fields of the reader and of the batcher see."""
        request = self._request
        states: dict[str, Json] = {"input": request.input.value}
        scope = Scope([request.variables or {}], states, lambda: self._context, time.time(), random.SystemRandom())
        state.flow.enter(scope, request.input)
        return scope

    def _exceeds(self, failed: int, iterations: int) -> bool:
        """Tell whether more iterations failed than the Map says it tolerates; without a word of it all are."""
        count, percentage = self._stages.get("toleratedFailureCount"), self._stages.get("toleratedFailurePercentage")
        return (isinstance(count, int | float) and failed > count) or (
            isinstance(percentage, int | float) and failed * 100 > percentage * iterations
        )


def _batches(inputs: list[Json], batcher: ItemBatcher, scope: Scope) -> list[Json]:
    spec = BatcherSpec(
        max_items=0 if batcher.max_items is None else int(batcher.max_items.number(scope)),
        max_bytes=0 if batcher.max_bytes is None else int(batcher.max_bytes.number(scope)),
        batch_input=None if batcher.batch_input is None else Payload.of(evaluate(batcher.batch_input, scope)),
    )
    return [child.input.value for child in gathered(batched(each(*map(Payload.of, inputs)), spec))]
