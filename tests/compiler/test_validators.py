"""Compiled definitions before the validators that others wrote, and from processes with other hash seeds."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
from cfnlint.rules.resources.stepfunctions.StateMachineDefinition import StateMachineDefinition

from millrace.catalogue import node_types
from millrace.compiler import compile_document
from tests.reference.random_documents import observed, random_document

ROOT = Path(__file__).parents[2]
ASL_VALIDATOR = ROOT / "tests" / "asl_validator"
SAMPLES = 40


@pytest.fixture(scope="module")
def definitions() -> list[Any]:
    """Give the definitions of random documents, of all cases and examples, and of the catalogue's own examples."""
    documents = [observed(random_document(Random(seed), 3 + seed)[0]) for seed in range(SAMPLES)]
    documents += [json.loads(path.read_text()) for path in Path(__file__).parent.glob("cases/*/workflow.json")]
    documents += [json.loads(path.read_text()) for path in ROOT.glob("examples/*/workflow.json")]
    documents += list(_documented())
    compiled = [compile_document(document) for document in documents]
    machines = [machine for one in compiled for machine in (one.definition, *one.children.values())]
    return [machine for machine in machines if machine is not None]


def _documented() -> Iterator[dict[str, Any]]:
    """Give a document for each example of each node type; texts of several lines stand where people write them."""
    for kind in node_types().values():
        for example in kind.examples:
            data = {**example, "notes": "First line\nsecond \u2028 line"}
            nodes: dict[str, Any] = {"n": {"id": "n", "type": kind.name, "data": data}}
            nodes["text"] = {"id": "text", "type": "set", "data": {"fields": {"v": "a\nb", "w": "${ 1\n+ 2 } '\n'"}}}
            if kind.is_container:
                nodes["text"]["parentId"] = "n"
            yield {"name": kind.title, "nodes": nodes, "edges": []}


def test_definitions_fit_the_schema_of_cfn_lint(definitions: list[Any]) -> None:
    rule: Any = StateMachineDefinition()
    validator = jsonschema.Draft7Validator(rule._convert_schema_to_jsonata())
    for definition in definitions:
        assert [error.message for error in validator.iter_errors(definition)] == []  # pyright: ignore[reportUnknownMemberType] -- jsonschema has no types


def test_definitions_pass_asl_validator(definitions: list[Any], tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node, "expected Node.js on the PATH, which asl-validator runs on"
    assert (ASL_VALIDATOR / "node_modules" / "asl-validator").is_dir(), (
        "expected asl-validator in tests/asl_validator/node_modules, found none; `make setup` installs it"
    )
    batch = tmp_path / "definitions.json"
    batch.write_text(json.dumps(definitions))
    command = [node, str(ASL_VALIDATOR / "validate.mjs"), str(batch)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    for definition, problems in zip(definitions, done.stdout.splitlines(), strict=True):
        assert json.loads(problems) == [], json.dumps(definition)


def test_other_processes_give_the_same_bytes() -> None:
    outputs = {_digests(hash_seed) for hash_seed in ("1", "4242")}
    assert len(outputs) == 1
    assert len(outputs.pop().splitlines()) == SAMPLES


def _digests(hash_seed: str) -> str:
    command = [sys.executable, "-m", "tests.compiler.digests", str(SAMPLES)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120, check=True)
    return done.stdout
