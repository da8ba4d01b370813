import pytest

from millrace.stepfunctions import faults


def test_a_point_that_is_not_armed_is_passed() -> None:
    for point in faults.POINTS:
        faults.reach(point)


@pytest.mark.parametrize(("point", "passing"), [("store.nowhere", 1), ("store.before-commit", 0)])
def test_only_what_can_be_reached_can_be_armed(point: str, passing: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        faults.arm(point, passing)
