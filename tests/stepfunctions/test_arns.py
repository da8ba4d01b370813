"""ARNs: what they lead to, and what they refuse."""

import pytest

from millrace.stepfunctions import arns
from millrace.stepfunctions.errors import ApiError

PREFIX = "arn:aws:states:us-east-1:000000000000"
MACHINE = f"{PREFIX}:stateMachine:m"


@pytest.mark.parametrize(
    ("arn", "version", "alias", "label"),
    [
        (MACHINE, None, None, ""),
        (f"{MACHINE}:12", f"{MACHINE}:12", None, ""),
        (f"{MACHINE}:live", None, f"{MACHINE}:live", ""),
        (f"{MACHINE}/each", None, None, "each"),
        (f"{MACHINE}/each:live", None, f"{MACHINE}:live", "each"),
    ],
)
def test_a_machines_arn_may_be_qualified(arn: str, version: str | None, alias: str | None, label: str) -> None:
    reference = arns.machine(arn)
    assert (reference.machine, reference.name) == (MACHINE, "m")
    assert (reference.version, reference.alias, reference.label) == (version, alias, label)


@pytest.mark.parametrize("name", ["a.b", "a-b_c", "\u00fcber", "a(b)+c=d@e!'"])
def test_names_have_many_characters(name: str) -> None:
    arns.check_name(name)
    assert arns.machine(f"{PREFIX}:stateMachine:{name}").name == name
    assert arns.standard_execution(f"{PREFIX}:execution:{name}:{name}")


@pytest.mark.parametrize(
    "name", ["", "a b", "a/b", "a:b", "a*", "a?", "a<", 'a"', "a\x00", "a\x85", "a\ufffe", "n" * 81]
)
def test_some_characters_are_in_no_name(name: str) -> None:
    with pytest.raises(ApiError) as caught:
        arns.check_name(name)
    assert (caught.value.code, caught.value.message) == ("InvalidName", f"Invalid Name: '{name}'")


def test_only_express_executions_of_a_map_run_are_described() -> None:
    child = f"{PREFIX}:express:m/each:name:unique"
    assert arns.execution(child) == child
    with pytest.raises(ApiError, match="Resource type not valid in this context: express"):
        arns.execution(f"{PREFIX}:express:m:name:unique")


@pytest.mark.parametrize("arn", ["x", "arn:aws:s3:::bucket", f"{PREFIX}:stateMachine:", f"{PREFIX}:stateMachine:a:b:c"])
def test_what_is_no_arn_of_a_machine_is_refused(arn: str) -> None:
    with pytest.raises(ApiError) as caught:
        arns.machine(arn)
    assert caught.value.code == "InvalidArn"


def test_executions_are_named_after_their_machine() -> None:
    machine = arns.Arns("eu-west-1", "123456789012").machine("m")
    assert arns.execution_of(machine, "n") == "arn:aws:states:eu-west-1:123456789012:execution:m:n"
    assert arns.express_execution_of(machine, "n", "u") == "arn:aws:states:eu-west-1:123456789012:express:m:n:u"


def test_a_map_run_has_the_label_of_its_state() -> None:
    assert arns.label_of(arns.map_run(f"{PREFIX}:mapRun:m/each:unique")) == "each"
