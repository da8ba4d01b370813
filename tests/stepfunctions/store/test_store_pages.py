"""A list is read page by page while records come, change and go: what stays is seen once, newest first."""

import asyncio
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, rule
from store_records import commit, ended, execution, machine, machine_arn

from millrace.engine.messages import Status
from millrace.stepfunctions.store.port import ExecutionFilter, PageRequest
from millrace.stepfunctions.store.sqlite_store import SqliteStore

OWN = ExecutionFilter(machine=machine_arn())
FILTERS = (OWN, ExecutionFilter(machine=machine_arn(), status=Status.RUNNING), ExecutionFilter())


class Pages(RuleBasedStateMachine):
    """Compares each page with the same part of a plain list."""

    tokens: ClassVar[Bundle[tuple[ExecutionFilter, str, int]]] = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.store = SqliteStore.in_memory()
        self.model: dict[int, Status] = {}

    @initialize()
    def make_machine(self) -> None:
        commit(self.store, self.store.put_machine(machine()))

    @rule(count=st.integers(1, 5))
    def start(self, count: int) -> None:
        for _ in range(count):
            key = self.store.next_execution_key()
            commit(self.store, self.store.put_execution(execution(key), b""))
            self.model[key] = Status.RUNNING

    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        if self.model:
            key = data.draw(st.sampled_from(sorted(self.model)))
            commit(self.store, self.store.put_execution(ended(execution(key)), None))
            self.model[key] = Status.SUCCEEDED

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        if self.model:
            key = data.draw(st.sampled_from(sorted(self.model)))
            commit(self.store, self.store.delete_execution(execution(key).key))
            del self.model[key]

    @rule(target=tokens, wanted=st.sampled_from(FILTERS), limit=st.integers(1, 4))
    def first_page(self, wanted: ExecutionFilter, limit: int) -> tuple[ExecutionFilter, str, int]:
        return self.page(wanted, PageRequest(limit=limit), 1 << 62)

    @rule(target=tokens, place=consumes(tokens), limit=st.integers(1, 4))
    def next_page(self, place: tuple[ExecutionFilter, str, int], limit: int) -> tuple[ExecutionFilter, str, int]:
        wanted, token, below = place
        return self.page(wanted, PageRequest(limit=limit, token=token or None), below if token else 1 << 62)

    def page(self, wanted: ExecutionFilter, request: PageRequest, below: int) -> tuple[ExecutionFilter, str, int]:
        expected = sorted(
            (key for key, status in self.model.items() if key < below and wanted.status in {None, status}), reverse=True
        )
        page = self.store.executions(wanted, request)
        found = [record.key for record in page.records]
        assert found == expected[: request.limit]
        assert (page.next_token is not None) == (len(expected) > request.limit)
        return wanted, page.next_token or "", found[-1] if found else 0

    def teardown(self) -> None:
        asyncio.run(self.store.close())


TestPages = Pages.TestCase
TestPages.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
