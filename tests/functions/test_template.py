"""template.yaml beside the code that it deploys."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from cfnlint.decode import decode

from millrace.compiler.estimate import MEMORY_GB
from millrace.local.function_host import FUNCTION_SECONDS
from tests.functions.invocations import ROOT

TEMPLATE: Final = ROOT / "template.yaml"

WITHOUT_RESOURCES: Final = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
"""Actions that cannot be limited to resources (Service Authorization Reference)."""

GLIBC: Final = {f"python3.{minor}": (2, 34) for minor in (12, 13, 14)}
"""The C library of the runtimes on Amazon Linux 2023 (Lambda Developer Guide, "Lambda runtimes")."""


def _template() -> dict[str, Any]:
    template, problems = decode(str(TEMPLATE))
    assert not problems
    assert template is not None
    return template


DOCUMENT: Final = _template()
GLOBALS: Final[dict[str, Any]] = DOCUMENT["Globals"]["Function"]


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    resources = DOCUMENT["Resources"].items()
    return {name: resource["Properties"] for name, resource in resources if resource["Type"] == kind}


FUNCTIONS: Final = {
    str(properties["CodeUri"]).removeprefix("functions/"): (name, properties)
    for name, properties in of_type("AWS::Serverless::Function").items()
}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType] -- YAML has no types


def statements(role: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for policy in role.get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]


def role_of(function: str) -> dict[str, Any]:
    role, attribute = FUNCTIONS[function][1]["Role"]["Fn::GetAtt"]
    assert attribute == "Arn"
    return of_type("AWS::IAM::Role")[role]


def test_cfn_lint_finds_nothing() -> None:
    command = [str(Path(sys.executable).with_name("cfn-lint")), str(TEMPLATE)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_function_folder_is_in_the_template() -> None:
    assert set(FUNCTIONS) == {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_has_its_handler(function: str) -> None:
    module, name = FUNCTIONS[function][1].get("Handler", GLOBALS["Handler"]).split(".")
    source = (ROOT / "functions" / function / f"{module}.py").read_text()
    assert re.search(rf"^def {name}\(", source, re.MULTILINE)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_has_the_memory_of_the_estimate(function: str) -> None:
    assert FUNCTIONS[function][1]["MemorySize"] == MEMORY_GB[function] * 1024


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_may_take_as_long_as_in_a_local_run(function: str) -> None:
    assert FUNCTIONS[function][1].get("Timeout", GLOBALS["Timeout"]) == FUNCTION_SECONDS


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_writes_to_a_log_group_that_forgets(function: str) -> None:
    group = of_type("AWS::Logs::LogGroup")[FUNCTIONS[function][1]["LoggingConfig"]["LogGroup"]["Ref"]]
    assert group["RetentionInDays"] > 0
    assert group["LogGroupName"]["Fn::Sub"].endswith(f"-{function}")


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_may_only_write_its_own_log_and_traces(function: str) -> None:
    role = role_of(function)
    assert "ManagedPolicyArns" not in role
    group = FUNCTIONS[function][1]["LoggingConfig"]["LogGroup"]["Ref"]
    granted = {
        action: statement["Resource"] for statement in statements(role) for action in listed(statement["Action"])
    }
    own_log = {"Fn::GetAtt": [group, "Arn"]}
    assert granted == {
        "logs:CreateLogStream": own_log,
        "logs:PutLogEvents": own_log,
        **dict.fromkeys(WITHOUT_RESOURCES, "*"),
    }


@pytest.mark.parametrize("role", sorted(of_type("AWS::IAM::Role")))
def test_no_statement_is_wider_than_it_must_be(role: str) -> None:
    for statement in statements(of_type("AWS::IAM::Role")[role]):
        actions = set(listed(statement["Action"]))
        assert not [action for action in actions if "*" in action]
        assert "*" not in listed(statement["Resource"]) or actions <= WITHOUT_RESOURCES
        assert not {"NotAction", "NotResource"} & set(statement)


def test_runs_may_invoke_the_functions_and_nothing_else() -> None:
    role = of_type("AWS::IAM::Role")["RunRole"]
    (statement,) = statements(role)
    assert statement["Action"] == "lambda:InvokeFunction"
    assert sorted(one["Fn::GetAtt"] for one in statement["Resource"]) == sorted(
        [name, "Arn"] for name, _ in FUNCTIONS.values()
    )
    assert "ManagedPolicyArns" not in role


def test_the_outputs_name_every_function_and_the_run_role() -> None:
    outputs = {name: output["Value"] for name, output in DOCUMENT["Outputs"].items()}
    functions = {f"{name}Name": {"Ref": name} for name, _ in FUNCTIONS.values()}
    assert outputs == {**functions, "RunRoleArn": {"Fn::GetAtt": ["RunRole", "Arn"]}}


def test_the_layer_is_built_for_what_the_functions_run_on() -> None:
    command = ["make", "--dry-run", "--file", "layers/core/Makefile", "build-CoreLayer", "ARTIFACTS_DIR=layer"]
    recipe = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=True).stdout
    found = re.search(r"--python-version (\S+) --python-platform (\w+)-manylinux_(\d+)_(\d+)", recipe)
    assert found
    python, machine, major, minor = found.groups()
    runtime: str = GLOBALS["Runtime"]
    assert runtime == f"python{python}"
    assert GLOBALS["Architectures"] == [{"aarch64": "arm64", "x86_64": "x86_64"}[machine]]
    assert (int(major), int(minor)) <= GLIBC[runtime]
    layer = of_type("AWS::Serverless::LayerVersion")["CoreLayer"]
    assert layer["CompatibleRuntimes"] == [runtime]
    assert layer["CompatibleArchitectures"] == GLOBALS["Architectures"]


def test_every_stage_has_its_deployment() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    stages = {name: settings["deploy"]["parameters"] for name, settings in config.items() if name != "version"}
    assert set(stages) == set(DOCUMENT["Parameters"]["Stage"]["AllowedValues"])
    for stage, parameters in stages.items():
        assert parameters["parameter_overrides"] == f"Stage={stage}"
        assert parameters["stack_name"] == f"millrace-{stage}"
