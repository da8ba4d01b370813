"""How Step Functions spells services, actions, members and errors: as AWS's SDKs for Java do.

Sources: AWS Step Functions Developer Guide, "Using AWS SDK service integrations" (names of services, PascalCase) and,
for how names are made, the AWS SDK for Java 2.x code generator (`CodegenNamingUtils`, `DefaultNamingStrategy`).
"""

import re
from functools import lru_cache
from typing import Final

# Services whose folder in botocore is named otherwise than their id.
_FOLDERS: Final = {
    "applicationdiscovery": "discovery",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "costandusagereport": "cur",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "directory": "ds",
    "directoryservicedata": "ds-data",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearch": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuilding": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntimev2": "lexv2-runtime",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "pinpointsmsvoice": "sms-voice",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "stepfunctions",
    "simpledb": "sdb",
}


@lru_cache(maxsize=4096)
def uncapitalized(name: str) -> str:
    """Spell a name as a Java method: DBInstance is dbInstance, ETag is eTag, MD5OfBody is md5OfBody."""
    end = 1
    while end < len(name) and name[end].isupper() and not (end + 1 < len(name) and name[end + 1].islower()):
        end += 1
    return name[:end].lower() + name[end:]


@lru_cache(maxsize=4096)
def sdk_member(name: str) -> str:
    """Spell a member of an `aws-sdk` request or response: SSESpecification is SseSpecification."""
    return optimised_member(uncapitalized(name))


def optimised_member(name: str) -> str:
    """Spell a member of an optimised integration's request or response: taskArn is TaskArn."""
    return name[:1].upper() + name[1:]


@lru_cache(maxsize=512)
def sdk_service(service_id: str) -> str:
    """Give the name of a service in error names and causes, from the id in its model: "SFN" is "Sfn"."""
    text = re.sub(r"[^A-Za-z0-9]+", " ", service_id)
    text = re.sub(r"([^a-z]{2,})v([0-9]+)", r"\1 v\2 ", text)
    text = re.sub(r"([^A-Z]{2,})V([0-9]+)", r"\1 V\2 ", text)
    text = " ".join(re.split(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])", text))
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    text = re.sub(r"([0-9])([a-zA-Z])", r"\1 \2", text)
    name = "".join(word.capitalize() for word in text.split())
    return name.removeprefix("Amazon").removeprefix("Aws").removesuffix("Service")


def folders(service: str) -> tuple[str | None, str]:
    """Give what a service of a Resource ARN may be called by botocore: a folder known to differ, and the plain name.

    The plain name is to be compared without hyphens: `emrserverless` is `emr-serverless`.
    """
    return _FOLDERS.get(service), service


@lru_cache(maxsize=1024)
def exception(shape: str) -> str:
    """Give the class of an error: NoSuchKey is NoSuchKeyException, ResourceNotFoundFault ResourceNotFoundException."""
    name = optimised_member(shape)
    if name.endswith("Exception"):
        return name
    return f"{name.removesuffix('Fault')}Exception"
