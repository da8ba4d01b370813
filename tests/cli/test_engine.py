"""`millrace engine`: what it says, how it ends, and what goes on at the next start."""

import http.client
import itertools
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.command_line import call, start

PATIENCE = 60
NUMBERS = itertools.count()
# Seconds that the server waits for requests under way.
SERVER_PATIENCE = 5.0
ROLE = "arn:aws:iam::000000000000:role/engine"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that is empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def function(folder: Path) -> str:
    """Write a function, and give its option's value."""
    (folder / "work.py").write_text(
        "import time\n"
        "def handler(event, context):\n"
        "    if event == 'raise':\n"
        "        raise LookupError('nothing is there')\n"
        "    open('called', 'a').write('.')\n"
        "    time.sleep(0 if event == 'now' else 60)\n"
        "    return event\n"
    )
    return "work=work.py"


class Serving:
    """An engine that serves."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.process = process
        self.url = url

    def request(self, operation: str, **parameters: Any) -> dict[str, Any]:
        headers = {"X-Amz-Target": f"AWSStepFunctions.{operation}"}
        return httpx.post(self.url, headers=headers, json=parameters, timeout=PATIENCE).raise_for_status().json()

    def begin(self, state: dict[str, Any], value: Any = None) -> str:
        """Start an execution of a machine of one state."""
        definition = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {**state, "End": True}}}
        name = f"m{next(NUMBERS)}"
        machine = self.request("CreateStateMachine", name=name, roleArn=ROLE, definition=json.dumps(definition))
        given = {"stateMachineArn": machine["stateMachineArn"], "input": json.dumps(value)}
        execution: str = self.request("StartExecution", **given)["executionArn"]
        return execution

    def describe(self, execution: str) -> dict[str, Any]:
        return self.request("DescribeExecution", executionArn=execution)

    def ended(self, execution: str) -> dict[str, Any]:
        """Wait for an execution's end."""
        until(lambda: self.describe(execution)["status"] != "RUNNING")
        return self.describe(execution)

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal; give the exit code, and what was printed since it serves."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    give_up, watch = time.monotonic() + PATIENCE, threading.Event()
    while not condition():
        assert time.monotonic() < give_up, f"expected this within {PATIENCE} seconds"
        watch.wait(0.02)


@contextmanager
def serving(*options: str) -> Generator[Serving]:
    process = start("engine", "--port", "0", *options)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"Serving Step Functions' API at (http://127\.0\.0\.1:\d+)\n", line)
        assert found is not None, line or process.communicate(timeout=PATIENCE)[1]
        yield Serving(process, found[1])
    finally:
        process.kill()
        process.communicate()


def task(name: str = "work") -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:lambda:us-east-1:000000000000:function:{name}"}


# ---- serving


def test_it_makes_its_folder_takes_a_free_port_and_serves() -> None:
    with serving() as engine:
        assert engine.ended(engine.begin({"Type": "Pass"}, 1))["output"] == "1"
        assert {path.name for path in Path(".millrace").iterdir()} >= {"engine.sqlite3", "engine.sqlite3.lock"}


def test_a_function_runs_and_its_exception_is_lambdas(function: str) -> None:
    with serving("--function", function) as engine:
        assert engine.ended(engine.begin(task(), "now"))["output"] == '"now"'
        failed = engine.ended(engine.begin(task(), "raise"))
        assert (failed["status"], failed["error"]) == ("FAILED", "LookupError")
        assert json.loads(failed["cause"])["errorMessage"] == "nothing is there"


def test_arns_have_the_region_and_the_account_that_were_named() -> None:
    with serving("--region", "eu-west-1", "--account", "123456789012") as engine:
        assert engine.begin({"Type": "Pass"}).startswith("arn:aws:states:eu-west-1:123456789012:execution:")


# ---- ending


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_ends_cleanly_and_what_runs_goes_on_at_the_next_start(
    number: signal.Signals, code: int, function: str, folder: Path
) -> None:
    with serving("--function", function) as engine:
        waiting = engine.begin({"Type": "Wait", "Seconds": 1})
        working = engine.begin(task(), "long")
        until((folder / "called").exists)
        ended, out, err = engine.end(number)
    assert (ended, out, err.strip()) == (code, "", "Interrupted." if code else "")
    # Whoever closes the file last brings its journal home.
    assert not (folder / ".millrace/engine.sqlite3-wal").exists()
    with serving("--function", function) as engine:
        assert engine.ended(waiting)["status"] == "SUCCEEDED"
        assert engine.describe(working)["status"] == "RUNNING"
        until(lambda: (folder / "called").read_text() == "..")


def test_workers_that_wait_for_a_task_do_not_hold_up_the_end() -> None:
    with serving() as engine:
        activity = engine.request("CreateActivity", name="a")["activityArn"]
        worker = http.client.HTTPConnection(httpx.URL(engine.url).netloc.decode(), timeout=PATIENCE)
        headers = {"X-Amz-Target": "AWSStepFunctions.GetActivityTask"}
        worker.request("POST", "/", json.dumps({"activityArn": activity}), headers)
        engine.request("ListActivities")
        began = time.monotonic()
        code, _, err = engine.end(signal.SIGTERM)
        assert (code, err, worker.getresponse().read()) == (0, "", b"{}")
        worker.close()
    assert time.monotonic() - began < SERVER_PATIENCE


