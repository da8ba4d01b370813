"""What every backend of `Store` does; a backend's tests derive from it and give an empty store as a fixture."""

import asyncio
from dataclasses import replace

import pytest
from store_records import (
    FIRST,
    SECOND,
    activity,
    alias,
    block,
    commit,
    ended,
    execution,
    machine,
    machine_arn,
    map_run,
    remove_ended,
    version,
    version_arn,
)

from millrace.engine.messages import Status
from millrace.stepfunctions.records import ExecutionKey, ExecutionRecord, RevisionId, Route
from millrace.stepfunctions.store.errors import InvalidPageTokenError, StoreError
from millrace.stepfunctions.store.port import ExecutionFilter, PageRequest, Store

ALL = PageRequest(limit=1_000)


def keys(records: "tuple[ExecutionRecord, ...]") -> list[int]:
    return [record.key for record in records]


class MachineContract:
    def test_a_machine_is_given_back_as_it_was_written(self, store: Store) -> None:
        commit(store, store.put_machine(machine()))
        assert store.machine(machine_arn()) == machine()
        assert store.machine(machine_arn("other")) is None

    def test_a_new_revision_becomes_current_and_the_old_one_stays(self, store: Store) -> None:
        commit(store, store.put_machine(machine()))
        commit(store, store.put_machine(machine(revision=SECOND)))
        assert store.machine(machine_arn()) == machine(revision=SECOND)
        assert store.revision(machine_arn(), FIRST.id) == FIRST
        assert store.revision(machine_arn(), RevisionId("third")) is None

    def test_machines_are_listed_newest_first_in_pages(self, store: Store) -> None:
        for name in ("b", "a", "c"):
            commit(store, store.put_machine(machine(name)))
        first = store.machines(PageRequest(limit=2))
        assert [record.name for record in first.records] == ["c", "a"]
        rest = store.machines(PageRequest(limit=2, token=first.next_token))
        assert [record.name for record in rest.records] == ["b"]
        assert rest.next_token is None

    def test_deleting_a_machine_takes_its_versions_aliases_and_tags_along(self, store: Store) -> None:
        commit(store, store.put_machine(machine()), store.put_version(version(1)))
        commit(
            store, store.put_alias(alias("live", Route(version_arn(1), 100))), store.put_tags(machine_arn(), {"a": "1"})
        )
        commit(store, store.delete_machine(machine_arn()))
        assert store.machine(machine_arn()) is None
        assert store.version(version_arn(1)) is None
        assert not store.aliases(machine_arn(), None, ALL).records
        assert not store.tags(machine_arn())

    def test_executions_of_a_deleted_machine_keep_their_revision_when_it_is_made_again(self, store: Store) -> None:
        commit(store, store.put_machine(machine()), store.put_execution(execution(1), b"state"))
        commit(store, store.delete_machine(machine_arn()))
        again = replace(FIRST, definition='{"StartAt":"New"}')
        commit(store, store.put_machine(machine(revision=again)), store.put_execution(execution(2), b"state"))
        commit(store, store.put_execution(ended(execution(1)), None))
        for key, revision in ((1, FIRST), (2, again)):
            record = store.execution(execution(key).arn)
            assert record is not None
            found = store.revision(record.machine, record.revision)
            assert found is not None
            assert found.definition == revision.definition
        assert store.machine(machine_arn()) == machine(revision=again)

    def test_version_numbers_are_not_used_again(self, store: Store) -> None:
        commit(store, store.put_machine(machine()))
        assert store.next_version_number(machine_arn()) == 1
        commit(store, store.put_version(version(1)), store.put_version(version(2)))
        assert store.latest_version(machine_arn()) == version(2)
        commit(store, store.delete_version(version_arn(2)))
        assert store.next_version_number(machine_arn()) == 3
        assert store.latest_version(machine_arn()) == version(1)
        assert store.versions(machine_arn(), ALL).records == (version(1),)

    def test_a_version_keeps_its_revision_when_the_machine_moves_on(self, store: Store) -> None:
        commit(store, store.put_machine(machine()), store.put_version(version(1)))
        commit(store, store.put_machine(machine(revision=SECOND)))
        assert store.version(version_arn(1)) == version(1)

    def test_aliases_are_listed_for_a_machine_or_a_version(self, store: Store) -> None:
        one, both = (
            alias("one", Route(version_arn(1), 100)),
            alias("both", Route(version_arn(1), 30), Route(version_arn(2), 70)),
        )
        commit(store, store.put_machine(machine()), store.put_alias(one), store.put_alias(both))
        assert store.alias(both.arn) == both
        assert store.aliases(machine_arn(), None, ALL).records == (both, one)
        assert store.aliases(machine_arn(), version_arn(2), ALL).records == (both,)

    def test_an_alias_can_be_changed_and_deleted(self, store: Store) -> None:
        commit(store, store.put_machine(machine()), store.put_alias(alias("live", Route(version_arn(1), 100))))
        changed = replace(alias("live", Route(version_arn(2), 100)), updated=9.0, description="new")
        commit(store, store.put_alias(changed))
        assert store.alias(changed.arn) == changed
        commit(store, store.delete_alias(changed.arn))
        assert store.alias(changed.arn) is None

    def test_activities_come_and_go(self, store: Store) -> None:
        commit(store, store.put_activity(activity("a")), store.put_activity(activity("b")))
        assert store.activities(ALL).records == (activity("b"), activity("a"))
        commit(store, store.put_tags(activity("a").arn, {"k": "v"}))
        commit(store, store.delete_activity(activity("a").arn))
        assert store.activity(activity("a").arn) is None
        assert not store.tags(activity("a").arn)
        assert store.activity(activity("b").arn) == activity("b")

    def test_tags_are_added_changed_and_removed(self, store: Store) -> None:
        commit(store, store.put_tags("x", {"b": "1", "a": "1"}))
        commit(store, store.put_tags("x", {"a": "2", "c": ""}))
        commit(store, store.delete_tags("x", ["b", "unknown"]))
        assert store.tags("x") == {"a": "2", "c": ""}
        assert store.tags("y") == {}


