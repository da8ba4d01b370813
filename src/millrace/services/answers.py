"""Answers of people, checked against what was asked."""

from collections.abc import Mapping
from typing import Any, Final, cast

from millrace.catalogue.input_schema import check_inputs
from millrace.model import Json, quote
from millrace.services.errors import ErrorCode, Fault, InvalidRequestError

APPROVAL: Final = "approval"
DECISIONS: Final = ("approved", "rejected")

_MEMBERS: Final = ("decision", "comment")


def node_output(request: Mapping[str, Json], answer: Json, *, by: str, at: str) -> Json:
    """Give an answer as the output of the node that asked.

    Args:
        request: What was asked: `type`, and a user-input's `schema`.
        answer: The fields of a form; of an approval the decision, or an object of decision and comment.
        by: Who answers.
        at: When.

    Raises:
        InvalidRequestError: It does not fit; every fault is listed.
    """
    return _decision(answer, by, at) if request.get("type") == APPROVAL else _submission(request, answer)


def _submission(request: Mapping[str, Json], answer: Json) -> Json:
    if not isinstance(answer, dict):
        raise _refused(Fault("input", f"expected an object of the form's fields, found {quote(answer)}"))
    schema = cast("Mapping[str, Any]", request.get("schema") or {})
    submitted, problems = check_inputs(schema, answer)
    if problems:
        raise _refused(
            *(
                Fault(f"input.{problem.path}" if problem.path else "input", f"{problem.message}. {problem.remedy}")
                for problem in problems
            )
        )
    return submitted


def _decision(answer: Json, by: str, at: str) -> Json:
    given: dict[str, Json] = {"decision": answer} if isinstance(answer, str) else {}
    if isinstance(answer, dict):
        given = answer
    faults = [
        Fault(f"input.{name}", "expected `decision` and perhaps `comment` alone; remove it")
        for name in given
        if name not in _MEMBERS
    ]
    decision, comment = given.get("decision"), given.get("comment")
    if decision not in DECISIONS:
        faults.append(Fault("input.decision", f'expected "approved" or "rejected", found {quote(decision)}'))
    if comment is not None and not isinstance(comment, str):
        faults.append(Fault("input.comment", f"expected text, found {quote(comment)}"))
    if faults:
        raise _refused(*faults)
    return {"decision": decision, "by": by, "comment": comment, "at": at}


def _refused(*faults: Fault) -> InvalidRequestError:
    return InvalidRequestError(faults, ErrorCode.INVALID_ANSWER)
