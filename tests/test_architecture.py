"""The rules of shape that a reviewer would otherwise have to check by hand."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "millrace"

MAY_IMPORT = {
    "model": set[str](),
    "expressions": {"model"},
    "http": {"model"},
    "sandbox": {"model"},
    "engine": {"model"},
    "integrations": {"model", "http", "engine"},
    "stepfunctions": {"model", "engine", "integrations"},
    "catalogue": {"model", "expressions", "http", "sandbox"},
    "steps": {"model", "catalogue"},
    "compiler": {"model", "expressions", "catalogue"},
    "store": {"model"},
    "observation": {"model", "expressions", "catalogue", "compiler", "store"},
    "services": {"model", "expressions", "catalogue", "compiler", "store", "observation"},
    "local": {
        "store",
        "observation",
        "services",
        "model",
        "expressions",
        "catalogue",
        "compiler",
        "engine",
        "integrations",
        "stepfunctions",
        "http",
        "steps",
    },
    "cli": {"model", "catalogue", "compiler", "observation", "local", "integrations", "stepfunctions"},
}
"""Imports point one way; whoever needs more changes this table and says why in docs/decisions.md."""

LONGEST_FILE = 500


def modules() -> Iterator[Path]:
    yield from SOURCE.rglob("*.py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from names


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_package_imports_only_what_lies_below_it(package: str) -> None:
    found = {
        (path.relative_to(SOURCE).as_posix(), name.split(".")[1])
        for path in (SOURCE / package).rglob("*.py")
        for name in imported(path)
        if name.startswith("millrace.") and name.split(".")[1] not in {package, *MAY_IMPORT[package]}
    }
    assert not found


def test_every_package_has_a_place_in_the_order() -> None:
    assert {path.parent.name for path in SOURCE.glob("*/__init__.py")} == set(MAY_IMPORT)


def test_nothing_imports_a_function() -> None:
    assert not [path for path in modules() if any(name.split(".")[0] == "functions" for name in imported(path))]


def test_files_hold_one_concept() -> None:
    long = [path.name for path in modules() if len(path.read_text().splitlines()) > LONGEST_FILE]
    assert not long


def test_the_environment_is_read_by_settings_only() -> None:
    # A local run stands in for a deployment: it sets what the functions that it hosts read.
    # The engine's process hands its environment to what ecs:runTask starts.
    # The embedded runtime hands its own to the parts that it starts.
    hosts = {"local/companions.py", "local/engine_process.py", "local/runtime/parts.py"}
    readers = {path.relative_to(SOURCE).as_posix() for path in modules() if "os.environ" in path.read_text()}
    assert readers <= hosts


def test_the_readme_names_every_package() -> None:
    readme = (ROOT / "README.md").read_text()
    assert not [name for name in MAY_IMPORT if f"src/millrace/{name}/" not in readme]
