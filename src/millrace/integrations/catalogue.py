"""The optimised integrations that are calls of one operation, and the jobs that `.sync` waits for.

Arguments, answers and descriptions are in Step Functions' spelling throughout; expressions are JMESPath.
Source: AWS Step Functions Developer Guide, "Integrating services" and the page of each service.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from millrace.integrations.failures import OptimisedFailures

_WHOLE: Final = "@"


@dataclass(frozen=True, slots=True)
class Job:
    """What `.sync` waits for.

    Attributes:
        describe: The operation that describes the job.
        key: Makes its arguments of {start: the action's answer, arguments: the task's arguments}.
        status: Finds the status in the description.
        done, failed: The statuses that end the job.
        result: Makes the task's result of the description.
        stop: The operation that stops the job and what makes its arguments of the same as `key`.
        gone: The job is done when its description is refused with this error.
    """

    describe: str
    key: str
    status: str
    done: frozenset[str]
    failed: frozenset[str] = frozenset()
    result: str = _WHOLE
    stop: tuple[str, str] | None = None
    gone: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One action.

    Attributes:
        operation: The operation's name.
        request: Makes the operation's arguments of the task's.
        answer: Makes the task's result of the operation's answer.
        job: What `.sync` waits for; None where the action has no `.sync`.
        folder: botocore's name of the service where it is not that of the action's service.
    """

    operation: str
    job: Job | None = None
    request: str = _WHOLE
    answer: str = _WHOLE
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """The optimised integration of a service.

    Attributes:
        folder: botocore's name of the service.
        metadata: Results tell of the HTTP exchange.
    """

    folder: str
    failures: OptimisedFailures
    actions: Mapping[str, Action]
    metadata: bool = field(default=True, kw_only=True)


def _failures(service: str, product: str) -> OptimisedFailures:
    return OptimisedFailures(service, product, f"{product}Exception")


def _simple(*operations: str) -> dict[str, Action]:
    return {name[:1].lower() + name[1:]: Action(name) for name in operations}


