from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.integrations.errors import ArgumentsError
from millrace.integrations.shapes import OPTIMISED, SDK, decode, encode, missing
from millrace.model import Json


def operation(service: str, name: str) -> Any:
    session: Any = botocore.session.Session()
    return session.get_service_model(service).operation_model(name)


ECS = operation("ecs", "RunTask")
DYNAMODB = operation("dynamodb", "PutItem")
KMS = operation("kms", "Encrypt")


def test_members_of_nested_objects_are_spelled_as_in_the_model() -> None:
    arguments: Json = {
        "TaskDefinition": "t",
        "Count": "2",
        "Overrides": {"ContainerOverrides": [{"Name": "c", "Environment": [{"Name": "A", "Value": {"x": 1}}]}]},
        "EnableExecuteCommand": "true",
        "Cluster": None,
    }
    assert encode(ECS.input_shape, arguments, OPTIMISED) == {
        "taskDefinition": "t",
        "count": 2,
        "overrides": {"containerOverrides": [{"name": "c", "environment": [{"name": "A", "value": '{"x":1}'}]}]},
        "enableExecuteCommand": True,
    }


@pytest.mark.parametrize("wrong", [{"taskDefinition": "t"}, {"Count": "many"}, {"Overrides": []}, {"Count": True}, []])
def test_arguments_that_do_not_fit_are_refused(wrong: Json) -> None:
    with pytest.raises(ArgumentsError):
        encode(ECS.input_shape, wrong, OPTIMISED)


def test_what_a_call_lacks_is_named() -> None:
    assert missing(ECS.input_shape, {}) == "taskDefinition"
    assert missing(ECS.input_shape, {"taskDefinition": "t"}) is None


def test_keys_of_maps_are_not_members() -> None:
    item: Json = {"lower": {"M": {"Inner": {"B": "AAE="}}}}
    encoded = encode(DYNAMODB.input_shape, {"TableName": "t", "Item": item}, SDK, "dynamodb")
    assert encoded["Item"] == {"lower": {"M": {"Inner": {"B": b"\x00\x01"}}}}
    assert decode(DYNAMODB.output_shape, {"Attributes": encoded["Item"]}, SDK, "dynamodb") == {"Attributes": item}


def test_ciphertext_is_base64_and_plain_blobs_are_text() -> None:
    assert encode(KMS.input_shape, {"KeyId": "k", "Plaintext": "text"}, SDK, "kms")["Plaintext"] == b"text"
    assert decode(KMS.output_shape, {"CiphertextBlob": b"ab", "ResponseMetadata": {}}, SDK, "kms") == {
        "CiphertextBlob": "YWI="
    }


def test_times_are_iso_text_or_milliseconds() -> None:
    shape = ECS.output_shape
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    answer = {"tasks": [{"createdAt": moment, "startedAt": moment.replace(microsecond=0)}]}
    assert decode(shape, answer, SDK) == {
        "Tasks": [{"CreatedAt": "2026-01-02T03:04:05.678Z", "StartedAt": "2026-01-02T03:04:05Z"}]
    }
    assert decode(shape, answer, OPTIMISED)["Tasks"] == [{"CreatedAt": 1767323045678, "StartedAt": 1767323045000}]


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year > 1))
def test_a_time_that_is_read_is_the_time_that_was_written(moment: datetime) -> None:
    text = SDK.time(moment)
    assert isinstance(text, str)
    assert abs(datetime.fromisoformat(text) - moment) < timedelta(milliseconds=1)
