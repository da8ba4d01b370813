from typing import Any

import pytest

from millrace.catalogue import Pause
from millrace.model import Code

from .nodes import evaluate, lower


def test_waits_for_seconds() -> None:
    assert lower("wait", seconds=30).as_a(Pause) == Pause(seconds=30)
    assert evaluate(lower("wait", seconds="${input.s}").as_a(Pause).seconds, {"s": 4}) == 4


def test_waits_until_a_time() -> None:
    assert lower("wait", until="2030-01-31T09:00:00+01:00").as_a(Pause) == Pause(until="2030-01-31T09:00:00+01:00")


@pytest.mark.parametrize(
    ("data", "code", "at"),
    [
        ({}, Code.MISSING_CONFIG, "seconds"),
        ({"seconds": 1, "until": "2030-01-31T09:00:00Z"}, Code.INVALID_CONFIG, "until"),
        ({"until": "tomorrow"}, Code.INVALID_CONFIG, "until"),
        ({"until": "2030-01-31T09:00:00"}, Code.INVALID_CONFIG, "until"),
        ({"seconds": "in ${input.s}"}, Code.TYPE_MISMATCH, "seconds"),
    ],
)
def test_mistakes_are_reported(data: dict[str, Any], code: Code, at: str) -> None:
    assert [(report.code, report.at) for report in lower("wait", **data).reports] == [(code, at)]
