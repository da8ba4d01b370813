"""People: answers given beforehand, or asked for."""

from pathlib import Path
from typing import Any

import pytest

from millrace.local.people import Question, check_answer
from millrace.model import Json, NodeId
from tests.local.workflows import part, run_here, statuses, workflow

APPROVAL = workflow(
    {
        "ask": ("approval", {"message": "Refund ${inputs.amount}?", "options": {"approved": "Pay"}}),
        "pay": ("set", {"fields": {"v": "pay"}}),
        "refuse": ("set", {"fields": {"v": "refuse"}}),
        "late": ("set", {"fields": {"v": "late"}}),
        "join": ("merge", {"mode": "first"}),
        "out": ("output", {"value": "${join.output.v}"}),
    },
    ["ask:approved > pay > join", "ask:rejected > refuse > join", "ask:timeout > late > join", "join > out"],
)
FORM = workflow(
    {
        "form": (
            "user-input",
            {
                "message": "Where?",
                "schema": {
                    "street": {"type": "string", "required": True},
                    "city": {"type": "string", "default": "${inputs.city}"},
                },
            },
        ),
        "out": ("output", {}),
    },
    ["form:submitted > out"],
)


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        ({"decision": "approved"}, "pay"),
        ({"decision": "rejected", "comment": "no"}, "refuse"),
        ("approved", "pay"),
        ("timeout", "late"),
    ],
)
def test_answer_decides_the_way_on(answer: Any, taken: str, tmp_path: Path) -> None:
    report = run_here(tmp_path, APPROVAL, {"amount": 5}, answers={"ask": answer})
    assert report.outputs == {"out": taken}
    assert statuses(report)["ask"] == "completed"


def test_decision_has_everything_that_its_output_promises(tmp_path: Path) -> None:
    report = run_here(tmp_path, APPROVAL, {"amount": 5}, answers={"ask": {"decision": "approved", "by": "ada"}})
    output = part(report, "ask").output
    assert isinstance(output, dict)
    assert output.keys() == {"decision", "by", "comment", "at"}
    assert output["by"] == "ada"


def test_form_is_checked_and_its_defaults_are_filled_in(tmp_path: Path) -> None:
    report = run_here(tmp_path, FORM, {"city": "Oslo"}, answers={"form": {"street": "Elm 1"}})
    assert report.outputs == {"out": {"street": "Elm 1", "city": "Oslo"}}


def test_answer_that_does_not_fit_fails_with_every_fault(tmp_path: Path) -> None:
    report = run_here(tmp_path, FORM, {"city": "Oslo"}, answers={"form": {"stret": 5}})
    assert report.error is not None
    assert "`street`" in report.error.error.message
    assert "`stret`" in report.error.error.message


def test_missing_answer_names_the_node_and_the_option(tmp_path: Path) -> None:
    report = run_here(tmp_path, APPROVAL, {"amount": 5})
    assert report.error is not None
    assert report.error.node == "ask"
    assert "--answers" in report.error.error.message


def test_missing_answer_is_not_handled_as_the_nodes_failure(tmp_path: Path) -> None:
    document = workflow({"ask": ("approval", {"message": "?", "onError": "continue"})})
    assert run_here(tmp_path, document).error is not None


def test_person_is_asked_for_what_was_not_answered_beforehand(tmp_path: Path) -> None:
    asked: list[Question] = []

    def ask(question: Question) -> Json:
        asked.append(question)
        return {"decision": "rejected"}

    report = run_here(tmp_path, APPROVAL, {"amount": 5}, ask=ask)
    assert report.outputs == {"out": "refuse"}
    assert asked == [Question(NodeId("ask"), "approval", "Refund 5?", {}, {"approved": "Pay"})]


def test_questions_come_one_at_a_time(tmp_path: Path) -> None:
    open_questions: list[str] = []

    def ask(question: Question) -> Json:
        assert not open_questions
        open_questions.append(question.node)
        open_questions.pop()
        return "approved"

    document = workflow({f"ask{i}": ("approval", {"message": "?"}) for i in range(4)})
    assert set(statuses(run_here(tmp_path, document, ask=ask)).values()) == {"completed"}


def test_decision_must_be_one_of_two() -> None:
    with pytest.raises(ValueError, match='"approved" or "rejected", found \'maybe\''):
        check_answer(Question(NodeId("ask"), "approval"), {"decision": "maybe"})
