from typing import Any

import botocore.session
import pytest

from millrace.integrations import naming


@pytest.mark.parametrize(
    ("model", "sdk", "optimised"),
    [
        ("ETag", "ETag", "ETag"),
        ("MD5OfMessageBody", "Md5OfMessageBody", "MD5OfMessageBody"),
        ("SSESpecification", "SseSpecification", "SSESpecification"),
        ("DBInstanceIdentifier", "DbInstanceIdentifier", "DBInstanceIdentifier"),
        ("ChecksumCRC32", "ChecksumCRC32", "ChecksumCRC32"),
        ("taskArn", "TaskArn", "TaskArn"),
        ("ACL", "Acl", "ACL"),
    ],
)
def test_members_are_spelled(model: str, sdk: str, optimised: str) -> None:
    assert (naming.sdk_member(model), naming.optimised_member(model)) == (sdk, optimised)


@pytest.mark.parametrize(
    ("service_id", "name"),
    [
        ("DynamoDB", "DynamoDb"),
        ("SFN", "Sfn"),
        ("S3", "S3"),
        ("CloudWatch Logs", "CloudWatchLogs"),
        ("Elastic Load Balancing v2", "ElasticLoadBalancingV2"),
        ("WAFV2", "Wafv2"),
        ("IoT", "Iot"),
        ("Config Service", "Config"),
        ("SageMaker A2I Runtime", "SageMakerA2IRuntime"),
    ],
)
def test_services_are_named(service_id: str, name: str) -> None:
    assert naming.sdk_service(service_id) == name


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ("NoSuchKey", "NoSuchKeyException"),
        ("ResourceNotFoundException", "ResourceNotFoundException"),
        ("DBInstanceNotFoundFault", "DBInstanceNotFoundException"),
    ],
)
def test_errors_are_classes(shape: str, name: str) -> None:
    assert naming.exception(shape) == name


def test_folders_that_are_named_otherwise_exist() -> None:
    session: Any = botocore.session.Session()
    known: set[str] = set(session.get_available_services())
    plain = {name.replace("-", "") for name in known}
    for service in ("sfn", "cloudwatchlogs", "eventbridge", "costexplorer", "simpledb"):
        folder, _ = naming.folders(service)
        assert folder in known
        assert service not in plain
