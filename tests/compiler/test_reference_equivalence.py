"""Random documents, compiled and run, against the direct evaluation of their graphs."""

import json
import os
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from millrace.compiler import CompileContext, compile_document
from millrace.model import Code, NodeId
from tests.reference.comparing import Difference, compare
from tests.reference.random_documents import Mix, observed, random_document
from tests.reference.reducing import reduced

from .soundness import check_soundness

_THOROUGH = os.environ.get("MILLRACE_TESTS") == "thorough"
_EXAMPLES = 20_000 if _THOROUGH else 400
"""`MILLRACE_TESTS=thorough` looks at many more documents, and at others each time."""

_settings = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize=not _THOROUGH,
    phases=(Phase.explicit, Phase.generate),  # `reduced` makes documents small faster than shrinking the seed
    suppress_health_check=(HealthCheck.too_slow,),
)

_KEPT = Path(__file__).parent / "equivalence"
"""Small documents, each with inputs; what `_explained` prints may be put there."""

_few = settings(_settings, max_examples=_EXAMPLES // 5)

mixes = st.builds(
    Mix,
    failing=st.sampled_from((0.0, 0.05, 0.1, 0.3)),
    containers=st.sampled_from((0.0, 0.1, 0.3)),
    wide=st.sampled_from((0.1, 0.3, 0.8)),
    settled=st.sampled_from((0.0, 0.08, 0.2)),
)


def _compiled_difference(
    document: dict[str, Any], inputs: Any, pins: dict[NodeId, Any] | None = None
) -> Difference | None:
    compilation = compile_document(document, CompileContext(pins=pins or {}))
    if compilation.definition is not None:
        check_soundness(compilation)
    return compare(compilation, document, inputs, pins)


def _explained(document: dict[str, Any], inputs: Any, difference: Difference) -> str:
    """Show the smallest document with the same kind of difference."""

    def fails(candidate: dict[str, Any]) -> bool:
        found = _compiled_difference(candidate, inputs)
        return found is not None and found.what == difference.what

    small = reduced(document, fails, tries=400)
    found = _compiled_difference(small, inputs)
    shown = json.dumps({"document": small, "inputs": inputs}, ensure_ascii=False)
    return f"{found}\n{shown}"


@pytest.mark.parametrize("path", sorted(_KEPT.glob("*.json")), ids=lambda path: path.stem)
def test_a_document_that_once_went_wrong_does_as_it_should(path: Path) -> None:
    kept = json.loads(path.read_text())
    assert _compiled_difference(kept["document"], kept["inputs"]) is None


@_settings
@given(st.integers(3, 60), st.integers(0, 2**32 - 1), mixes, st.booleans())
def test_compiled_and_run_equals_the_direct_evaluation(size: int, seed: int, mix: Mix, watched: bool) -> None:
    document, inputs = random_document(Random(seed), size, mix)
    if watched:
        document = observed(document)
    difference = _compiled_difference(document, inputs)
    assert difference is None, _explained(document, inputs, difference)


@_few
@given(st.integers(3, 40), st.integers(0, 2**32 - 1))
def test_outputs_of_an_earlier_run_stand_in_for_nodes(size: int, seed: int) -> None:
    random = Random(seed)
    document, inputs = random_document(random, size)
    document = observed(document)
    top = [key for key, node in document["nodes"].items() if not node.get("parentId")]
    pins = {NodeId(key): random.choice(({"v": 1}, [2], "three")) for key in random.sample(top, len(top) // 2)}
    difference = _compiled_difference(document, inputs, pins)
    assert difference is None, (difference, json.dumps(document), pins)


def _fatten(data: dict[str, Any], kind: str) -> None:
    """Make a node large without changing what it does."""
    match kind:
        case "code":
            data["source"] += " " + "x" * 150_000
        case "http":
            data["headers"] = {"X-Large": "x" * 150_000}
        case "subworkflow":
            data["inputs"]["large"] = "x" * 150_000
        case _:
            pass


@_few
@given(st.integers(20, 60), st.integers(0, 2**32 - 1))
def test_a_workflow_split_into_machines_does_the_same(size: int, seed: int) -> None:
    document, inputs = random_document(Random(seed), size)
    document = observed(document)
    for node in document["nodes"].values():
        _fatten(node["data"], node["type"])
    compilation = compile_document(document)
    # Where nothing more can be moved out, the limit is reported, and there is nothing to compare.
    assume(all(problem.code is not Code.LIMIT_EXCEEDED for problem in compilation.diagnostics))
    event("split" if compilation.children else "whole")
    difference = _compiled_difference(document, inputs)
    assert difference is None, (difference, json.dumps(document))


@_few
@given(st.integers(3, 60), st.integers(0, 2**32 - 1))
def test_the_same_document_gives_the_same_bytes(size: int, seed: int) -> None:
    document, _ = random_document(Random(seed), size)
    first, second = (orjson.dumps(compile_document(document).to_json()) for _ in range(2))
    assert first == second