def _ends(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


def _sagemaker(kind: str) -> Action:
    name = f"{kind}Name"
    job = Job(
        f"Describe{kind}",
        f"{{{name}: arguments.{name}}}",
        f"{kind}Status",
        _ends("Completed"),
        _ends("Failed", "Stopped"),
        stop=(f"Stop{kind}", f"{{{name}: arguments.{name}}}"),
    )
    return Action(f"Create{kind}", job)


def _eks(thing: str, key: str, *, delete: bool) -> Action:
    describe, status = f"Describe{thing}", f"{thing}.Status"
    if delete:
        job = Job(describe, key, status, _ends(), _ends("DELETE_FAILED"), gone="ResourceNotFoundException")
        return Action(f"Delete{thing}", job)
    return Action(f"Create{thing}", Job(describe, key, status, _ends("ACTIVE"), _ends("FAILED", "CREATE_FAILED")))


def _serverless(operation: str, status: str) -> Action:
    key = "{ApplicationId: start.ApplicationId || arguments.ApplicationId}"
    return Action(
        operation, Job("GetApplication", key, "Application.State", _ends(status), _ends("TERMINATED") - {status})
    )


_CLUSTER: Final = "{Name: arguments.Name}"
_FARGATE: Final = "{ClusterName: arguments.ClusterName, FargateProfileName: arguments.FargateProfileName}"
_NODEGROUP: Final = "{ClusterName: arguments.ClusterName, NodegroupName: arguments.NodegroupName}"
_BUILD_ENDS: Final = _ends("FAILED", "FAULT", "STOPPED", "TIMED_OUT")
_BATCH_JOB: Final = Job(
    "BatchGetBuildBatches",
    "{Ids: [start.BuildBatch.Id]}",
    "BuildBatches[0].BuildBatchStatus",
    _ends("SUCCEEDED"),
    _BUILD_ENDS,
    "{BuildBatch: BuildBatches[0]}",
    ("StopBuildBatch", "{Id: start.BuildBatch.Id}"),
)
_RUN_KEY: Final = "{VirtualClusterId: arguments.VirtualClusterId, Id: start.Id}"
_SERVERLESS_RUN: Final = "{ApplicationId: start.ApplicationId, JobRunId: start.JobRunId}"
_STEP_KEY: Final = "{ClusterId: arguments.ClusterId, StepId: start.StepId}"

SERVICES: Final[Mapping[str, Service]] = {
    "athena": Service(
        "athena",
        _failures("Athena", "AmazonAthena"),
        {
            **_simple("StopQueryExecution", "GetQueryExecution", "GetQueryResults"),
            "startQueryExecution": Action(
                "StartQueryExecution",
                Job(
                    "GetQueryExecution",
                    "{QueryExecutionId: start.QueryExecutionId}",
                    "QueryExecution.Status.State",
                    _ends("SUCCEEDED"),
                    _ends("FAILED", "CANCELLED"),
                    stop=("StopQueryExecution", "{QueryExecutionId: start.QueryExecutionId}"),
                ),
            ),
        },
    ),
    "batch": Service(
        "batch",
        _failures("Batch", "AWSBatch"),
        {
            "submitJob": Action(
                "SubmitJob",
                Job(
                    "DescribeJobs",
                    "{Jobs: [start.JobId]}",
                    "Jobs[0].Status",
                    _ends("SUCCEEDED"),
                    _ends("FAILED"),
                    "Jobs[0]",
                    ("TerminateJob", "{JobId: start.JobId, Reason: 'The task was stopped'}"),
                ),
            )
        },
    ),
    "bedrock": Service(
        "bedrock",
        _failures("Bedrock", "AmazonBedrock"),
        {
            "createModelCustomizationJob": Action(
                "CreateModelCustomizationJob",
                Job(
                    "GetModelCustomizationJob",
                    "{JobIdentifier: start.JobArn}",
                    "Status",
                    _ends("Completed"),
                    _ends("Failed", "Stopped"),
                    stop=("StopModelCustomizationJob", "{JobIdentifier: start.JobArn}"),
                ),
            )
        },
        metadata=False,
    ),
    "codebuild": Service(
        "codebuild",
        _failures("CodeBuild", "AWSCodeBuild"),
        {
            **_simple("StopBuild", "BatchDeleteBuilds", "BatchGetReports", "StopBuildBatch", "DeleteBuildBatch"),
            "startBuild": Action(
                "StartBuild",
                Job(
                    "BatchGetBuilds",
                    "{Ids: [start.Build.Id]}",
                    "Builds[0].BuildStatus",
                    _ends("SUCCEEDED"),
                    _BUILD_ENDS,
                    "{Build: Builds[0]}",
                    ("StopBuild", "{Id: start.Build.Id}"),
                ),
            ),
            "startBuildBatch": Action("StartBuildBatch", _BATCH_JOB),
            "retryBuildBatch": Action("RetryBuildBatch", _BATCH_JOB),
        },
    ),
    "databrew": Service(
        "databrew",
        _failures("DataBrew", "AWSGlueDataBrew"),
        {
            "startJobRun": Action(
                "StartJobRun",
                Job(
                    "DescribeJobRun",
                    "{Name: arguments.Name, RunId: start.RunId}",
                    "State",
                    _ends("SUCCEEDED"),
                    _ends("FAILED", "STOPPED", "TIMEOUT"),
                    stop=("StopJobRun", "{Name: arguments.Name, RunId: start.RunId}"),
                ),
            )
        },
    ),
    "dynamodb": Service(
        "dynamodb",
        OptimisedFailures("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException"),
        _simple("GetItem", "PutItem", "UpdateItem", "DeleteItem"),
    ),
    "eks": Service(
        "eks",
        _failures("EKS", "AmazonEKS"),
        {
            "createCluster": _eks("Cluster", _CLUSTER, delete=False),
            "deleteCluster": _eks("Cluster", _CLUSTER, delete=True),
            "createFargateProfile": _eks("FargateProfile", _FARGATE, delete=False),
            "deleteFargateProfile": _eks("FargateProfile", _FARGATE, delete=True),
            "createNodegroup": _eks("Nodegroup", _NODEGROUP, delete=False),
            "deleteNodegroup": _eks("Nodegroup", _NODEGROUP, delete=True),
        },
    ),
    "elasticmapreduce": Service(
        "emr",
        _failures("ElasticMapReduce", "AmazonElasticMapReduce"),
        {
            "createCluster": Action(
                "RunJobFlow",
                Job(
                    "DescribeCluster",
                    "{ClusterId: start.ClusterId}",
                    "Cluster.Status.State",
                    _ends("WAITING", "TERMINATED"),
                    _ends("TERMINATED_WITH_ERRORS"),
                    stop=("TerminateJobFlows", "{JobFlowIds: [start.ClusterId]}"),
                ),
                answer="{ClusterId: JobFlowId, ClusterArn: ClusterArn}",
            ),
            "terminateCluster": Action(
                "TerminateJobFlows",
                Job(
                    "DescribeCluster",
                    "{ClusterId: arguments.ClusterId}",
                    "Cluster.Status.State",
                    _ends("TERMINATED", "TERMINATED_WITH_ERRORS"),
                ),
                request="{JobFlowIds: [ClusterId]}",
            ),
            "setClusterTerminationProtection": Action(
                "SetTerminationProtection",
                request="{JobFlowIds: [ClusterId], TerminationProtected: TerminationProtected}",
            ),
            "addStep": Action(
                "AddJobFlowSteps",
                Job(
                    "DescribeStep",
                    _STEP_KEY,
                    "Step.Status.State",
                    _ends("COMPLETED"),
                    _ends("FAILED", "CANCELLED", "INTERRUPTED"),
                    stop=("CancelSteps", "{ClusterId: arguments.ClusterId, StepIds: [start.StepId]}"),
                ),
                request="{JobFlowId: ClusterId, Steps: [Step], ExecutionRoleArn: ExecutionRoleArn}",
                answer="{StepId: StepIds[0]}",
            ),
            "cancelStep": Action(
                "CancelSteps",
                request="{ClusterId: ClusterId, StepIds: [StepId]}",
                answer="{CancelStepsInfo: CancelStepsInfoList[0]}",
            ),
        },
    ),
    "emr-containers": Service(
        "emr-containers",
        _failures("EMRContainers", "AmazonEMRContainers"),
        {
            **_simple("CreateVirtualCluster"),
            "deleteVirtualCluster": Action(
                "DeleteVirtualCluster",
                Job(
                    "DescribeVirtualCluster",
                    "{Id: arguments.Id}",
                    "VirtualCluster.State",
                    _ends("TERMINATED"),
                    gone="ResourceNotFoundException",
                ),
            ),
            "startJobRun": Action(
                "StartJobRun",
                Job(
                    "DescribeJobRun",
                    _RUN_KEY,
                    "JobRun.State",
                    _ends("COMPLETED"),
                    _ends("FAILED", "CANCELLED"),
                    stop=("CancelJobRun", _RUN_KEY),
                ),
            ),
        },
    ),
    "emr-serverless": Service(
        "emr-serverless",
        _failures("EMRServerless", "AWSEMRServerless"),
        {
            "createApplication": _serverless("CreateApplication", "CREATED"),
            "startApplication": _serverless("StartApplication", "STARTED"),
            "stopApplication": _serverless("StopApplication", "STOPPED"),
            "deleteApplication": _serverless("DeleteApplication", "TERMINATED"),
            "startJobRun": Action(
                "StartJobRun",
                Job(
                    "GetJobRun",
                    _SERVERLESS_RUN,
                    "JobRun.State",
                    _ends("SUCCESS"),
                    _ends("FAILED", "CANCELLED"),
                    stop=("CancelJobRun", _SERVERLESS_RUN),
                ),
            ),
            "cancelJobRun": Action(
                "CancelJobRun",
                Job("GetJobRun", _SERVERLESS_RUN, "JobRun.State", _ends("CANCELLED", "SUCCESS", "FAILED")),
            ),
        },
    ),
    "glue": Service(
        "glue",
        _failures("Glue", "AWSGlue"),
        {
            "startJobRun": Action(
                "StartJobRun",
                Job(
                    "GetJobRun",
                    "{JobName: arguments.JobName, RunId: start.JobRunId}",
                    "JobRun.JobRunState",
                    _ends("SUCCEEDED"),
                    _ends("FAILED", "STOPPED", "TIMEOUT", "ERROR"),
                    "JobRun",
                    ("BatchStopJobRun", "{JobName: arguments.JobName, JobRunIds: [start.JobRunId]}"),
                ),
            )
        },
    ),
    "mediaconvert": Service(
        "mediaconvert",
        _failures("MediaConvert", "AWSMediaConvert"),
        {
            "createJob": Action(
                "CreateJob",
                Job(
                    "GetJob",
                    "{Id: start.Job.Id}",
                    "Job.Status",
                    _ends("COMPLETE"),
                    _ends("ERROR", "CANCELED"),
                    stop=("CancelJob", "{Id: start.Job.Id}"),
                ),
            )
        },
    ),
    "sagemaker": Service(
        "sagemaker",
        _failures("SageMaker", "AmazonSageMaker"),
        {
            **_simple("CreateEndpoint", "CreateEndpointConfig", "CreateModel", "UpdateEndpoint"),
            "createHyperParameterTuningJob": _sagemaker("HyperParameterTuningJob"),
            "createLabelingJob": _sagemaker("LabelingJob"),
            "createProcessingJob": _sagemaker("ProcessingJob"),
            "createTrainingJob": _sagemaker("TrainingJob"),
            "createTransformJob": _sagemaker("TransformJob"),
        },
    ),
    "sns": Service("sns", _failures("SNS", "AmazonSNS"), _simple("Publish")),
    "sqs": Service("sqs", _failures("SQS", "AmazonSQS"), _simple("SendMessage")),
}
