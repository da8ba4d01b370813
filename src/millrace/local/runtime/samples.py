"""The samples: on its first start the service has the examples as workflows that run at once.

A sample is an example whose inputs have the example's own as defaults, and whose server is the gateway's.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from millrace.local.function_host import functions_folder
from millrace.model import Json
from millrace.services.caller import Caller
from millrace.services.workflows import Draft, Workflows
from millrace.store.port import PageRequest, Store, WorkflowFilter
from millrace.store.records import WorkflowId

FOLDER: Final = "Samples"
SERVER_INPUT: Final = "server"

_MARK: Final = "samples"
_FOR_EVER: Final = 100 * 365 * 24 * 3600
_SUBWORKFLOW: Final = "subworkflow"


@dataclass(frozen=True, slots=True)
class Sample:
    """An example as a workflow.

    Attributes:
        key: How a subworkflow node of another example names it.
        called: The keys of the examples that it starts.
    """

    key: str
    document: dict[str, Any]
    called: tuple[str, ...]


def examples_folder() -> Path:
    """Give the folder of the examples: beside `functions`."""
    return functions_folder().parent / "examples"


def is_done(store: Store, caller: Caller) -> bool:
    """Tell whether the samples have been created once; they may have been deleted since."""
    return store.remembered(_mark(caller)) is not None


def add_samples(store: Store, caller: Caller, folder: Path, servers: str) -> tuple[WorkflowId, ...]:
    """Create the samples where that has never been done; gives what other samples start, to be published.

    Args:
        store: Where workflows are kept.
        caller: Whose they will be.
        folder: The folder of the examples.
        servers: The address below which their servers answer.
    """
    if is_done(store, caller):
        return ()
    workflows = Workflows(store)
    there = workflows.find(caller, WorkflowFilter(folder=FOLDER), PageRequest(100)).records
    ids = {workflow.name: workflow.id for workflow in there}
    keys: dict[str, WorkflowId] = {}
    samples = sorted(read_samples(folder, servers), key=lambda sample: (len(sample.called), sample.key))
    for sample in samples:
        name = str(sample.document["name"])
        if name not in ids:
            document = _linked(sample.document, keys)
            description = str(document.get("description", ""))
            ids[name] = workflows.create(caller, Draft(name, document, description, FOLDER, ("sample",))).id
        keys[sample.key] = ids[name]
    store.remember(_mark(caller), True, _FOR_EVER)
    return tuple(dict.fromkeys(keys[key] for sample in samples for key in sample.called if key in keys))


def read_samples(folder: Path, servers: str) -> Iterator[Sample]:
    """Read the examples, and the workflows that lie beside them."""
    for path in sorted(folder.glob("*/*.json")):
        document = json.loads(path.read_bytes())
        if not isinstance(document, dict) or "nodes" not in document:
            continue
        is_example = path.name == "workflow.json"
        inputs = path.with_name("input.json")
        defaults: dict[str, Json] = json.loads(inputs.read_bytes()) if is_example and inputs.is_file() else {}
        if is_example and path.with_name("serve.py").is_file():
            defaults[SERVER_INPUT] = f"{servers}/{path.parent.name}"
        yield _sample(path.parent.name if is_example else path.stem, cast("dict[str, Any]", document), defaults)


def _mark(caller: Caller) -> str:
    return f"{_MARK}:{caller.workspace}"


def _sample(key: str, document: dict[str, Any], defaults: dict[str, Json]) -> Sample:
    called: list[str] = []
    for node in document["nodes"].values():
        if node["type"] == "input":
            for name, field in node["data"].get("schema", {}).items():
                if name in defaults:
                    field["default"] = defaults[name]
        if node["type"] == _SUBWORKFLOW:
            called.append(node["data"]["workflowId"])
    return Sample(key, document, tuple(called))


def _linked(document: dict[str, Any], keys: dict[str, WorkflowId]) -> dict[str, Any]:
    """Name the workflows that a sample starts by their ids."""
    for node in document["nodes"].values():
        if node["type"] == _SUBWORKFLOW:
            node["data"]["workflowId"] = keys.get(node["data"]["workflowId"], node["data"]["workflowId"])
    return document
