"""Group commit of executions: what changed while one commit was under way goes into the next."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from millrace.stepfunctions.faults import reach
from millrace.stepfunctions.live import Live
from millrace.stepfunctions.records import ExecutionArn
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.port import Change, Store

_log: Final = logging.getLogger(__name__)
# Seconds until a commit that failed is tried again.
RETRY_DELAY: Final = 1.0


class CommitQueue:
    """Commits executions, and lets what follows from their changes happen.

    Args:
        store: Where to.
        forget: Told of an execution whose first commit failed: it has never been.
    """

    def __init__(self, store: Store, forget: Callable[[Live], None]) -> None:
        self._store = store
        self._forget = forget
        self._changed: dict[ExecutionArn, Live] = {}
        self._next: asyncio.Future[None] | None = None
        self._current: asyncio.Future[None] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._closing = False

    def add(self, live: Live) -> None:
        """Commit what an execution has pending, with the next group."""
        self._changed[live.described.arn] = live
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work())

    async def durable(self) -> None:
        """Wait until everything that was added is committed.

        Raises:
            StoreError: It could not be.
        """
        if self._changed and self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        future = self._next or self._current
        if future is not None:
            await asyncio.shield(future)

    async def close(self) -> None:
        """Commit what is left, once."""
        self._closing = True
        while self._worker is not None:
            await asyncio.wait([self._worker])

    async def _work(self) -> None:
        while self._changed:
            # Whatever the loop has ready now joins this group.
            await asyncio.sleep(0)
            group, self._changed = [*self._changed.values()], {}
            self._current, self._next = self._next or asyncio.get_running_loop().create_future(), None
            failed = await self._commit(group)
            if failed is None:
                self._current.set_result(None)
            else:
                self._current.set_exception(failed)
                # Nobody need be waiting.
                self._current.exception()
                if self._closing:
                    break
                await asyncio.sleep(RETRY_DELAY)
        self._worker = self._current = None

    async def _commit(self, group: Sequence[Live]) -> StoreError | None:
        """Commit a group; give the error when one of it could not be, even alone."""
        written = [(live, changes) for live in group if (changes := self._changes(live)) is not None]
        reach("executions.before-commit")
        error = await self._write([change for _, changes in written for change in changes])
        if error is not None:
            if len(written) == 1:
                self._put_back(written[0][0], error)
                return error
            failures = [await self._commit_alone(live, changes) for live, changes in written]
            return next((failure for failure in failures if failure is not None), None)
        reach("executions.after-commit")
        reach("executions.before-effects")
        for live, _ in written:
            self._go_on(live)
        reach("executions.after-effects")
        return None

    def _changes(self, live: Live) -> list[Change] | None:
        """Give what an execution has pending; None when that fails, which stops it until the next start."""
        try:
            return live.changes()
        except Exception:  # noqa: BLE001 - a fault in one execution must not hold up all the others
            _log.exception("execution %s is left as it was committed last", live.described.arn)
            live.drop()
            self._forget(live)
            return None

    async def _commit_alone(self, live: Live, changes: Sequence[Change]) -> StoreError | None:
        error = await self._write(changes)
        if error is None:
            self._go_on(live)
        else:
            self._put_back(live, error)
        return error

    async def _write(self, changes: Sequence[Change]) -> StoreError | None:
        try:
            await self._store.commit(changes)
        except StoreError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a queue that ended here would keep all executions waiting
            _log.exception("the store has a fault of its own")
            return StoreError(f"the store has a fault of its own ({type(error).__name__}: {error}); the log has more")
        return None

    def _go_on(self, live: Live) -> None:
        try:
            live.committed()
        except Exception:  # noqa: BLE001 - a fault in one execution's effects must not hold up all the others
            _log.exception("execution %s cannot go on", live.described.arn)

    def _put_back(self, live: Live, error: StoreError) -> None:
        """Drop an execution that the world has not heard of; have others wait until the store works again."""
        _log.error("execution %s waits for its commit: %s", live.described.arn, error)
        live.not_committed()
        if live.begun:
            self._changed.setdefault(live.described.arn, live)
        else:
            live.drop()
            self._forget(live)
