"""MiniStack's schedules and event rules, whose targets are functions at another endpoint."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from millrace.local.emulator import emulator_environment
from millrace.local.emulator_targets import next_due
from tests.local.runtime.conftest import free_ports
from tests.local.test_emulator import client, wait_until_it_serves

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:millrace-dev-trigger"
ROLE = "arn:aws:iam::000000000000:role/millrace-dev-scheduler"
CREATED = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)

Invocations = queue.Queue[tuple[str, str | None, Any]]


@contextmanager
def lambda_endpoint() -> Generator[tuple[Invocations, str]]:
    """Serve Lambda's Invoke; gives the invocations' paths, types and payloads."""
    invocations = Invocations()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            invocations.put((self.path, self.headers["X-Amz-Invocation-Type"], payload))
            self.send_response(202)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield invocations, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def emulator(folder: Path, endpoint: str) -> Generator[str]:
    port = free_ports(1)
    command = [sys.executable, "-m", "millrace.local.emulator", "--port", str(port), "--lambda-endpoint", endpoint]
    with subprocess.Popen(command, env={**os.environ, **emulator_environment(folder)}) as process:
        try:
            wait_until_it_serves(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def test_schedules_and_rules_invoke_functions_at_the_endpoint(tmp_path: Path) -> None:
    with (
        lambda_endpoint() as (invocations, endpoint),
        emulator(tmp_path, endpoint) as url,
        client("scheduler", url) as scheduler,
        client("events", url) as events,
    ):
        events.put_rule(Name="r", EventPattern=json.dumps({"source": ["shop"]}))
        template = '{"triggerId": "t", "event": <aws.events.event.json>}'
        target: Any = {"Id": "1", "Arn": FUNCTION, "InputTransformer": {"InputPathsMap": {}, "InputTemplate": template}}
        events.put_targets(Rule="r", Targets=[target])
        events.put_events(Entries=[{"Source": "shop", "DetailType": "Sold", "Detail": '{"item": 1}'}])
        path, kind, payload = invocations.get(timeout=10)
        assert (path, kind) == ("/2015-03-31/functions/millrace-dev-trigger/invocations", "Event")
        assert (payload["triggerId"], payload["event"]["detail"]) == ("t", {"item": 1})

        due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
        scheduler.create_schedule(
            Name="s",
            ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={"Arn": FUNCTION, "RoleArn": ROLE, "Input": '{"due": "<aws.scheduler.scheduled-time>"}'},
        )
        assert invocations.get(timeout=10)[2] == {"due": f"{due:%Y-%m-%dT%H:%M:%SZ}"}
        # It is removed behind the invocation.
        deadline = time.monotonic() + 10
        while scheduler.list_schedules()["Schedules"]:
            assert time.monotonic() < deadline
        assert invocations.empty()


def schedule(expression: str, zone: str = "UTC", **more: Any) -> dict[str, Any]:
    given = {"ScheduleExpression": expression, "ScheduleExpressionTimezone": zone, **more}
    return {**given, "CreationDate": CREATED.timestamp()}


@pytest.mark.parametrize(
    ("given", "after", "due"),
    [
        (schedule("cron(0 9 * * ? *)", "Europe/Berlin"), "2026-11-21T08:00:00", "2026-11-22T08:00:00"),
        (schedule("cron(0 9 * * ? *)", "Europe/Berlin"), "2026-07-01T00:00:00", "2026-07-01T07:00:00"),
        (schedule("cron(30 2 * * ? *)", "Europe/Berlin"), "2026-03-28T12:00:00", "2026-03-30T00:30:00"),
        (schedule("cron(30 1 * * ? *)", "America/New_York"), "2026-11-01T05:30:00", "2026-11-02T06:30:00"),
        (schedule("rate(20 minutes)"), "2026-11-21T08:00:00", "2026-11-21T08:10:00"),
        (
            schedule("rate(1 day)", StartDate=(CREATED + timedelta(days=3)).timestamp()),
            "2026-11-21T08:00:00",
            "2026-11-24T07:30:00",
        ),
        (schedule("rate(1 hour)", EndDate=CREATED.timestamp()), "2026-11-21T08:00:00", None),
        (schedule("at(2026-12-01T09:00:00)", "Asia/Tokyo"), "2026-11-21T08:00:00", "2026-12-01T00:00:00"),
        (schedule("at(2026-11-01T09:00:00)"), "2026-11-21T08:00:00", None),
        (
            schedule("at(2026-11-01T09:00:00)", ActionAfterCompletion="DELETE"),
            "2026-11-21T08:00:00",
            "2026-11-01T09:00:00",
        ),
    ],
)
def test_schedules_are_due_in_their_time_zones(given: dict[str, Any], after: str, due: str | None) -> None:
    found = next_due(given, datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert (found.astimezone(UTC) if found is not None else None) == (
        datetime.fromisoformat(due).replace(tzinfo=UTC) if due is not None else None
    )
