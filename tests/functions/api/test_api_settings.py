"""The API's settings come from the environment."""

import pytest
from functions.api.settings import ApiSettings


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    role = "arn:aws-cn:iam::123456789012:role/runs"
    monkeypatch.setenv("MILLRACE_STAGE", "prod")
    monkeypatch.setenv("MILLRACE_RUN_ROLE", role)
    monkeypatch.setenv("MILLRACE_FUNCTIONS", '{"steps": "millrace-prod-steps"}')
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    settings = ApiSettings()
    assert (settings.machines.stage, settings.machines.role, settings.machines.region) == ("prod", role, "cn-north-1")
    assert settings.machines.functions == {"steps": "millrace-prod-steps"}


def test_settings_have_defaults_for_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STAGE", "TABLE", "BUCKET", "USER", "RUN_ROLE", "LOG_GROUP_ARN", "FUNCTIONS"):
        monkeypatch.delenv(f"MILLRACE_{name}", raising=False)
    settings = ApiSettings()
    assert (settings.stage, settings.table, settings.bucket, settings.user) == (
        "dev",
        "millrace-dev",
        "millrace-dev",
        "local",
    )
    assert settings.log_group_arn is None
