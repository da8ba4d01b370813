"""Activities: tasks that wait for a worker, and workers that wait for a task.

Source: AWS Step Functions API Reference, "GetActivityTask".
"""

import asyncio
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field

from millrace.engine.messages import StartTask
from millrace.stepfunctions.live import Live
from millrace.stepfunctions.records import ActivityArn


@dataclass(frozen=True, slots=True)
class Offer:
    """A task, and the execution that waits for it."""

    live: Live
    task: StartTask


@dataclass(slots=True)
class _Queue:
    """The tasks of an activity by their tokens, and what wakes its workers."""

    tasks: OrderedDict[str, Offer] = field(default_factory=OrderedDict[str, Offer])
    workers: deque["asyncio.Future[None]"] = field(default_factory=deque["asyncio.Future[None]"])


class Activities:
    """The queues of all activities, oldest first. They are rebuilt from the executions after a restart."""

    def __init__(self) -> None:
        self._queues: defaultdict[ActivityArn, _Queue] = defaultdict(_Queue)
        self._offered: dict[str, _Queue] = {}
        self._closed = False

    @property
    def count(self) -> int:
        """How many tasks wait for a worker."""
        return len(self._offered)

    def offer(self, live: Live, task: StartTask) -> None:
        """Queue a task, and wake a worker for it."""
        queue = self._offered[task.token] = self._queues[ActivityArn(task.resource.arn)]
        queue.tasks[task.token] = Offer(live, task)
        self._wake(queue)

    def offer_again(self, offer: Offer) -> None:
        """Put a task that its worker did not get before all others."""
        self.offer(offer.live, offer.task)
        self._offered[offer.task.token].tasks.move_to_end(offer.task.token, last=False)

    def withdraw(self, token: str) -> None:
        """Take a task that nobody waits for any more out of its queue, if it is in one."""
        queue = self._offered.pop(token, None)
        if queue is not None:
            del queue.tasks[token]

    async def take(self, activity: ActivityArn, wait: float) -> Offer | None:
        """Take the oldest task that is still wanted, waiting at most `wait` seconds for one."""
        queue = self._queues[activity]
        try:
            async with asyncio.timeout(wait):
                while (offer := self._next(queue)) is None and not self._closed:
                    await self._arrival(queue)
                return offer
        except TimeoutError:
            return None

    def close(self) -> None:
        """Send the workers away that wait, and all that come."""
        self._closed = True
        for queue in self._queues.values():
            while queue.workers:
                self._wake(queue)

    def _next(self, queue: _Queue) -> Offer | None:
        while queue.tasks:
            token, offer = queue.tasks.popitem(last=False)
            del self._offered[token]
            if offer.live.interpreter.holds(token):
                return offer
        return None

    async def _arrival(self, queue: _Queue) -> None:
        """Wait until a task arrives."""
        arrival = asyncio.get_running_loop().create_future()
        queue.workers.append(arrival)
        try:
            await arrival
        except asyncio.CancelledError:
            if arrival in queue.workers:
                queue.workers.remove(arrival)
            elif queue.tasks:
                # This worker was woken for a task and has gone: it is another one's.
                self._wake(queue)
            raise

    def _wake(self, queue: _Queue) -> None:
        while queue.workers:
            arrival = queue.workers.popleft()
            if not arrival.done():
                arrival.set_result(None)
                return
