"""Log events, as Step Functions writes them."""

import pytest

from millrace.observation import LogEvent, execution_name, machine_name

WRITTEN = {
    "id": "2",
    "type": "PassStateEntered",
    "details": {"name": "a", "input": "{}", "inputDetails": {"truncated": False}},
    "redrive_count": "0",
    "previous_event_id": "1",
    "event_timestamp": "1762300000123",
    "execution_arn": "arn:aws:states:us-east-1:000000000000:execution:machine:name",
}


def test_a_log_event_is_read_and_written_again() -> None:
    event = LogEvent.from_log(WRITTEN)
    assert (event.id, event.previous, event.time) == (2, 1, 1762300000123)
    assert LogEvent.from_log(event.to_log()) == event


def test_what_is_no_log_event_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a log event of Step Functions .* found \['message'\]"):
        LogEvent.from_log({"message": "hello"})


@pytest.mark.parametrize(
    ("arn", "name", "machine"),
    [
        ("arn:aws:states:us-east-1:000000000000:execution:machine:name", "name", "machine"),
        ("arn:aws:states:us-east-1:000000000000:express:machine:name:unique", "name", "machine"),
        ("", "", ""),
    ],
)
def test_names_are_read_from_the_arn(arn: str, name: str, machine: str) -> None:
    assert (execution_name(arn), machine_name(arn)) == (name, machine)
