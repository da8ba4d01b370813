"""What an execution must look like after all those kills."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from tests.stepfunctions.soak.expectation import Plan

_ENDS: Final = {
    "SUCCEEDED": "ExecutionSucceeded",
    "FAILED": "ExecutionFailed",
    "TIMED_OUT": "ExecutionTimedOut",
    "ABORTED": "ExecutionAborted",
}
_FIRST: Final = 1
# Events have milliseconds; the functions' clock is finer.
_TOLERANCE: Final = 0.002


def faults_of(
    plan: Plan, described: dict[str, Any], events: Sequence[dict[str, Any]], calls: Sequence[dict[str, Any]]
) -> list[str]:
    """List what is wrong with an execution that has ended.

    Args:
        plan: How it was to end.
        described: DescribeExecution's answer.
        events: Its history.
        calls: The calls of functions that it made.
    """
    faults = [*_end_faults(plan, described), *course_faults(events, plan.expected.visits)]
    if not faults:
        faults += [*_history_end_faults(described, events), *_call_faults(plan, events, calls), *_wait_faults(events)]
    return [f"{plan.name}: {fault}" for fault in faults]


def course_faults(events: Sequence[dict[str, Any]], visits: Mapping[str, int]) -> list[str]:
    """List what is wrong with the order of a history, or with how often its states ran."""
    # The others go from event to event by their numbers.
    return _order_faults(events) or [*_visit_faults(events, visits), *_rerun_faults(events)]


def details(event: dict[str, Any]) -> dict[str, Any]:
    """Give an event's details, whatever they are called."""
    for key, value in event.items():
        if key.endswith("EventDetails"):
            found: dict[str, Any] = value
            return found
    return {}


def _end_faults(plan: Plan, described: dict[str, Any]) -> list[str]:
    expected = plan.expected
    found = {name: described.get(name) for name in ("status", "error", "cause")}
    wanted = {"status": expected.status, "error": expected.error, "cause": expected.cause}
    if found != wanted:
        return [f"expected {wanted}, found {found}"]
    if expected.status == "SUCCEEDED" and (output := orjson.loads(described["output"])) != expected.output:
        return [f"expected the output {expected.output!r}, found {output!r}"]
    return []


def _order_faults(events: Sequence[dict[str, Any]]) -> list[str]:
    ids = [event["id"] for event in events]
    if ids != list(range(_FIRST, len(events) + 1)):
        return [f"expected events 1 to {len(events)}, found {ids}"]
    faults = [
        f"event {event['id']} follows event {event['previousEventId']}"
        for event in events
        if not 0 <= event["previousEventId"] < event["id"]
    ]
    times = [event["timestamp"] for event in events]
    if times != sorted(times):
        faults.append("its events are not in the order of time")
    if not events or events[0]["type"] != "ExecutionStarted":
        faults.append("its history does not begin with ExecutionStarted")
    return faults


def _visit_faults(events: Sequence[dict[str, Any]], visits: Mapping[str, int]) -> list[str]:
    entered = Counter(details(event)["name"] for event in events if event["type"].endswith("StateEntered"))
    return [
        f"expected {count} visits of {state!r}, found {entered[state]}"
        for state, count in visits.items()
        if entered[state] != count
    ]


def _rerun_faults(events: Sequence[dict[str, Any]]) -> list[str]:
    """Find entries that were left twice, and ends of states that were gone on from twice."""
    faults: list[str] = []
    left: set[int] = set()
    gone_on: set[int] = set()
    for event in events:
        if event["type"].endswith("StateExited"):
            entry = _entry_of(event, events)
            if entry in left:
                faults.append(f"event {event['id']} leaves {details(event)['name']!r} once more")
            left.add(entry)
        elif event["type"].endswith("StateEntered"):
            before: int = event["previousEventId"]
            if before in gone_on and (before == 0 or _exits(events[before - 1])):
                faults.append(f"event {event['id']} goes on from event {before} once more")
            gone_on.add(before)
    return faults


def _entry_of(event: dict[str, Any], events: Sequence[dict[str, Any]]) -> int:
    """Go back to the event that entered the state which an event leaves; 0 when there is none."""
    name: str = details(event)["name"]
    at: int = event["previousEventId"]
    while at and not _enters(events[at - 1], name):
        at = events[at - 1]["previousEventId"]
    return at


def _exits(event: dict[str, Any]) -> bool:
    kind: str = event["type"]
    return kind.endswith("StateExited")


def _enters(event: dict[str, Any], name: str) -> bool:
    kind: str = event["type"]
    return kind.endswith("StateEntered") and details(event)["name"] == name


def _history_end_faults(described: dict[str, Any], events: Sequence[dict[str, Any]]) -> list[str]:
    ends = [event["id"] for event in events if event["type"] in _ENDS.values()]
    redrives = [event["id"] for event in events if event["type"] == "ExecutionRedriven"]
    last = events[-1]
    faults: list[str] = []
    if last["type"] != _ENDS[described["status"]]:
        faults.append(f"expected {_ENDS[described['status']]} at the end of its history, found {last['type']}")
    if len(ends) != len(redrives) + 1 or len(redrives) != described.get("redriveCount", 0):
        faults.append(f"expected one end for each start, found ends {ends} and redrives {redrives}")
    if details(events[0]).get("input") != described["input"]:
        faults.append("its input is not that of its history")
    if described["status"] == "SUCCEEDED" and details(last)["output"] != described["output"]:
        faults.append("its output is not that of its history")
    return faults


def _call_faults(plan: Plan, events: Sequence[dict[str, Any]], calls: Sequence[dict[str, Any]]) -> list[str]:
    expected, faults = plan.expected.calls, list[str]()
    scheduled = [event for event in events if event["type"] in {"TaskScheduled", "LambdaFunctionScheduled"}]
    if expected and (len(scheduled) != expected or len(calls) < expected):
        faults.append(f"expected {expected} function calls, found {len(scheduled)} of {len(calls)} in its history")
    left = _times_of_exits(events)
    faults += [
        f"{call['state']!r} was called {call['at'] - left[call['state']]:.3f} s after it was left"
        for call in calls
        if call["state"] in left and call["at"] > left[call["state"]] + _TOLERANCE
    ]
    return faults


def _wait_faults(events: Sequence[dict[str, Any]]) -> list[str]:
    """Find waits of whole seconds that ended before their second was over."""
    faults: list[str] = []
    for event in events:
        if event["type"] != "WaitStateExited" or details(event)["name"] != "Again":
            continue
        waited = event["timestamp"] - events[_entry_of(event, events) - 1]["timestamp"]
        if waited < 1 - _TOLERANCE:
            faults.append(f"{details(event)['name']!r} waited for {waited:.3f} s of 1 s")
    return faults


def _times_of_exits(events: Sequence[dict[str, Any]]) -> Mapping[str, float]:
    return {details(event)["name"]: event["timestamp"] for event in events if event["type"].endswith("StateExited")}
