"""Each line of cases.jsonl is a text and what it parses to; `MILLRACE_SNAPSHOTS=rewrite` writes what is found."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from millrace.expressions import Expression, NameScope, Problem, Reference, parse_expression, parse_template
from millrace.model import Json, NodeId

CASES = Path(__file__).with_name("cases.jsonl")
NODES = frozenset(map(NodeId, ("fetch", "fetch-1", "total", "loop", "a", "run", "price-list", "input")))


def shown_reference(reference: Reference) -> str:
    return f"<{reference.kind} {reference.name}>" if reference.name else f"<{reference.kind}>"


def shown_problem(problem: Problem) -> dict[str, Json]:
    told = {"code": problem.code, "column": problem.column, "message": problem.message, "remedy": problem.remedy}
    return {**told, "expected": problem.expected, "found": problem.found}


def traits(expression: Expression) -> str:
    known = [expression.type.value] if expression.type else []
    known += [name for name in ("optional", "fallible", "atomic") if getattr(expression, name)]
    known += [] if expression.pure else ["impure"]
    return " ".join([*known, *(f"${name}" for name in sorted(expression.locals))])


def parsed(case: dict[str, Any]) -> dict[str, Json]:
    scope = NameScope(NODES, fields_of_input=case["as"] == "transform", fields_of_item=case["as"] == "item")
    parse = parse_template if case["as"] == "template" else parse_expression
    value, problems = parse(case["text"], scope)
    if problems:
        return {"problems": [shown_problem(problem) for problem in problems]}
    if isinstance(value, Expression):
        return {"value": value.render(shown_reference), "traits": traits(value)}
    return {"text": value}


def load() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = [json.loads(line) for line in CASES.read_text().splitlines()]
    if os.environ.get("MILLRACE_SNAPSHOTS") == "rewrite":
        cases = [{**case, "expected": parsed(case)} for case in cases]
        CASES.write_text("".join(json.dumps(case) + "\n" for case in cases))
    return cases


@pytest.mark.parametrize("case", load(), ids=lambda case: f"{case['as']} {case['text']}"[:60])
def test_text_parses_to_what_its_case_says(case: dict[str, Any]) -> None:
    assert parsed(case) == case["expected"]
