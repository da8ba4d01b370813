"""TestState calls recorded on AWS give the same answers here."""

from typing import Any

import pytest

from tests.stepfunctions.testing.recorded import differences, recorded


@pytest.mark.parametrize("case", recorded("test_state"))
def test_state_test_recorded_on_aws_is_reproduced(case: dict[str, Any]) -> None:
    assert differences(case) == []
