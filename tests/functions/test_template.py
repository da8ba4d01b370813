"""template.yaml beside the code that it deploys."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from cfnlint.decode import decode
from functions.api.settings import ApiSettings
from functions.observer.settings import ObserverSettings
from functions.people.settings import PeopleSettings
from functions.socket.settings import SocketSettings
from functions.trigger.settings import TriggerSettings
from pydantic_settings import BaseSettings

from millrace.compiler.estimate import MEMORY_GB
from millrace.local.function_host import FUNCTION_SECONDS
from millrace.store.schema import EXPIRES, INDEXES, PROJECTED, description
from tests.functions.invocations import ROOT

TEMPLATE: Final = ROOT / "template.yaml"

TRACES: Final = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
WITHOUT_RESOURCES: Final = TRACES | {
    "states:SendTaskSuccess",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}
"""Actions that cannot be limited to resources (Service Authorization Reference)."""

ISOLATED: Final = {"steps", "code"}
"""Functions that run what users write, and have nothing to give away."""

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


def folder(properties: dict[str, Any]) -> str:
    """Give the folder of a function: its CodeUri's, or the package that its handler is in."""
    uri = str(properties["CodeUri"])
    return uri.removeprefix("functions/") if uri != "functions" else str(properties["Handler"]).split(".")[1]


FUNCTIONS: Final = {
    folder(properties): (name, properties) for name, properties in of_type("AWS::Serverless::Function").items()
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
    module, name = (
        FUNCTIONS[function][1].get("Handler", GLOBALS["Handler"]).removeprefix(f"functions.{function}.").split(".")
    )
    source = (ROOT / "functions" / function / f"{module}.py").read_text()
    assert re.search(rf"^def {name}\(", source, re.MULTILINE)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_whose_modules_import_each_other_is_a_package(function: str) -> None:
    modules = list((ROOT / "functions" / function).glob("*.py"))
    assert (FUNCTIONS[function][1]["CodeUri"] == "functions") == (len(modules) > 1)


@pytest.mark.parametrize("function", sorted(MEMORY_GB))
def test_a_function_has_the_memory_of_the_estimate(function: str) -> None:
    assert FUNCTIONS[function][1]["MemorySize"] == MEMORY_GB[function] * 1024


@pytest.mark.parametrize("function", sorted(MEMORY_GB))
def test_a_function_may_take_as_long_as_in_a_local_run(function: str) -> None:
    assert FUNCTIONS[function][1].get("Timeout", GLOBALS["Timeout"]) == FUNCTION_SECONDS


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_writes_to_a_log_group_that_forgets(function: str) -> None:
    group = of_type("AWS::Logs::LogGroup")[FUNCTIONS[function][1]["LoggingConfig"]["LogGroup"]["Ref"]]
    assert group["RetentionInDays"] > 0
    assert group["LogGroupName"]["Fn::Sub"].endswith(f"-{function}")


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_writes_its_own_log_and_traces_and_an_isolated_one_does_nothing_else(function: str) -> None:
    role = role_of(function)
    assert ("ManagedPolicyArns" not in role) == (function in ISOLATED)
    group = FUNCTIONS[function][1]["LoggingConfig"]["LogGroup"]["Ref"]
    granted = {
        action: statement["Resource"] for statement in statements(role) for action in listed(statement["Action"])
    }
    own_log = {"Fn::GetAtt": [group, "Arn"]}
    expected = {"logs:CreateLogStream": own_log, "logs:PutLogEvents": own_log, **dict.fromkeys(TRACES, "*")}
    assert granted == expected if function in ISOLATED else expected.items() <= granted.items()


@pytest.mark.parametrize("role", sorted(of_type("AWS::IAM::Role") | of_type("AWS::IAM::ManagedPolicy")))
def test_no_statement_is_wider_than_it_must_be(role: str) -> None:
    roles, policies = of_type("AWS::IAM::Role"), of_type("AWS::IAM::ManagedPolicy")
    stated = statements(roles[role]) if role in roles else policies[role]["PolicyDocument"]["Statement"]
    for statement in stated:
        actions = set(listed(statement["Action"]))
        assert not [action for action in actions if "*" in action]
        assert "*" not in listed(statement["Resource"]) or actions <= WITHOUT_RESOURCES
        assert not {"NotAction", "NotResource"} & set(statement)


def test_runs_may_invoke_the_functions_that_nodes_need_and_start_workflows() -> None:
    role = of_type("AWS::IAM::Role")["RunRole"]
    stated = {statement["Sid"]: statement for statement in statements(role)}
    assert set(stated) == {"InvokeFunctions", "StartWorkflows", "WaitForWorkflows", "LearnOfEnds", "WriteExecutionLogs"}
    assert stated["InvokeFunctions"]["Action"] == "lambda:InvokeFunction"
    assert sorted(one["Fn::GetAtt"] for one in stated["InvokeFunctions"]["Resource"]) == sorted(
        [FUNCTIONS[function][0], "Arn"] for function in MEMORY_GB
    )
    for statement in ("StartWorkflows", "WaitForWorkflows"):
        assert stated[statement]["Resource"]["Fn::Sub"].endswith(":millrace-${Stage}-*")
    assert "ManagedPolicyArns" not in role


def test_the_table_is_the_stores() -> None:
    (table,) = of_type("AWS::DynamoDB::Table").values()
    stores = description("")
    assert table["AttributeDefinitions"] == stores["AttributeDefinitions"]
    assert table["KeySchema"] == stores["KeySchema"]
    indexes = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
    for index in stores["GlobalSecondaryIndexes"]:
        assert indexes[index["IndexName"]]["KeySchema"] == index["KeySchema"]
        assert set(indexes[index["IndexName"]]["Projection"]["NonKeyAttributes"]) == set(PROJECTED)
    assert set(indexes) == set(INDEXES)
    assert table["TimeToLiveSpecification"] == {"AttributeName": EXPIRES, "Enabled": True}


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        ("api", ApiSettings),
        ("people", PeopleSettings),
        ("observer", ObserverSettings),
        ("trigger", TriggerSettings),
        ("socket", SocketSettings),
    ],
)
def test_a_function_gets_what_its_settings_read(function: str, settings: type[BaseSettings]) -> None:
    given = {name.removeprefix("MILLRACE_").lower() for name in FUNCTIONS[function][1]["Environment"]["Variables"]}
    assert given <= set(settings.model_fields)
    assert set(settings.model_fields) - given <= {"user", "region", "socket_url"}


