"""Activities: tasks that wait for a worker, and workers that wait for a task.

Source: AWS Step Functions API Reference, "GetActivityTask".
"""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass, field

from millrace.engine.messages import StartTask, TaskStarted
from millrace.stepfunctions.live import Live
from millrace.stepfunctions.records import ActivityArn


@dataclass(frozen=True, slots=True)
class ActivityTask:
    """A task that a worker got."""

    token: str
    input: str


@dataclass(slots=True)
class _Queue:
    tasks: deque[tuple[Live, StartTask]] = field(default_factory=deque[tuple[Live, StartTask]])
    workers: deque["asyncio.Future[None]"] = field(default_factory=deque["asyncio.Future[None]"])


class Activities:
    """The queues of all activities, oldest first. They are rebuilt from the executions after a restart."""

    def __init__(self) -> None:
        self._queues: defaultdict[ActivityArn, _Queue] = defaultdict(_Queue)

    def offer(self, live: Live, task: StartTask) -> None:
        """Queue a task, and wake a worker for it."""
        queue = self._queues[ActivityArn(task.resource.arn)]
        queue.tasks.append((live, task))
        self._wake(queue)

    async def take(self, activity: ActivityArn, worker: str | None, wait: float) -> ActivityTask | None:
        """Take the oldest task that is still wanted, waiting at most `wait` seconds for one."""
        queue = self._queues[activity]
        try:
            async with asyncio.timeout(wait):
                while (taken := self._next(queue, worker)) is None:
                    await self._arrival(queue)
                return taken
        except TimeoutError:
            return None

    def close(self) -> None:
        """Send the workers away that wait."""
        for queue in self._queues.values():
            for arrival in queue.workers:
                arrival.cancel()
            queue.workers.clear()

    def _next(self, queue: _Queue, worker: str | None) -> ActivityTask | None:
        while queue.tasks:
            live, task = queue.tasks.popleft()
            if live.interpreter.holds(task.token):
                live.handle(TaskStarted(task.token, worker))
                return ActivityTask(task.token, task.parameters.text)
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
