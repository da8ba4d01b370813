"""What a report says of nodes, by how their run went."""

from pathlib import Path

from millrace.observation import NodeError
from millrace.store.records import RunStatus
from tests.local.workflows import part, run_here, statuses, workflow

FAILS = {"source": "throw new Error('broken')"}
FAULT = "$number('no number')"


def test_nodes_on_a_way_not_taken_are_skipped_and_joins_run(tmp_path: Path) -> None:
    document = workflow(
        {
            "big": ("conditional", {"condition": "${inputs.n > 5}"}),
            "yes": ("set", {"fields": {"v": "yes"}}),
            "no": ("set", {"fields": {"v": "no"}}),
            "join": ("merge", {"mode": "first"}),
            "out": ("output", {}),
        },
        ["big:true > yes > join", "big:false > no > join", "join > out"],
    )
    report = run_here(tmp_path, document, {"n": 9})
    assert report.status is RunStatus.COMPLETED
    assert report.outputs == {"out": {"v": "yes"}}
    assert statuses(report) == {
        "big": "completed",
        "yes": "completed",
        "no": "skipped",
        "join": "completed",
        "out": "completed",
    }
    assert part(report, "big").output == {"n": 9}
    assert part(report, "join").output == {"v": "yes"}
    assert part(report, "out").output == {"v": "yes"}
    assert part(report, "no").output is None


def test_failure_in_a_shared_state_names_the_node_and_leaves_later_ones_pending(tmp_path: Path) -> None:
    document = workflow(
        {
            "first": ("set", {"fields": {"v": 1}}),
            "second": ("set", {"fields": {"v": f"${{{FAULT}}}"}}),
            "third": ("set", {"fields": {"v": "${second.output.v}"}}),
            "out": ("output", {}),
        },
        ["first > second > third > out"],
    )
    report = run_here(tmp_path, document)
    assert report.error is not None
    assert report.error.node == "second"
    assert statuses(report) == {"first": "completed", "second": "failed", "third": "pending", "out": "pending"}


def test_failure_of_an_expression_is_told_in_words_for_people(tmp_path: Path) -> None:
    report = run_here(tmp_path, workflow({"a": ("set", {"fields": {"v": f"${{{FAULT}}}"}})}))
    assert report.error is not None
    assert report.error.error.type == "States.QueryEvaluationError"
    assert FAULT in report.error.error.message
    assert "$exists" not in report.error.error.message
    assert "executing the state" not in report.error.error.message


def test_condition_that_fails_is_the_failure_of_its_node(tmp_path: Path) -> None:
    document = workflow(
        {"choice": ("conditional", {"condition": f"${{{FAULT} > 1}}"}), "a": ("set", {"fields": {"v": 1}})},
        ["choice:true > a"],
    )
    report = run_here(tmp_path, document)
    assert report.error is not None
    assert report.error.node == "choice"
    assert statuses(report) == {"choice": "failed", "a": "pending"}


def test_node_whose_failure_is_handled_is_failed_while_the_run_completes(tmp_path: Path) -> None:
    document = workflow(
        {
            "goes-on": ("code", {**FAILS, "onError": "continue"}),
            "branches": ("set", {"fields": {"v": f"${{{FAULT}}}"}, "onError": "branch"}),
            "rescue": ("set", {"fields": {"v": "${branches.error.type}"}}),
            "never": ("set", {"fields": {"v": 1}}),
            "out": ("output", {"value": "${rescue.output.v}"}),
        },
        ["goes-on > branches:error > rescue > out", "branches > never"],
    )
    report = run_here(tmp_path, document)
    assert report.outputs == {"out": "States.QueryEvaluationError"}
    assert statuses(report) == {
        "goes-on": "failed",
        "branches": "failed",
        "rescue": "completed",
        "never": "skipped",
        "out": "completed",
    }
    failed = part(report, "goes-on")
    assert failed.error is not None
    assert failed.error.type == "Code.Error"
    assert failed.output == {"error": failed.error.to_json()}