def test_the_functions_that_workflows_call_are_named_for_the_compiler() -> None:
    for function in ("api", "trigger"):
        named = json.loads(FUNCTIONS[function][1]["Environment"]["Variables"]["MILLRACE_FUNCTIONS"]["Fn::Sub"])
        assert named == {name: f"${{{FUNCTIONS[name][0]}}}" for name in MEMORY_GB}


def test_nobody_reaches_the_apis_without_permission() -> None:
    (api,) = of_type("AWS::Serverless::HttpApi").values()
    assert api["Auth"] == {"EnableIamAuthorizer": True, "DefaultAuthorizer": "AWS_IAM"}
    open_paths = [
        event["Properties"]["Path"]
        for _, properties in FUNCTIONS.values()
        for event in properties.get("Events", {}).values()
        if event["Properties"].get("Auth", {}).get("Authorizer") == "NONE"
    ]
    assert open_paths == ["/hooks/{proxy+}"]
    connect = [route for route in of_type("AWS::ApiGatewayV2::Route").values() if route["RouteKey"] == "$connect"]
    assert [route["AuthorizationType"] for route in connect] == ["AWS_IAM"]


def test_the_outputs_name_what_workflows_call_and_where_the_apis_are() -> None:
    outputs = {name: output["Value"] for name, output in DOCUMENT["Outputs"].items()}
    functions = {f"{FUNCTIONS[name][0]}Name": {"Ref": FUNCTIONS[name][0]} for name in MEMORY_GB}
    apis = {"ApiUrl": outputs["ApiUrl"], "SocketUrl": outputs["SocketUrl"]}
    assert outputs == {**functions, **apis, "RunRoleArn": {"Fn::GetAtt": ["RunRole", "Arn"]}}


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
