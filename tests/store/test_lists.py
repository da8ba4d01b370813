"""Pages of lists are the sorted list, cut; cursors belong to one list."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millrace.store.dynamo_store import DynamoStore
from millrace.store.errors import InvalidCursorError
from millrace.store.port import PageRequest, RunFilter, WorkflowFilter
from millrace.store.records import Run, RunStatus, Workflow, WorkflowId, WorkflowSort, WorkspaceId
from tests.store.records import run, workflow

_workspaces = count()
_moments = st.integers(0, 9).map("2026-11-21T07:30:00.00{}Z".format)
_names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
_STEPS = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def fresh() -> WorkspaceId:
    return WorkspaceId(f"property-{next(_workspaces)}")


def all_workflows(store: DynamoStore, workspace: WorkspaceId, filter: WorkflowFilter, limit: int) -> list[Workflow]:  # noqa: A002 - the port's name
    found: list[Workflow] = []
    page = store.workflows(workspace, filter, PageRequest(limit))
    while True:
        found += page.records
        assert len(page.records) == limit or page.cursor is None
        if page.cursor is None:
            return found
        page = store.workflows(workspace, filter, PageRequest(limit, page.cursor))


@_STEPS
@given(
    drawn=st.lists(st.tuples(_names, _moments, _moments, st.booleans()), max_size=12),
    sort=st.sampled_from(WorkflowSort),
    descending=st.booleans(),
    limit=st.integers(1, 5),
    search=st.sampled_from(["", "a", "E"]),
)
def test_pages_of_workflows_are_the_sorted_list(
    store: DynamoStore,
    drawn: list[tuple[str, str, str, bool]],
    sort: WorkflowSort,
    descending: bool,
    limit: int,
    search: str,
) -> None:
    workspace = fresh()
    written = [
        workflow(workspace, name, created=created, updated=updated, deleted="2026-11-22" if deleted else None)
        for name, created, updated, deleted in drawn
    ]
    for record in written:
        store.create_workflow(record, {})
    order: dict[WorkflowSort, Callable[[Workflow], str]] = {
        WorkflowSort.NAME: lambda record: record.name.casefold(),
        WorkflowSort.CREATED: lambda record: record.created,
        WorkflowSort.UPDATED: lambda record: record.updated,
    }
    shown = [record for record in written if record.deleted is None and search.casefold() in record.name.casefold()]
    expected = sorted(shown, key=lambda record: (order[sort](record), record.id), reverse=descending)
    assert (
        all_workflows(store, workspace, WorkflowFilter(search=search, sort=sort, descending=descending), limit)
        == expected
    )


@_STEPS
@given(
    drawn=st.lists(st.tuples(_moments, st.sampled_from(RunStatus), st.sampled_from(["a", "b"])), max_size=12),
    status=st.none() | st.sampled_from(RunStatus),
    which=st.none() | st.sampled_from(["a", "b"]),
    after=st.none() | _moments,
    before=st.none() | _moments,
    limit=st.integers(1, 5),
)
def test_pages_of_runs_are_the_sorted_list(
    store: DynamoStore,
    drawn: list[tuple[str, RunStatus, str]],
    status: RunStatus | None,
    which: str | None,
    after: str | None,
    before: str | None,
    limit: int,
) -> None:
    workspace = fresh()
    written = [run(workspace, started=moment, status=state, workflow=WorkflowId(wf)) for moment, state, wf in drawn]
    for record in written:
        store.create_run(record)
    shown = [
        record.id
        for record in sorted(written, key=lambda record: (record.started, record.id), reverse=True)
        if status in (None, record.status)
        and which in (None, record.workflow)
        and (after is None or record.started >= after)
        and (before is None or record.started < before)
    ]
    filter_ = RunFilter(WorkflowId(which) if which else None, status, after, before)
    found: list[Run] = []
    page = store.runs(workspace, filter_, PageRequest(limit))
    found += page.records
    while page.cursor is not None:
        page = store.runs(workspace, filter_, PageRequest(limit, page.cursor))
        found += page.records
    assert [record.id for record in found] == shown


@pytest.fixture
def cursor(store: DynamoStore, workspace: WorkspaceId) -> str:
    for name in "abc":
        store.create_workflow(workflow(workspace, name), {})
    cursor = store.workflows(workspace, WorkflowFilter(), PageRequest(1)).cursor
    assert cursor is not None
    return cursor


@pytest.mark.parametrize(
    "filter",
    [
        WorkflowFilter(deleted=True),
        WorkflowFilter(descending=False),
        WorkflowFilter(sort=WorkflowSort.NAME),
        WorkflowFilter(search="a"),
        WorkflowFilter(tags=("a",)),
        WorkflowFilter(folder=""),
    ],
)
def test_cursor_of_another_list_is_refused(
    store: DynamoStore,
    workspace: WorkspaceId,
    cursor: str,
    filter: WorkflowFilter,  # noqa: A002 - the port's name
) -> None:
    with pytest.raises(InvalidCursorError, match="list again"):
        store.workflows(workspace, filter, PageRequest(1, cursor))


def test_cursor_of_another_workspace_is_refused(store: DynamoStore, cursor: str) -> None:
    with pytest.raises(InvalidCursorError):
        store.workflows(WorkspaceId("other"), WorkflowFilter(), PageRequest(1, cursor))


@pytest.mark.parametrize("damage", ["", "x", "é", "????", "AAAA" * 20, "null"])
def test_damaged_cursor_is_refused(store: DynamoStore, workspace: WorkspaceId, damage: str) -> None:
    with pytest.raises(InvalidCursorError):
        store.workflows(workspace, WorkflowFilter(), PageRequest(1, damage))


def test_cursor_outlives_the_record_that_it_was_given_after(
    store: DynamoStore, workspace: WorkspaceId, cursor: str
) -> None:
    [first] = store.workflows(workspace, WorkflowFilter(), PageRequest(1)).records
    store.save_workflow(replace(first, deleted="now"), None)
    assert len(store.workflows(workspace, WorkflowFilter(), PageRequest(5, cursor)).records) == 2


def test_page_is_filled_where_a_filter_discards_most(store: DynamoStore, workspace: WorkspaceId) -> None:
    for index in range(40):
        store.create_run(run(workspace, status=RunStatus.FAILED if index % 20 == 0 else RunStatus.COMPLETED))
    wanted = RunFilter(workflow=WorkflowId("orders"), status=RunStatus.FAILED)
    page = store.runs(workspace, wanted, PageRequest(2))
    assert len(page.records) == 2
    assert page.cursor is None
