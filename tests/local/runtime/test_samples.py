"""The samples, on a store in memory; each runs in process as its example does."""

from pathlib import Path
from typing import Any, cast

import pytest

from millrace.compiler import compile_document
from millrace.local.runtime.samples import FOLDER, add_samples, examples_folder, read_samples
from millrace.services.caller import caller_of
from millrace.services.workflows import Workflows
from millrace.store.port import PageRequest, WorkflowFilter
from tests.services.memory_store import MemoryStore

SERVERS = "http://127.0.0.1:8700/samples"
CALLER = caller_of(None, "local")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def names(store: MemoryStore) -> list[str]:
    found = Workflows(store).find(CALLER, WorkflowFilter(folder=FOLDER), PageRequest(100))
    return [workflow.name for workflow in found.records]


def documents(store: MemoryStore) -> dict[str, dict[str, Any]]:
    workflows = Workflows(store)
    found = workflows.find(CALLER, WorkflowFilter(folder=FOLDER), PageRequest(100))
    return {workflow.name: cast("dict[str, Any]", workflows.definition(workflow)) for workflow in found.records}


def test_every_example_becomes_a_workflow_that_compiles(store: MemoryStore) -> None:
    add_samples(store, CALLER, examples_folder(), SERVERS)
    assert len(documents(store)) == len(list(examples_folder().glob("*/workflow.json"))) + 1
    for document in documents(store).values():
        assert compile_document(document).ok


def test_every_input_has_a_default(store: MemoryStore) -> None:
    add_samples(store, CALLER, examples_folder(), SERVERS)
    for name, document in documents(store).items():
        nodes = [node for node in document["nodes"].values() if node["type"] == "input"]
        fields = [field for node in nodes for field in node["data"]["schema"].values()]
        assert name == "Line total" or all("default" in field for field in fields if field.get("required"))


def test_a_sample_calls_the_gateway_for_its_server() -> None:
    (sample,) = [found for found in read_samples(examples_folder(), SERVERS) if found.key == "paged-api"]
    schema = next(node for node in sample.document["nodes"].values() if node["type"] == "input")["data"]["schema"]
    assert schema["server"]["default"] == f"{SERVERS}/paged-api"


def test_a_sample_starts_another_one_by_its_id(store: MemoryStore) -> None:
    to_publish = add_samples(store, CALLER, examples_folder(), SERVERS)
    invoice = next(document for document in documents(store).values() if "line" in document["nodes"])
    assert invoice["nodes"]["line"]["data"]["workflowId"] == to_publish[0]


def test_samples_are_added_once(store: MemoryStore) -> None:
    add_samples(store, CALLER, examples_folder(), SERVERS)
    before = names(store)
    assert add_samples(store, CALLER, examples_folder(), SERVERS) == ()
    assert names(store) == before


def test_samples_that_were_interrupted_are_completed(store: MemoryStore, tmp_path: Path) -> None:
    add_samples(store, CALLER, examples_folder(), SERVERS)
    store.release(f"samples:{CALLER.workspace}")
    before = names(store)
    add_samples(store, CALLER, examples_folder(), SERVERS)
    assert names(store) == before
