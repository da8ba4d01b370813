"""What operations share."""

import asyncio
from typing import cast

from millrace.engine.tasks import FunctionTasks
from millrace.stepfunctions.executions import Executions
from millrace.stepfunctions.operations import Service
from millrace.stepfunctions.store.port import Store


def test_changes_of_a_resource_come_one_after_the_other() -> None:
    store = cast("Store", None)
    service = Service(store, Executions(store, FunctionTasks({})))
    inside: list[int] = []
    most: list[int] = []

    async def change(number: int) -> None:
        for _ in range(number % 3):
            await asyncio.sleep(0)
        async with service.alone_with("one"):
            inside.append(number)
            most.append(len(inside))
            await asyncio.sleep(0)
            inside.remove(number)

    async def course() -> None:
        await asyncio.gather(*(change(number) for number in range(20)))
        # Whoever comes later gets a turn of their own.
        await change(20)

    asyncio.run(course())
    assert most == [1] * 21


def test_changes_of_different_resources_do_not_wait_for_each_other() -> None:
    store = cast("Store", None)
    service = Service(store, Executions(store, FunctionTasks({})))

    async def course() -> None:
        async with service.alone_with("one"), service.alone_with("other"):
            pass

    asyncio.run(course())