def test_a_second_signal_ends_it_at_once() -> None:
    with serving() as engine:
        engine.process.send_signal(signal.SIGTERM)
        engine.process.send_signal(signal.SIGINT)
        engine.process.communicate(timeout=PATIENCE)
        assert engine.process.returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM)


# ---- what keeps it from starting


def refused(*options: str) -> str:
    """Have the engine refuse to start; give what it says."""
    called = call("engine", *options)
    assert (called.code, called.out) == (1, "")
    assert called.err.startswith("Error: ")
    return called.err


def misused(*options: str) -> str:
    """Have the engine refuse its options; give what it says."""
    called = call("engine", *options)
    assert (called.code, called.out) == (2, "")
    return called.err


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert f"port {port} cannot be used: Address already in use; stop what listens there" in refused(
            "--port", str(port)
        )


@pytest.fixture
def data(folder: Path) -> Path:
    """Give the name of a data file that an engine made."""
    path = folder / "engine.sqlite3"
    with serving("--data", str(path)) as engine:
        engine.end(signal.SIGTERM)
    return path


def test_a_damaged_data_file_is_told(folder: Path) -> None:
    path = folder / "engine.sqlite3"
    path.write_text("no database, but long enough for one")
    assert "restore the file from a backup" in refused("--port", "0", "--data", str(path))
    assert path.read_text().startswith("no database")


def test_a_newer_data_file_is_told(data: Path) -> None:
    connection = sqlite3.connect(data)
    connection.execute("PRAGMA user_version = 1000")
    connection.close()
    assert "a newer one has written it" in refused("--port", "0", "--data", str(data))


def test_a_data_file_in_use_is_told(folder: Path) -> None:
    path = str(folder / "engine.sqlite3")
    with serving("--data", path) as engine:
        assert f"is in use by process {engine.process.pid}" in refused("--port", "0", "--data", path)


def test_a_data_file_that_cannot_be_made_is_told(folder: Path) -> None:
    (folder / "file").write_text("")
    assert "choose another file with --data" in refused("--port", "0", "--data", str(folder / "file/engine.sqlite3"))


@pytest.mark.parametrize("value", ["work", "=work.py", "work=", "work=:handler"])
def test_a_function_that_is_not_written_as_one_is_told(value: str) -> None:
    assert f"expected NAME=FILE.py:HANDLER, found {value!r}" in misused("--function", value)


def test_a_function_without_a_file_is_told() -> None:
    assert "expected the file of function 'work' at 'missing.py', found none" in misused(
        "--function", "work=missing.py:handler"
    )


@pytest.mark.parametrize("value", ["nowhere", "store.after-commit:x", "store.after-commit:0", "nowhere:1"])
def test_a_fault_point_that_there_is_none_of_is_told(value: str) -> None:
    said = misused("--fault", value)
    assert "--fault" in said
    assert "store.after-commit" in said
    assert f"found {value!r}" in said


@pytest.mark.parametrize("options", [("--port", "70000"), ("--port", "x"), ("--retention-days", "-1"), ("--data", ".")])
def test_options_out_of_range_are_told(options: tuple[str, str]) -> None:
    assert options[0] in misused(*options)


@pytest.mark.parametrize("option", ["--lambda-endpoint", "--aws-endpoint", "--logs-endpoint"])
@pytest.mark.parametrize("value", ["localhost:4566", "nonsense", "ftp://host", "http://", "http://[half"])
def test_an_endpoint_that_is_no_url_is_told(option: str, value: str) -> None:
    said = misused(option, value)
    assert option in said
    assert f"expected a URL like http://127.0.0.1:4566, found {value!r}" in said


@pytest.mark.parametrize("value", ["x", "12345678901", "1234567890123", "12345678901x"])
def test_an_account_that_is_none_is_told(value: str) -> None:
    assert f"expected an account's 12 digits, found {value!r}" in misused("--account", value)


def test_help_names_the_options_and_how_clients_find_it() -> None:
    text = call("engine", "--help").out
    for part in ("--port", "--data", "--lambda-endpoint", "--aws-endpoint", "--function", "--logs-endpoint"):
        assert part in text
    assert "AWS_ENDPOINT_URL_SFN=http://127.0.0.1:8701" in text
    assert "--fault" not in text


def test_help_comes_without_importing_the_engine() -> None:
    code = (
        "import sys; from millrace.cli.application import cli; cli(['engine', '--help'], standalone_mode=False);"
        "print([name for name in sys.modules if name.startswith(('uvicorn', 'botocore', 'millrace.engine'))])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.rstrip().endswith("[]")
    assert not [*Path.cwd().iterdir()]
