"""MiniStack as the runtime hosts it: what it has acknowledged survives SIGKILL."""

import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from millrace.local.emulator import damaged_state, emulator_environment
from tests.local.runtime.conftest import free_ports

CONFIG = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


@contextmanager
def emulator(folder: Path) -> Generator[tuple[subprocess.Popen[bytes], str]]:
    port = free_ports(1)
    command = [sys.executable, "-m", "millrace.local.emulator", "--port", str(port)]
    with subprocess.Popen(command, env={**os.environ, **emulator_environment(folder)}) as process:
        try:
            wait_until_it_serves(port)
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def wait_until_it_serves(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/_ministack/health").raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return


@contextmanager
def client(service: str, url: str) -> Generator[Any]:
    made = cast("Any", boto3).client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=CONFIG,
    )
    try:
        yield made
    finally:
        made.close()


def test_objects_and_buckets_survive_a_kill(tmp_path: Path) -> None:
    with emulator(tmp_path) as (_, url), client("s3", url) as s3:
        s3.create_bucket(Bucket="millrace")
        s3.put_object(Bucket="millrace", Key="runs/1/a", Body=b"x" * 300_000)
    with emulator(tmp_path) as (_, url), client("s3", url) as s3:
        assert s3.get_object(Bucket="millrace", Key="runs/1/a")["Body"].read() == b"x" * 300_000
        s3.create_bucket(Bucket="millrace")


def test_an_empty_bucket_survives_a_kill(tmp_path: Path) -> None:
    with emulator(tmp_path) as (_, url), client("s3", url) as s3:
        s3.create_bucket(Bucket="empty")
    with emulator(tmp_path) as (_, url), client("s3", url) as s3:
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["empty"]


@pytest.mark.parametrize("kill_at_once", [True, False], ids=["killed", "stopped"])
def test_what_is_acknowledged_is_written(tmp_path: Path, kill_at_once: bool) -> None:
    with emulator(tmp_path) as (process, url):
        with client("secretsmanager", url) as secrets:
            secrets.create_secret(Name="key", SecretString="value")
        if not kill_at_once:
            process.terminate()
            process.wait(20)
    with emulator(tmp_path) as (_, url), client("secretsmanager", url) as secrets:
        assert secrets.get_secret_value(SecretId="key")["SecretString"] == "value"


def test_a_refusal_is_passed_on(tmp_path: Path) -> None:
    with (
        emulator(tmp_path) as (_, url),
        client("secretsmanager", url) as secrets,
        pytest.raises(ClientError) as refusal,
    ):
        secrets.get_secret_value(SecretId="missing")
    assert cast("Any", refusal.value).response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_damaged_state_is_found(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "kms.json").write_text("{}")
    assert damaged_state(tmp_path) is None
    (state / "s3.json").write_text('{"half')
    assert damaged_state(tmp_path) == state / "s3.json"
