"""What a report says of nodes inside containers."""

from pathlib import Path

from tests.local.workflows import part, run_here, statuses, workflow

THROW_AT_ZERO = {"source": "if (i === 0) throw new Error('zero'); return 12 / i", "inputs": {"i": "${each.item}"}}


def test_each_node_counts_the_iterations_that_it_ran_in(tmp_path: Path) -> None:
    document = workflow(
        {
            "each": ("loop", {"items": [1, 2, 3], "concurrency": 1}),
            "odd": ("conditional", {"condition": "${each.item % 2 = 1}"}, "each"),
            "seen": ("set", {"fields": {"v": "${each.item}"}}, "each"),
            "other": ("set", {"fields": {"v": 0}}, "each"),
        },
        ["odd:true > seen", "odd:false > other"],
    )
    report = run_here(tmp_path, document)
    assert {node: known.iterations for node, known in report.nodes.items()} == {
        "each": None,
        "odd": 3,
        "seen": 2,
        "other": 1,
    }
    assert part(report, "seen").output == {"v": 3}
    assert part(report, "odd").output == 3


def test_failure_inside_a_loop_names_the_inner_node(tmp_path: Path) -> None:
    document = workflow(
        {
            "each": ("loop", {"items": [1, 0, 3], "concurrency": 1}),
            "divide": ("code", THROW_AT_ZERO, "each"),
            "after": ("set", {"fields": {"v": 1}}, "each"),
            "out": ("output", {}),
        },
        ["divide > after", "each > out"],
    )
    report = run_here(tmp_path, document)
    assert report.error is not None
    assert report.error.node == "divide"
    assert statuses(report) == {"each": "failed", "divide": "failed", "after": "completed", "out": "pending"}
    assert (part(report, "divide").iterations, part(report, "divide").failures) == (2, 1)
    assert part(report, "after").iterations == 1


def test_failures_that_a_loop_records_do_not_fail_it(tmp_path: Path) -> None:
    document = workflow(
        {
            "each": ("loop", {"items": [0, 2, 0, 4], "concurrency": 2, "onItemError": "continue"}),
            "divide": ("code", THROW_AT_ZERO, "each"),
        },
    )
    report = run_here(tmp_path, document)
    assert statuses(report) == {"each": "completed", "divide": "failed"}
    divide = part(report, "divide")
    assert (divide.iterations, divide.failures) == (4, 2)
    assert divide.error is not None
    assert "zero" in divide.error.message


def test_collecting_that_fails_is_the_failure_of_the_loop(tmp_path: Path) -> None:
    document = workflow(
        {
            "each": ("loop", {"items": [1], "collect": "${$number('no number')}"}),
            "inner": ("set", {"fields": {"v": 1}}, "each"),
        }
    )
    report = run_here(tmp_path, document)
    assert report.error is not None
    assert report.error.node == "each"
    assert statuses(report) == {"each": "failed", "inner": "completed"}


def test_loop_without_items_skips_its_body(tmp_path: Path) -> None:
    document = workflow({"each": ("loop", {"items": []}), "inner": ("set", {"fields": {"v": 1}}, "each")})
    report = run_here(tmp_path, document)
    assert statuses(report) == {"each": "completed", "inner": "skipped"}
    assert part(report, "inner").iterations == 0


def test_body_of_a_skipped_container_is_skipped(tmp_path: Path) -> None:
    document = workflow(
        {
            "choice": ("conditional", {"condition": "${inputs.go = true}"}),
            "each": ("loop", {"items": [1]}),
            "inner": ("set", {"fields": {"v": 1}}, "each"),
        },
        ["choice:true > each"],
    )
    assert statuses(run_here(tmp_path, document)) == {"choice": "completed", "each": "skipped", "inner": "skipped"}


def test_while_counts_its_iterations_and_gives_the_last_outputs(tmp_path: Path) -> None:
    document = workflow(
        {
            "start": ("variable", {"operation": "set", "name": "n", "value": 0}),
            "again": ("while", {"condition": "${vars.n < 3}"}),
            "count": ("variable", {"operation": "increment", "name": "n"}, "again"),
            "second": ("conditional", {"condition": "${vars.n = 2}"}, "again"),
            "found": ("set", {"fields": {"at": "${again.index}"}}, "again"),
        },
        ["start > again", "count > second:true > found"],
    )
    report = run_here(tmp_path, document, {"given": 1})
    assert {node: known.iterations for node, known in report.nodes.items()} == {
        "start": None,
        "again": None,
        "count": 3,
        "second": 3,
        "found": 1,
    }
    assert part(report, "found").output == {"at": 1}
    assert part(report, "count").output == {"given": 1}


def test_failure_inside_a_while_names_the_inner_node(tmp_path: Path) -> None:
    document = workflow(
        {
            "again": ("while", {"condition": "${true}", "maxIterations": 5}),
            "step": (
                "code",
                {"source": "if (i == 2) throw new Error('two')", "inputs": {"i": "${again.index}"}},
                "again",
            ),
        }
    )
    report = run_here(tmp_path, document)
    assert report.error is not None
    assert report.error.node == "step"
    assert (part(report, "step").iterations, part(report, "step").failures) == (3, 1)
    assert statuses(report) == {"again": "failed", "step": "failed"}


def test_while_whose_body_always_fails_is_followed(tmp_path: Path) -> None:
    document = workflow(
        {"again": ("while", {"condition": "${true}"}), "halt": ("stop", {"error": "No.Way"}, "again")},
    )
    report = run_here(tmp_path, document)
    assert report.error is not None
    assert (report.error.node, report.error.error.type) == ("halt", "No.Way")


def test_nested_loops_count_every_iteration_of_the_inner_one(tmp_path: Path) -> None:
    document = workflow(
        {
            "outer": ("loop", {"items": [[1, 2], [3]], "concurrency": 1}),
            "inner": ("loop", {"items": "${outer.item}"}, "outer"),
            "leaf": ("set", {"fields": {"v": "${inner.item}"}}, "inner"),
        }
    )
    report = run_here(tmp_path, document)
    assert (part(report, "inner").iterations, part(report, "leaf").iterations) == (2, 3)
    assert part(report, "leaf").output == {"v": 3}
