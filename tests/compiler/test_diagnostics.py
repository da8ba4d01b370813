"""Every diagnostic has examples; what one mistake is called is not called another way besides."""

import json
from pathlib import Path

import pytest

from millrace.compiler import compile_document
from millrace.model import Code

from .diagnostics_page import PAGE, page
from .examples import FOLDER, Example, examples, place

CASES = [
    pytest.param(code, example, id=f"{code.value}: {example.title}")
    for code in Code
    if (FOLDER / f"{code.value}.json").exists()
    for example in examples(code)
]


@pytest.mark.parametrize("code", Code)
def test_every_diagnostic_has_an_example(code: Code) -> None:
    assert (FOLDER / f"{code.value}.json").exists(), f"expected an example of {code.value} in {FOLDER}"
    found = [problem.code for example in examples(code) for problem in example.compiled().diagnostics]
    assert code in found


def test_every_example_is_of_a_diagnostic() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {code.value for code in Code}


@pytest.mark.parametrize(("code", "example"), CASES)
def test_a_mistake_is_reported_where_it_is(code: Code, example: Example) -> None:
    compilation = example.compiled()
    assert [place(problem) for problem in compilation.diagnostics] == example.expected
    assert code.value in {expected["code"] for expected in example.expected}
    assert compilation.ok != any(problem.is_error for problem in compilation.diagnostics)


@pytest.mark.parametrize(("code", "example"), CASES)
def test_a_diagnostic_says_what_to_do(code: Code, example: Example) -> None:
    for problem in example.compiled().diagnostics:
        assert problem.message
        assert problem.remedy.endswith((".", "?")), problem.remedy
        assert len(problem.message) < 400, problem.message


def test_five_mistakes_give_five_diagnostics() -> None:
    document = json.loads((Path(__file__).parent / "five_mistakes.json").read_text())
    found = [place(problem) for problem in compile_document(document["document"]).diagnostics]
    assert len(found) == len(document["expected"]) == 5
    assert found == document["expected"]


def test_the_page_of_diagnostics_is_current() -> None:
    assert PAGE.read_text() == page(), "expected docs/diagnostics.md as the examples give it; run `make docs`"
