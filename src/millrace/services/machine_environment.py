"""The part of the environment that functions share which make or start state machines."""

from typing import Annotated, Final

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from millrace.services.machine_settings import MachineSettings

_LOCAL_ROLE: Final = "arn:aws:iam::000000000000:role/millrace"


class MachineEnvironment(BaseSettings):
    """Read from the environment; every name begins with `MILLRACE_`. Endpoints are botocore's own settings."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_", frozen=True)

    stage: Annotated[str, Field(description="Names the state machines, so that stages share an account.")] = "dev"
    table: Annotated[str, Field(description="The DynamoDB table that keeps records.")] = "millrace-dev"
    bucket: Annotated[str, Field(description="The S3 bucket that keeps large bodies.")] = "millrace-dev"
    run_role: Annotated[str, Field(description="ARN of the role that workflows run as.")] = _LOCAL_ROLE
    log_group_arn: Annotated[
        str | None,
        Field(description="ARN of the log group of execution logs, without `:*`; without it nothing is logged."),
    ] = None
    functions: Annotated[
        dict[str, str],
        Field(
            description="JSON: name or ARN of the deployed functions that workflows call; default millrace-<function>."
        ),
    ] = Field(default_factory=dict)
    region: Annotated[str, Field(description="AWS region.", validation_alias="AWS_REGION")] = "us-east-1"

    @property
    def machines(self) -> MachineSettings:
        """What all state machines have in common."""
        return MachineSettings(self.stage, self.run_role, self.region, self.log_group_arn, self.functions)
