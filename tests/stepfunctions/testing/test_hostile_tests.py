"""Whatever is asked for, TestState and ValidateStateMachineDefinition answer or refuse; they never break."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from millrace.engine.resource import Resource
from millrace.model.json import Json
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.testing.result_check import FieldValidationMode, check_result
from millrace.stepfunctions.validation import validate_definition
from tests.stepfunctions.testing.calls import INVOKE, call, result

# The names that definitions and results have, so that values get past the first check.
NAMES = st.sampled_from(
    [
        "Item",
        "ConsumedCapacity",
        "TableName",
        "CapacityUnits",
        "id",
        "S",
        "M",
        "L",
        "Execution",
        "State",
        "Task",
        "Token",
    ]
)
FIELDS = st.sampled_from(
    [
        "Type",
        "States",
        "StartAt",
        "S",
        "Next",
        "End",
        "Choices",
        "Branches",
        "Parameters",
        "Result",
        "Catch",
        "Not",
        "a.$",
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["$.a", "S", "Pass", "Choice", "Fail", "Map"])
)


def values(names: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
    )


def refused(action: Callable[[], object]) -> str | None:
    """Do something; give the code of the error that it answers, None when it does not."""
    try:
        action()
    except ApiError as error:
        return error.code
    return None


@given(values(NAMES), st.sampled_from(FieldValidationMode))
def test_any_result_passes_or_is_refused(mocked: Json, mode: FieldValidationMode) -> None:
    resource = Resource.parse("arn:aws:states:::dynamodb:getItem")
    allowed = {None} if mode is FieldValidationMode.NONE else {None, "ValidationException"}
    assert refused(lambda: check_result(mocked, resource, mode)) in allowed


@given(values(FIELDS))
def test_any_definition_is_validated(definition: Json) -> None:
    answer: Any = validate_definition({"definition": json.dumps(definition), "severity": "WARNING"})
    failed = any(each["severity"] == "ERROR" for each in answer["diagnostics"])
    assert answer["result"] == ("FAIL" if failed else "OK")


@given(values(FIELDS))
def test_any_state_is_tested_or_refused(state: Json) -> None:
    code = refused(lambda: call(definition=state, inspectionLevel="TRACE"))
    assert code in (None, "InvalidDefinition", "ValidationException")


@given(values(NAMES))
def test_any_context_object_is_taken_or_refused(context: Json) -> None:
    code = refused(lambda: call(definition=INVOKE, mock=result({}), context=context))
    assert code in (None, "ValidationException")
