"""The layer: built by its own Makefile, for this machine and from the packages that `make setup` has fetched."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.functions.invocations import EVENTS, ROOT

MAKEFILE = ROOT / "layers" / "core" / "Makefile"
TERMINAL = {"click", "rich", "pygments", "markdown-it-py", "mdurl"}
RUNTIME = {"ministack", "uvicorn", "httptools", "websockets", "greenlet"}
"""What the embedded runtime alone needs."""
LIMIT_BYTES = 250 * 1024 * 1024
"""What a function and its layers may have, unzipped (Lambda quotas, "Deployment package size")."""

# Only the layer is on the path; a name that httpx or a node needs and the layer lacks would end this.
INVOKE = """
import importlib.util, json, sys
layer, function, event = sys.argv[1:]
sys.path.append(layer + "/python")
spec = importlib.util.spec_from_file_location("app", function + "/app.py")
app = importlib.util.module_from_spec(spec)
spec.loader.exec_module(app)
try:
    print(json.dumps(app.handler(json.load(open(event, encoding="utf-8")), None)["output"]))
except Exception as error:
    print(json.dumps(type(error).__name__))
"""

IMPORT = """
import importlib, sys
layer, built, function = sys.argv[1:]
sys.path[:0] = [built, layer + "/python"]
handler = importlib.import_module(f"functions.{function}.app").handler
print(handler.__module__, handler.__name__)
"""


def make(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "UV_"))}
    environment |= {"UV_OFFLINE": "1", "UV_PYTHON": sys.executable}
    for name in ("UV_CACHE_DIR", "XDG_CACHE_HOME"):
        environment |= {name: os.environ[name]} if name in os.environ else {}
    variables = {"UV": str(Path(sys.executable).with_name("uv")), **variables}
    assigned = [f"{name}={value}" for name, value in variables.items()]
    command = ["make", "--silent", "--file", str(MAKEFILE), *arguments, *assigned]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


def build(folder: Path) -> "subprocess.CompletedProcess[str]":
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return make("build-CoreLayer", ARTIFACTS_DIR=str(folder), LAYER_PYTHON=python, LAYER_PLATFORM="")


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layer")
    done = build(folder)
    if re.search(r"network (was|connectivity is) disabled", done.stderr, re.IGNORECASE):
        pytest.skip("uv's cache does not hold the locked packages; `uv sync --reinstall` fetches them")
    assert done.returncode == 0, done.stderr
    return folder


def requirements() -> dict[str, str]:
    done = make("requirements")
    assert done.returncode == 0, done.stderr
    lines = [line.partition(";")[0].strip() for line in done.stdout.splitlines()]
    return dict(line.split("==") for line in lines if line)


def test_requirements_are_pinned_as_locked() -> None:
    locked = {
        package["name"]: package["version"] for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    }
    required = requirements()
    assert required
    assert required.items() <= locked.items()


def test_requirements_are_those_of_the_package_without_the_terminals_and_the_runtimes() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    names = {re.split(r"[^\w-]", line)[0] for line in declared["project"]["dependencies"]}
    tools = {re.split(r"[^\w-]", line)[0] for line in declared["dependency-groups"]["dev"]}
    required = set(requirements())
    assert names - TERMINAL - RUNTIME <= required
    assert not required & (TERMINAL | RUNTIME | tools)


def test_the_layer_leaves_out_what_functions_do_not_carry(layer: Path) -> None:
    package = layer / "python" / "millrace"
    assert {path.name for path in package.iterdir() if path.is_dir()} == {
        path.parent.name for path in (ROOT / "src" / "millrace").glob("*/__init__.py")
    } - {"cli", "engine", "integrations", "local", "stepfunctions"}
    assert not [name for name in ("click", "rich", "pygments") if (layer / "python" / name).exists()]
    assert not list(package.rglob("__pycache__"))
    assert {path.name for path in layer.iterdir()} == {"bin", "python"}


def test_the_layer_fits_into_lambda(layer: Path) -> None:
    assert sum(path.stat().st_size for path in layer.rglob("*") if path.is_file()) < LIMIT_BYTES


@pytest.mark.parametrize(
    ("function", "event", "output"),
    [
        ("code", "code-javascript", {"id": "A-1041", "total": 94}),
        ("code", "code-python", "bulb"),
        ("steps", "transform-jmespath", ["bulb"]),
        ("steps", "http", "Http.Refused"),
    ],
)
def test_the_functions_need_nothing_but_the_layer(layer: Path, function: str, event: str, output: object) -> None:
    arguments = [str(layer), str(ROOT / "functions" / function), str(EVENTS / f"{event}.json")]
    command = [sys.executable, "-I", "-S", "-B", "-c", INVOKE, *arguments]
    environment = {"PATH": str(layer / "bin")}  # Lambda has /opt/bin on PATH
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == output


@pytest.mark.parametrize("function", ["api", "observer", "people", "socket", "trigger"])
def test_the_functions_of_several_modules_are_built_to_be_imported(layer: Path, tmp_path: Path, function: str) -> None:
    target = f"build-{function.capitalize()}Function"
    done = subprocess.run(
        ["make", "--silent", target, f"ARTIFACTS_DIR={tmp_path}"],
        cwd=ROOT / "functions", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-I", "-S", "-B", "-c", IMPORT, str(layer), str(tmp_path), function]
    environment = {"PATH": str(layer / "bin"), "AWS_REGION": "us-east-1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"functions.{function}.app handler\n"


def test_building_nowhere_is_refused() -> None:
    done = make("build-CoreLayer")
    assert done.returncode != 0
    assert "ARTIFACTS_DIR" in done.stderr