def test_nodes_beside_a_failing_one_are_cancelled_when_they_were_at_work(tmp_path: Path) -> None:
    document = workflow(
        {
            "fails": ("code", FAILS),
            "asks": ("approval", {"message": "?"}),
            "join": ("merge", {}),
        },
        ["fails > join", "asks:approved > join"],
    )

    report = run_here(tmp_path, document, ask=lambda _question: "approved")
    assert report.error is not None
    assert report.error.node == "fails"
    assert statuses(report)["asks"] in ("cancelled", "completed")
    assert statuses(report)["join"] == "pending"


def test_stop_inside_a_loop_fails_with_what_only_the_end_of_the_run_tells(tmp_path: Path) -> None:
    document = workflow(
        {
            "each": ("loop", {"items": [1, 2], "concurrency": 1}),
            "odd": ("conditional", {"condition": "${each.item = 2}"}, "each"),
            "halt": ("stop", {"error": "Item.Bad", "cause": "item ${each.item}"}, "each"),
            "keep": ("set", {"fields": {"v": 1}}, "each"),
        },
        ["odd:true > halt", "odd:false > keep"],
    )
    report = run_here(tmp_path, document)
    assert report.error is not None
    assert report.error.node == "halt"
    assert report.error.error == NodeError("Item.Bad", "item 2")
    assert part(report, "halt").error == report.error.error
    assert statuses(report) == {"each": "failed", "odd": "completed", "halt": "failed", "keep": "completed"}


def test_time_limit_of_the_run_blames_no_node(tmp_path: Path) -> None:
    document = workflow({"pause": ("wait", {"seconds": 500})}, settings={"timeoutSeconds": 60})
    report = run_here(tmp_path, document)
    assert report.status is RunStatus.FAILED
    assert report.error is not None
    assert report.error.node is None
    assert report.error.error == NodeError("States.Timeout", "the run took longer than 60 seconds")
    assert statuses(report) == {"pause": "cancelled"}


def test_value_too_large_is_the_failure_of_the_node_that_gives_it(tmp_path: Path) -> None:
    large = "${$join($map([1..30000], function($i) { '0123456789' }))}"
    document = workflow({"a": ("set", {"fields": {"v": 1}}), "large": ("echo", {"value": large})}, ["a > large"])
    report = run_here(tmp_path, document)
    assert report.status is RunStatus.FAILED
    assert report.error is not None
    assert report.error.error.type == "States.DataLimitExceeded"


def test_pinned_and_disabled_nodes_count_as_completed_and_notes_are_left_out(tmp_path: Path) -> None:
    document = workflow(
        {
            "off": ("loop", {"items": [1], "disabled": True}),
            "inner": ("set", {"fields": {"v": 1}}, "off"),
            "pinned": ("code", {"source": "never run", "pinned": 5}),
            "remark": ("note", {"text": "hello"}),
            "out": ("output", {}),
        },
        ["off > pinned > out"],
    )
    report = run_here(tmp_path, document)
    assert report.outputs == {"out": 5}
    assert statuses(report) == {"off": "completed", "inner": "skipped", "pinned": "completed", "out": "completed"}


def test_report_keeps_the_order_of_the_document(tmp_path: Path) -> None:
    document = workflow(
        {"z": ("output", {}), "inner": ("set", {"fields": {"v": 1}}, "each"), "each": ("loop", {"items": [1]})},
        ["each > z"],
    )
    assert list(run_here(tmp_path, document).nodes) == ["z", "inner", "each"]


def test_what_code_prints_is_kept_also_when_it_fails(tmp_path: Path) -> None:
    document = workflow(
        {
            "prints": ("code", {"source": "console.log('one'); console.log('two'); return 1"}),
            "fails": ("code", {"source": "console.log('before'); throw new Error('no')"}),
        },
        ["prints > fails"],
    )
    report = run_here(tmp_path, document)
    assert part(report, "prints").console == ("one", "two")
    assert part(report, "fails").console == ("before",)
