"""What the result of a service integration looks like, by the service's model.

Sources: the service models of botocore; AWS Step Functions Developer Guide, "Integrating services" (which answer a
.sync integration gives).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol, cast

import botocore.session

from millrace.engine.resource import Integration, Pattern, Resource
from millrace.integrations.naming import folders, optimised_member, sdk_member


class Shape(Protocol):
    """A shape of a service's model; structures, lists and maps have more."""

    @property
    def type_name(self) -> str:
        """The type: "structure", "list", "string", "timestamp", ..."""
        ...

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The constraints: "min", "max", "enum", ..."""
        ...


# Optimised integrations that are named otherwise than their service's model.
_MODELS: Final = {"states": "stepfunctions", "elasticmapreduce": "emr"}
# Integrations whose result no model describes: the Developer Guide gives them results of their own.
_UNMODELLED: Final = frozenset(
    {
        ("apigateway", "invoke"),
        ("http", "invoke"),
        ("eks", "call"),
        ("eks", "runJob"),
        ("bedrock", "invokeModel"),
    }
)
# What a .sync integration answers: the operation that Step Functions asks until the job has ended, and where the job
# is in that answer. The result of others is not checked.
_POLLED: Final[Mapping[tuple[str, str], tuple[str, tuple[str, ...]]]] = {
    ("states", "startExecution"): ("DescribeExecution", ()),
    ("batch", "submitJob"): ("DescribeJobs", ("jobs",)),
    ("ecs", "runTask"): ("DescribeTasks", ("tasks",)),
    ("glue", "startJobRun"): ("GetJobRun", ("JobRun",)),
    ("athena", "startQueryExecution"): ("GetQueryExecution", ()),
    ("sagemaker", "createTrainingJob"): ("DescribeTrainingJob", ()),
    ("sagemaker", "createTransformJob"): ("DescribeTransformJob", ()),
    ("sagemaker", "createProcessingJob"): ("DescribeProcessingJob", ()),
    ("sagemaker", "createHyperParameterTuningJob"): ("DescribeHyperParameterTuningJob", ()),
    ("sagemaker", "createLabelingJob"): ("DescribeLabelingJob", ()),
}


@dataclass(frozen=True, slots=True)
class ResultShape:
    """What a task's result looks like.

    Attributes:
        shape: The result's shape in the service's model.
        spelled: How Step Functions spells a member of the model.
        free: Members that may be any JSON, whatever the model says.
    """

    shape: Shape
    spelled: Callable[[str], str]
    free: frozenset[str] = frozenset()

    def members(self, shape: Shape) -> Mapping[str, Shape]:
        """List a structure's members by the names that workflows see."""
        return {self.spelled(name): member for name, member in cast("Any", shape).members.items()}

    def required(self, shape: Shape) -> tuple[str, ...]:
        """List the members that a structure must have, in the model's order."""
        return tuple(self.spelled(name) for name in cast("Any", shape).required_members)


def element(shape: Shape) -> Shape:
    """Give the shape of a list's items, or of a map's values."""
    return cast("Shape", cast("Any", shape).member if shape.type_name == "list" else cast("Any", shape).value)


def result_shape(resource: Resource) -> ResultShape | None:
    """Give the shape of a task's result; None where no service's model says what it is.

    Functions and activities answer what they like, and so does whoever sends a token back.
    """
    if resource.integration is not Integration.SERVICE or resource.pattern is Pattern.TOKEN:
        return None
    service = resource.service.removeprefix("aws-sdk:")
    is_sdk = service != resource.service
    action = resource.action.partition(".")[0]
    if not is_sdk and (service, action) in _UNMODELLED:
        return None
    path: tuple[str, ...] = ()
    if resource.pattern is Pattern.SYNC:
        polled = _POLLED.get((service, action))
        if polled is None:
            return None
        action, path = polled
    shape = _output(service if is_sdk else _MODELS.get(service, service), action)
    if shape is None:
        return None
    # The optimised Lambda integration reads the function's payload for the workflow.
    free = frozenset({"Payload"} if resource.service == "lambda" else ())
    return ResultShape(_at(shape, path), sdk_member if is_sdk else optimised_member, free)


@cache
def _session() -> Any:
    return botocore.session.Session()


@cache
def _models() -> dict[str, str]:
    """Name the models by their folders without hyphens."""
    return {name.replace("-", ""): name for name in cast("Iterable[str]", _session().get_available_services())}


def _output(service: str, action: str) -> Shape | None:
    """Give the shape of an operation's answer; None for an unknown operation, or one that answers nothing."""
    folder, plain = folders(service)
    name = folder or _models().get(plain.replace("-", ""))
    if name is None:
        return None
    model = _session().get_service_model(name)
    for operation in model.operation_names:
        if operation.lower() == action.lower():
            return cast("Shape | None", model.operation_model(operation).output_shape)
    return None


def _at(shape: Shape, path: tuple[str, ...]) -> Shape:
    for name in path:
        shape = cast("Shape", cast("Any", shape).members[name])
        if shape.type_name == "list":
            shape = element(shape)
    return shape
