"""Every example, run as a person would run it."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from millrace.compiler import Compilation, compile_document
from tests.cli.command_line import start

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(path.parent.name for path in FOLDER.glob("*/workflow.json"))
DOCUMENTS = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*.json") if '"nodes"' in path.read_text())


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def compiled(name: str) -> Compilation:
    return compile_document(read(FOLDER / name))


def test_there_are_at_least_ten() -> None:
    assert len(EXAMPLES) >= 10


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_gives_the_expected_outputs(name: str) -> None:
    process = start("run", str(FOLDER / name), "--fast")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out) == read(FOLDER / name / "expected.json")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_has_labels_positions_and_nothing_to_complain_about(name: str) -> None:
    document = read(FOLDER / name)
    assert compiled(name).diagnostics == ()
    assert document["description"]
    places = [(node.get("parentId"), *node["position"].values()) for node in document["nodes"].values()]
    assert len(set(places)) == len(places)
    assert all(node["data"]["label"] for node in document["nodes"].values())


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_has_its_line_in_the_readme(name: str) -> None:
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert len(re.findall(rf"^\| \[{name}\]\(examples/{name}\) \|", readme, re.MULTILINE)) == 1


def test_few_nodes_need_a_function() -> None:
    machines = [(graph.steps, graph) for graph in (compiled(name).graph for name in DOCUMENTS)]
    nodes = [step for steps, _ in machines for step in steps.values()]
    with_function = [step for step in nodes if getattr(step.operation, "function", None) is not None]
    assert len(with_function) / len(nodes) <= 0.4


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("name", "file"),
    [("order-triage", "orders.csv"), ("nested-loops", "stocks.csv"), ("hottest-days", "weather.csv")],
)
def test_input_is_the_file_beside_it(name: str, file: str) -> None:
    assert read(FOLDER / name / "input.json")["csv"] == (FOLDER / name / file).read_text(encoding="utf-8")


def test_hottest_days_are_the_hottest() -> None:
    weather = parsed((FOLDER / "hottest-days/weather.csv").read_text(encoding="utf-8"))
    days = [day for day in weather if float(day["precipitation"]) == 0]
    days.sort(key=lambda day: (-float(day["temp_max"]), day["date"]))
    expected = [{"date": day["date"], "celsius": float(day["temp_max"])} for day in days[:5]]
    assert read(FOLDER / "hottest-days/expected.json") == {"days": expected}