class ExecutionContract:
    @pytest.fixture(autouse=True)
    def _machine(self, store: Store) -> None:
        commit(store, store.put_machine(machine()))

    def test_an_execution_is_given_back_as_it_was_written(self, store: Store) -> None:
        commit(store, store.put_execution(execution(1), b"state"))
        assert store.execution(execution(1).arn) == execution(1)
        assert store.snapshot(ExecutionKey(1)) == b"state"
        commit(store, store.put_execution(ended(execution(1)), None))
        assert store.execution(execution(1).arn) == ended(execution(1))
        assert store.snapshot(ExecutionKey(1)) is None

    def test_an_execution_may_keep_its_snapshot_to_be_redriven(self, store: Store) -> None:
        commit(store, store.put_execution(ended(execution(1), status=Status.FAILED), b"state"))
        redriven = execution(1, redrives=1, redriven=50.0)
        assert store.snapshot(ExecutionKey(1)) == b"state"
        commit(store, store.put_execution(redriven, b"again"))
        assert store.execution(redriven.arn) == redriven
        assert list(store.running()) == [(redriven, b"again")]

    def test_what_is_not_committed_is_not_seen(self, store: Store) -> None:
        store.put_execution(execution(1), None)
        assert store.execution(execution(1).arn) is None

    def test_keys_are_not_given_twice(self, store: Store) -> None:
        first, second = store.next_execution_key(), store.next_execution_key()
        assert first != second
        commit(store, store.put_execution(execution(second), None))
        commit(store, store.delete_execution(second))
        assert store.next_execution_key() not in {first, second}

    def test_running_executions_come_oldest_first_in_any_number(self, store: Store) -> None:
        records = [execution(key) for key in range(1, 251)]
        commit(store, *(store.put_execution(record, b"%d" % record.key) for record in reversed(records)))
        commit(store, store.put_execution(ended(execution(7)), None))
        assert list(store.running()) == [(record, b"%d" % record.key) for record in records if record.key != 7]

    def test_executions_may_end_while_the_running_ones_are_read(self, store: Store) -> None:
        commit(store, *(store.put_execution(execution(key), b"") for key in range(1, 151)))
        seen: list[int] = []
        for record, _ in store.running():
            seen.append(record.key)
            if record.key == 50:
                commit(store, *(store.put_execution(ended(execution(key)), None) for key in range(40, 130)))
        assert seen == [*range(1, 101), *range(130, 151)]

    def test_lists_show_what_the_filter_asks_for(self, store: Store) -> None:
        records = [
            execution(1, version=version_arn(1)),
            execution(2, version=version_arn(1), alias=alias("live").arn, status=Status.FAILED),
            execution(3, redrives=1, redriven=5.0),
            execution(4, map_run="run", index=0),
            execution(5, map_run="run", index=1, status=Status.FAILED),
            execution(6, map_run="run", index=2, redrives=2),
            execution(7, machine=machine_arn("other"), revision=FIRST.id),
        ]
        commit(store, store.put_machine(machine("other")), *(store.put_execution(record, None) for record in records))
        own = ExecutionFilter(machine=machine_arn())
        run = ExecutionFilter(map_run=records[3].map_run)
        expected = {
            ExecutionFilter(): [7, 3, 2, 1],
            own: [3, 2, 1],
            replace(own, status=Status.RUNNING): [3, 1],
            replace(own, redriven=True): [3],
            replace(own, redriven=True, status=Status.FAILED): [],
            replace(own, redriven=False): [2, 1],
            replace(own, version=version_arn(1)): [2, 1],
            replace(own, version=version_arn(1), status=Status.FAILED): [2],
            ExecutionFilter(alias=alias("live").arn): [2],
            run: [6, 5, 4],
            replace(run, machine=machine_arn()): [6, 5, 4],
            replace(run, status=Status.FAILED): [5],
            replace(run, redriven=True): [6],
        }
        assert {wanted: keys(store.executions(wanted, ALL).records) for wanted in expected} == expected

    def test_lists_leave_the_payloads_out(self, store: Store) -> None:
        commit(store, store.put_execution(ended(execution(1)), None))
        listed = store.executions(ExecutionFilter(), ALL).records
        assert listed == (replace(ended(execution(1)), input="", output=None),)

    def test_a_token_holds_for_its_list_only(self, store: Store) -> None:
        commit(store, *(store.put_execution(execution(key), None) for key in range(1, 4)))
        own = ExecutionFilter(machine=machine_arn())
        token = store.executions(own, PageRequest(limit=1)).next_token
        assert token is not None
        page = PageRequest(limit=1, token=token)
        assert keys(store.executions(own, page).records) == [2]
        for wanted in (ExecutionFilter(), replace(own, status=Status.RUNNING), replace(own, redriven=False)):
            with pytest.raises(InvalidPageTokenError, match="expected the token of this list's previous page"):
                store.executions(wanted, page)
        with pytest.raises(InvalidPageTokenError):
            store.machines(page)

    @pytest.mark.parametrize("token", ["", "x", "AAAA", "\u00e9", "A" * 28, "A" * 10_000])
    def test_what_is_no_token_is_refused(self, store: Store, token: str) -> None:
        with pytest.raises(InvalidPageTokenError):
            store.executions(ExecutionFilter(), PageRequest(token=token))

    def test_history_is_read_from_any_event_in_both_directions(self, store: Store) -> None:
        blocks = [block(1, first, first + 2) for first in range(1, 91, 3)]
        commit(store, *(store.put_history(part) for part in (*blocks, block(2, 1, 5))))

        def ids(first: int, limit: int, *, reverse: bool = False) -> list[int]:
            return [event["id"] for event in store.history(ExecutionKey(1), first, limit, reverse=reverse)]

        assert ids(1, 1_000) == list(range(1, 91))
        assert ids(1_000, 1_000, reverse=True) == list(range(90, 0, -1))
        assert ids(5, 3) == [5, 6, 7]
        assert ids(5, 3, reverse=True) == [5, 4, 3]
        assert ids(2, 60) == list(range(2, 62))
        assert ids(91, 10) == []
        assert ids(0, 10, reverse=True) == []
        assert len(store.history(ExecutionKey(2), 1, 10)) == 5
        assert store.history(ExecutionKey(3), 1, 10) == []

    def test_executions_whose_logs_are_behind_are_found(self, store: Store) -> None:
        for key in (1, 2, 3):
            commit(store, store.put_execution(execution(key, events=4), b""))
        commit(store, store.put_delivered(ExecutionKey(1), 0), store.put_delivered(ExecutionKey(2), 4))
        assert list(store.undelivered()) == [(execution(1, events=4), 0)]
        commit(store, store.put_execution(execution(2, events=6), b""), store.put_delivered(ExecutionKey(1), 4))
        assert list(store.undelivered()) == [(execution(2, events=6), 4)]

    def test_map_runs_belong_to_their_execution(self, store: Store) -> None:
        parent = execution(1)
        commit(store, store.put_execution(parent, b""), store.put_map_run(map_run(1, parent)))
        changed = map_run(
            1, parent, status=Status.FAILED, stopped=9.0, redrives=1, redriven=8.0, concurrency=5, counts={"items": {}}
        )
        commit(store, store.put_map_run(changed), store.put_map_run(map_run(2, parent)))
        assert store.map_run(changed.arn) == changed
        assert store.map_runs(parent.arn, ALL).records == (map_run(2, parent), changed)
        assert not store.map_runs(execution(2).arn, ALL).records

    def test_children_come_by_index_the_latest_of_each(self, store: Store) -> None:
        children = [
            execution(key, map_run="run", index=index, items=2) for key, index in ((1, 2), (2, 0), (3, 1), (4, 0))
        ]
        commit(
            store, *(store.put_execution(record, None) for record in (*children, execution(5, map_run="x", index=0)))
        )
        run = children[0].map_run
        assert run is not None
        assert store.children(run, 0, 10) == [children[3], children[2], children[0]]
        assert store.children(run, 1, 1) == [children[2]]

    def test_executions_that_ended_before_a_moment_are_removed_oldest_first(self, store: Store) -> None:
        for key, stopped in ((1, 30.0), (2, 10.0), (3, 20.0), (4, 40.0)):
            commit(
                store, store.put_execution(ended(execution(key), stopped), b"s"), store.put_history(block(key, 1, 3))
            )
        commit(store, store.put_execution(execution(5), b"s"))
        assert remove_ended(store, 40.0, 2) == 2
        assert keys(store.executions(ExecutionFilter(), ALL).records) == [5, 4, 1]
        assert remove_ended(store, 40.0, 2) == 1
        assert remove_ended(store, 40.0, 2) == 0
        assert keys(store.executions(ExecutionFilter(), ALL).records) == [5, 4]
        assert store.history(ExecutionKey(1), 1, 10) == []
        assert store.snapshot(ExecutionKey(1)) is None
        assert len(store.history(ExecutionKey(4), 1, 10)) == 3

    def test_children_of_a_map_run_that_goes_on_are_kept(self, store: Store) -> None:
        parent = execution(1)
        run = map_run(1, parent)
        commit(store, store.put_execution(parent, b""), store.put_map_run(run))
        commit(store, store.put_execution(ended(execution(2, map_run=run.arn, index=0), 10.0), None))
        assert remove_ended(store, 50.0) == 0
        commit(store, store.put_execution(ended(parent, 20.0), None), store.put_map_run(replace(run, stopped=20.0)))
        assert remove_ended(store, 50.0) == 2
        assert store.map_run(run.arn) is None

    def test_revisions_that_nothing_names_are_removed_in_time(self, store: Store) -> None:
        commit(store, store.put_execution(ended(execution(1), 10.0), None))
        commit(store, store.put_machine(machine(revision=SECOND)))
        assert remove_ended(store, 5.0) == 0
        assert store.revision(machine_arn(), FIRST.id) == FIRST
        assert remove_ended(store, 50.0) == 1
        assert store.revision(machine_arn(), FIRST.id) is None
        assert store.revision(machine_arn(), SECOND.id) == SECOND

    def test_a_bad_change_does_not_take_the_others_of_its_turn_along(self, store: Store) -> None:
        async def both() -> tuple[BaseException | None, ...]:
            bad = [*store.put_execution(execution(2), None), *store.put_version(version(1, SECOND))]
            good = [store.commit(store.put_execution(execution(key), None)) for key in (1, 3)]
            return await asyncio.gather(good[0], store.commit(bad), good[1], return_exceptions=True)

        first, error, third = asyncio.run(both())
        assert (first, third) == (None, None)
        assert isinstance(error, StoreError)
        assert keys(store.executions(ExecutionFilter(), ALL).records) == [3, 1]

    @pytest.mark.parametrize("name", ["half \ud800 a pair"])
    def test_a_text_that_cannot_be_stored_is_refused(self, store: Store, name: str) -> None:
        with pytest.raises(StoreError, match="surrogates not allowed"):
            commit(store, store.put_execution(execution(1, name=name), None))
        assert store.execution(execution(1).arn) is None

    def test_a_group_is_committed_when_its_caller_has_gone(self, store: Store) -> None:
        async def give_up() -> None:
            waiting = asyncio.ensure_future(store.commit(store.put_execution(execution(1), None)))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            await store.commit(store.put_execution(execution(2), None))

        asyncio.run(give_up())
        assert keys(store.executions(ExecutionFilter(), ALL).records) == [2, 1]

    def test_closing_commits_what_was_handed_over(self, store: Store) -> None:
        async def close() -> None:
            waiting = asyncio.ensure_future(store.commit(store.put_execution(execution(1), None)))
            await asyncio.sleep(0)
            await store.close()
            await waiting
            with pytest.raises(StoreError, match="is closed"):
                await store.commit(store.put_execution(execution(2), None))

        asyncio.run(close())
