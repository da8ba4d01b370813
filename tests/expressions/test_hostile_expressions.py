import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.expressions import NameScope, parse_expression, parse_template
from millrace.model import Code, NodeId

SCOPE = NameScope(frozenset(NodeId(f"node-{number}") for number in range(1000)) | {NodeId("a")})
MEGA = 10 * 1024 * 1024
SECONDS = 2.0

HOSTILE: dict[str, str] = {
    "ten megabytes in quotes": "${ 'x" + "x" * MEGA,
    "ten megabytes closed": "${ '" + "x" * MEGA + "' }",
    "ten megabytes of text": "x" * MEGA + "${a.output}",
    "ten megabytes of blanks": "${" + " " * MEGA + "}",
    "ten megabytes of a name": "${" + "n" * MEGA + "}",
    "ten megabytes of expressions": "${a.output}" * (MEGA // 11),
    "openings only": "${" * 50_000,
    "escapes and an opening": "$${" * 50_000 + "${",
    "round brackets": "${" + "(" * 100_000,
    "round brackets closed": "${" + "(" * 30_000 + "1" + ")" * 30_000 + "}",
    "square brackets": "${" + "[" * 100_000,
    "curly brackets": "${" + "{'a':" * 20_000,
    "predicates": "${a.output" + "[a" * 30_000,
    "functions": "${" + "function(){" * 5_000,
    "signatures": "${" + "function()<" * 5_000,
    "transforms": "${" + "|" * 60_000,
    "calls": "${" + "$f(" * 20_000,
    "closings": "${" + ")" * 50_000,
    "unary minuses": "${" + "-" * 60_000 + "1}",
    "sums": "${" + "1+" * 30_000 + "1}",
    "conditions": "${" + "1?" * 20_000 + "1}",
    "assignments": "${" + "$a:=" * 15_000 + "1}",
    "fields": "${a.output" + ".a" * 30_000 + "}",
    "hyphens": "${" + "a-" * 30_000 + "a}",
    "hyphens in a predicate": "${a.output[" + "a-" * 30_000 + "a]}",
    "unknown names": "${" + "+".join(f"unknown{number}" for number in range(5_000)) + "}",
    "unknown nodes": "${" + "+".join(f"nod-{number}.output" for number in range(4_000)) + "}",
    "unknown variables": "${" + "+".join(f"$v{number}" for number in range(6_000)) + "}",
    "unknown pieces": "".join(f"${{unknown{number}}} " for number in range(10_000)),
    "comments": "${" + "/**/" * 15_000 + "}",
    "open comments": "${" + "/*" * 30_000,
    "slashes": "${" + "/" * 60_000 + "}",
    "regular expressions": "${" + "/a/," * 15_000 + "}",
    "backslashes in a pattern": "${/" + "\\" * 60_001 + "/}",
    "a pattern of brackets": "${/" + "(" * 60_000 + "/}",
    "a pattern that explodes": "${/" + "(a{1000}){1000}" * 10 + "/}",
    "quotes": "${" + "'" * 60_001,
    "backquotes": "${" + "`" * 60_001,
    "backslashes in quotes": "${'" + "\\" * 60_001,
    "NUL": "${\x00}",
    "lone surrogate": "${'\ud800'}",
    "surrogate name": "${\udfff}",
    "right to left": "${\u202e}",
    "byte order mark": "${\ufeffa.output}",
    "combining": "${a.output.e" + "\u0301" * 1000 + "}",
    "digits of other scripts": "${\u0661}",
    "numbers": "${" + "9" * 60_000 + "}",
    "mixed closings": "${" + "([{" * 20_000 + ")]}" * 20_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_gives_a_few_mistakes_in_bounded_time(text: str) -> None:
    began = time.perf_counter()
    _, problems = parse_template(text, SCOPE)
    assert time.perf_counter() - began < SECONDS
    assert 1 <= len(problems) <= 21
    assert all(problem.column is not None and 1 <= problem.column <= len(text) + 1 for problem in problems)


@pytest.mark.parametrize("size", [64 * 1024 - 2, 64 * 1024 + 10, MEGA])
def test_plain_expression_may_have_64_kibi_characters(size: int) -> None:
    _, problems = parse_expression("'" + "x" * size + "'", SCOPE)
    assert [problem.code for problem in problems] == ([] if size <= 64 * 1024 - 2 else [Code.LIMIT_EXCEEDED])


def test_an_expression_in_a_template_may_have_64_kibi_characters() -> None:
    assert not parse_template("${'" + "x" * 60_000 + "'}", SCOPE)[1]
    problems = parse_template("${'" + "x" * 70_000 + "'}", SCOPE)[1]
    assert [problem.code for problem in problems] == [Code.LIMIT_EXCEEDED]


PIECES = """a.output node-1.output input inputs.x vars.y trigger run.id $x $count( function($x){ } ( ) [ ] { } | ^(
    > < = + - * / % . .. , ; : ? := @$v #$i ~> &
    and or in true null 1 'a' "b" `c` /r/ /* */ ${ $${ é \x00 ?? == ! name"""
pieces = st.sampled_from(PIECES.split())


@pytest.mark.parametrize("parse", [parse_template, parse_expression])
@given(text=st.lists(pieces, max_size=14).map(" ".join) | st.lists(pieces, max_size=14).map("".join) | st.text())
def test_any_text_parses_or_is_refused_within_it(
    parse: Callable[..., tuple[object, tuple[object, ...]]], text: str
) -> None:
    _, problems = parse_template("${" + text + "}", SCOPE) if parse is parse_template else parse_expression(text, SCOPE)
    for problem in problems:
        assert problem.message
        assert problem.remedy
        assert problem.column is not None
        assert 1 <= problem.column <= len(text) + 4


@given(text=st.lists(pieces, max_size=8).map("".join))
def test_what_parses_renders_to_text_that_parses_again(text: str) -> None:
    expression, problems = parse_expression(text, SCOPE)
    if expression is None or problems:
        return
    again = expression.render(lambda reference: "input" if reference.name == "" else "inputs.x")
    assert parse_expression(again, SCOPE)[1] == ()
