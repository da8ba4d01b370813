import pytest
from pydantic import ValidationError

from millrace.catalogue import Result
from millrace.catalogue.respond import RESPONSE, RespondConfig

from .nodes import evaluate, lower


def test_answers_with_the_input_by_default() -> None:
    result = lower("respond").as_a(Result)
    assert result.name == RESPONSE
    assert evaluate(result.value, {"a": 1}) == {"status": 200, "headers": {}, "body": {"a": 1}}


def test_status_headers_and_body_may_be_expressions() -> None:
    result = lower("respond", status="${input.s}", headers={"X-Id": "n-${input.s}"}, body=None).as_a(Result)
    assert evaluate(result.value, {"s": 404}) == {"status": 404, "headers": {"X-Id": "n-404"}, "body": None}


@pytest.mark.parametrize("data", [{"status": 99}, {"headers": {"a b": "c"}}, {"status": "ok"}])
def test_what_is_no_answer_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RespondConfig.model_validate(data)
