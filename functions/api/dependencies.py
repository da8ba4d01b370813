"""What routes need: the services, and who asks. Tests put others in their place by `dependency_overrides`."""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Annotated, Any, cast

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.request import Request

from millrace.services.caller import Caller, caller_of
from millrace.services.versions import Versions
from millrace.services.workflows import Workflows
from millrace.store.port import Store

from .settings import ApiSettings, api_settings

if TYPE_CHECKING:
    from millrace.services.executions import Executions
    from millrace.services.machines import Machines
    from millrace.services.partial_runs import PartialRuns
    from millrace.services.people import People
    from millrace.services.programs import Programs
    from millrace.services.publishing import Publishing
    from millrace.services.run_control import RunControl
    from millrace.services.runs import Runs
    from millrace.services.triggers import Triggers


class Services:
    """The services of this process, each made when it is first used.

    Args:
        settings: Where everything is.
        store: Where records are; default: as the settings say.
    """

    def __init__(self, settings: ApiSettings, store: Store | None = None) -> None:
        self.settings = settings
        self._store = store

    @cached_property
    def store(self) -> Store:
        """Where records are."""
        if self._store is not None:
            return self._store
        from millrace.store.dynamo_store import DynamoStore
        from millrace.store.settings import StoreSettings

        return DynamoStore(StoreSettings(self.settings.table, self.settings.bucket, region=self.settings.region))

    @cached_property
    def step_functions(self) -> Any:
        """boto3's client of Step Functions, safe for threads."""
        import boto3
        from botocore.config import Config

        config = Config(connect_timeout=3, read_timeout=25, max_pool_connections=64)
        client = cast("Any", boto3).client
        return client("stepfunctions", region_name=self.settings.region, config=config)

    @cached_property
    def workflows(self) -> Workflows:
        """Drafts."""
        return Workflows(self.store)

    @cached_property
    def versions(self) -> Versions:
        """Published versions."""
        return Versions(self.store, self.workflows)

    @cached_property
    def machines(self) -> "Machines":
        """State machines."""
        from millrace.services.machines import Machines

        return Machines(self.step_functions, self.store, self.settings.machines)

    @cached_property
    def publishing(self) -> "Publishing":
        """What makes versions."""
        from millrace.services.publishing import Publishing

        return Publishing(self.store, self.workflows, self.versions, self.machines)

    @cached_property
    def executions(self) -> "Executions":
        """What calls Step Functions for runs."""
        from millrace.services.executions import Executions

        return Executions(self.step_functions)

    @cached_property
    def programs(self) -> "Programs":
        """What runs can run."""
        from millrace.services.programs import Programs

        return Programs(self.store, self.machines)

    @cached_property
    def runs(self) -> "Runs":
        """Runs, started and found."""
        from millrace.services.runs import Runs

        return Runs(self.store, self.executions, self.programs)

    @cached_property
    def run_control(self) -> "RunControl":
        """Runs, steered."""
        from millrace.services.run_control import RunControl

        return RunControl(self.store, self.executions, self.programs, self.runs)

    @cached_property
    def partial_runs(self) -> "PartialRuns":
        """Runs of parts."""
        from millrace.services.partial_runs import PartialRuns

        return PartialRuns(self.store, self.programs, self.runs)

    @cached_property
    def people(self) -> "People":
        """Questions to people, and their answers."""
        from millrace.services.people import People

        return People(self.store, self.executions)

    @cached_property
    def triggers(self) -> "Triggers":
        """What starts runs."""
        import boto3

        from millrace.services.event_rules import EventRules
        from millrace.services.schedules import Schedules
        from millrace.services.targets import targets_of
        from millrace.services.triggers import Triggers

        settings = self.settings
        targets = targets_of(settings.stage, settings.run_role, settings.region)
        client = cast("Any", boto3).client
        return Triggers(
            self.store,
            Schedules(client("scheduler", region_name=settings.region), targets),
            EventRules(client("events", region_name=settings.region), targets),
        )


@cache
def services() -> Services:
    """Give the services of this process."""
    return Services(api_settings())


def caller_of_event(event: Mapping[str, Any], settings: ApiSettings) -> Caller:
    """Give who asks, by the claims that API Gateway's authorizer has verified."""
    authorizer = cast("dict[str, Any]", event["requestContext"].get("authorizer") or {})
    return caller_of(authorizer.get("jwt", {}).get("claims"), settings.user)


def caller(request: Request, found: Annotated[Services, Depends(services)]) -> Caller:
    """Give who asks."""
    return caller_of_event(request.resolved_event.raw_event, found.settings)


Serving = Annotated[Services, Depends(services)]
"""A route's parameter: the services."""

Signed = Annotated[Caller, Depends(caller)]
"""A route's parameter: who asks."""
