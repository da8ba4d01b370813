"""Random documents, compiled and run, against the direct evaluation of their graphs."""

import json
import os
from random import Random
from typing import Any

import orjson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from millrace.compiler import compile_document
from tests.reference.comparing import Difference, compare
from tests.reference.documents import Mix, observed, random_document
from tests.reference.reducing import reduced

from .soundness import check_soundness

_EXAMPLES = 20_000 if os.environ.get("MILLRACE_TESTS") == "thorough" else 150
"""`MILLRACE_TESTS=thorough` looks at many more documents."""

_settings = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # `reduced` makes documents small faster than shrinking the seed
    suppress_health_check=(HealthCheck.too_slow,),
)

mixes = st.builds(
    Mix,
    failing=st.sampled_from((0.0, 0.05, 0.1, 0.3)),
    containers=st.sampled_from((0.0, 0.1, 0.3)),
    wide=st.sampled_from((0.1, 0.3, 0.8)),
    settled=st.sampled_from((0.0, 0.08, 0.2)),
)


def _compiled_difference(document: dict[str, Any], inputs: Any) -> Difference | None:
    compilation = compile_document(document)
    if compilation.definition is not None:
        check_soundness(compilation)
    return compare(compilation, document, inputs)


def _explained(document: dict[str, Any], inputs: Any, difference: Difference) -> str:
    """Show the smallest document with the same kind of difference."""

    def fails(candidate: dict[str, Any]) -> bool:
        found = _compiled_difference(candidate, inputs)
        return found is not None and found.what == difference.what

    small = reduced(document, fails, tries=400)
    found = _compiled_difference(small, inputs)
    shown = json.dumps({"document": small, "inputs": inputs}, ensure_ascii=False)
    return f"{found}\n{shown}"


@_settings
@given(st.integers(3, 60), st.integers(0, 2**32 - 1), mixes, st.booleans())
def test_compiled_and_run_equals_the_direct_evaluation(size: int, seed: int, mix: Mix, watched: bool) -> None:
    document, inputs = random_document(Random(seed), size, mix)
    if watched:
        document = observed(document)
    difference = _compiled_difference(document, inputs)
    assert difference is None, _explained(document, inputs, difference)


@settings(max_examples=20, deadline=None)
@given(st.integers(3, 60), st.integers(0, 2**32 - 1))
def test_the_same_document_gives_the_same_bytes(size: int, seed: int) -> None:
    document, _ = random_document(Random(seed), size)
    first, second = (orjson.dumps(compile_document(document).to_json()) for _ in range(2))
    assert first == second
