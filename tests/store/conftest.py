"""The store on each backend: moto in this process, and dynoxide, the program that one machine runs on."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from moto import mock_aws

from millrace.local.dynoxide import dynoxide_binary, dynoxide_command
from millrace.store.dynamo_store import DynamoStore
from millrace.store.records import WorkspaceId
from millrace.store.settings import StoreSettings

PATIENCE = 10.0
NOW = 1_795_000_000.0
"""The store's clock in tests; records have moments of their own."""


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


@contextmanager
def dynoxide(folder: Path) -> Generator[str]:
    """Serve DynamoDB's API from a file in a folder; gives the URL."""
    binary = dynoxide_binary()
    if binary is None:
        pytest.skip("dynoxide is not installed, or there is none for this platform; make setup installs it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = dynoxide_command(binary, port, folder / "table.sqlite")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not answers(port):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@contextmanager
def aws() -> Generator[None]:
    """Let botocore find moto where it looks for AWS, and nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        with mock_aws():
            yield


@pytest.fixture(scope="module", params=["moto", "dynoxide"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreSettings]:
    """A table and a bucket of one test module."""
    with aws():
        if request.param == "moto":
            yield StoreSettings("millrace-test", "millrace-test", "us-east-1")
        else:
            with dynoxide(tmp_path_factory.mktemp("dynoxide")) as url:
                yield StoreSettings("millrace-test", "millrace-test", "us-east-1", url)


@pytest.fixture(scope="module")
def store(settings: StoreSettings) -> DynamoStore:
    """The store; tests share its table, each in a workspace of its own."""
    store = DynamoStore(settings, lambda: NOW)
    store.create_table()
    store.create_bucket()
    return store


@pytest.fixture
def shared_store(store: DynamoStore, settings: StoreSettings) -> DynamoStore:
    """The store for several threads at once."""
    if settings.dynamodb_url is None:
        pytest.skip("moto undoes a failed transaction by putting back a copy of all tables, with other threads' writes")
    return store


@pytest.fixture
def later(settings: StoreSettings, store: DynamoStore) -> Callable[[float], DynamoStore]:
    """Give the same store so many seconds later."""
    return lambda seconds: DynamoStore(settings, lambda: NOW + seconds)


@pytest.fixture
def workspace() -> WorkspaceId:
    return WorkspaceId(f"workspace-{uuid4()}")
