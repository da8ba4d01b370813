from millrace.catalogue import Stop, node_types
from millrace.model import Code

from .nodes import evaluate, lower


def test_fails_with_its_error_and_cause() -> None:
    stop = lower("stop", error="Order.Invalid", cause="No ${input.sku}").as_a(Stop)
    assert (stop.error, evaluate(stop.cause, {"sku": 7})) == ("Order.Invalid", "No 7")


def test_has_an_error_name_by_default_and_no_way_on() -> None:
    assert lower("stop").as_a(Stop).error == "Stopped"
    assert node_types()["stop"].ports == ()


def test_reserved_error_names_are_refused() -> None:
    (report,) = lower("stop", error="States.Timeout").reports
    assert (report.code, report.at) == (Code.INVALID_CONFIG, "error")
