"""Making the inputs of a Map Run's children out of its items.

Source: AWS Step Functions Developer Guide, "ItemBatcher (Map)".
"""

from collections.abc import AsyncIterator

from millrace.engine.errors import DATA_LIMIT_EXCEEDED
from millrace.engine.map_run_children import Child
from millrace.engine.map_run_errors import MapRunError
from millrace.engine.map_run_spec import BatcherSpec
from millrace.engine.payload import PAYLOAD_LIMIT, Payload
from millrace.model.json import Json


async def single(inputs: AsyncIterator[Payload]) -> AsyncIterator[Child]:
    """Give each item a child."""
    index = 0
    async for payload in inputs:
        yield Child(index, 1, _fitting(payload))
        index += 1


async def batched(inputs: AsyncIterator[Payload], batcher: BatcherSpec) -> AsyncIterator[Child]:
    """Put items into batches, each as large as the batcher and a payload's size allow."""
    most, limit = batcher.max_items, min(batcher.max_bytes or PAYLOAD_LIMIT, PAYLOAD_LIMIT)
    fixed = _batch([], batcher).size
    batch: list[Payload] = []
    index, size = 0, fixed
    async for payload in inputs:
        grown = size + payload.size + (1 if batch else 0)
        if batch and (grown > limit or len(batch) == most):
            yield Child(index, len(batch), _batch(batch, batcher))
            index, batch, grown = index + 1, [], fixed + payload.size
        batch.append(payload)
        size = grown
        if size > limit:
            _fitting(_batch(batch, batcher), limit)
    if batch:
        yield Child(index, len(batch), _batch(batch, batcher))


def _batch(items: list[Payload], batcher: BatcherSpec) -> Payload:
    """Make a child's input."""
    array = Payload.array(items)
    if batcher.batch_input is None:
        return _member("Items", array)
    given = batcher.batch_input
    text = f'{{"BatchInput":{given.text},"Items":{array.text}}}'
    value: Json = {"BatchInput": given.value, "Items": array.value}
    return Payload(value, text, given.size + array.size + len('{"BatchInput":,"Items":}'))


def _member(name: str, payload: Payload) -> Payload:
    return Payload({name: payload.value}, f'{{"{name}":{payload.text}}}', payload.size + len(name) + len('{"":}'))


def _fitting(payload: Payload, limit: int = PAYLOAD_LIMIT) -> Payload:
    if payload.size > limit:
        raise MapRunError(
            DATA_LIMIT_EXCEEDED, f"expected a child's input of at most {limit} bytes, found one of {payload.size}"
        )
    return payload
