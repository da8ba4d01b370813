"""The services of the function that starts runs by triggers, each made when it is first used."""

from functools import cache, cached_property
from threading import Lock
from typing import Any, Final, cast

from millrace.services.executions import Executions
from millrace.services.express import ExpressPrograms
from millrace.services.firing import Firing
from millrace.services.machines import Machines
from millrace.services.programs import Programs
from millrace.services.runs import WAIT_SECONDS, Runs
from millrace.services.schedules import Schedules
from millrace.services.targets import targets_of
from millrace.services.webhook_answers import Webhooks
from millrace.store.port import Store

from .settings import TriggerSettings, trigger_settings

_CONNECT_SECONDS: Final = 3


class Services:
    """The services of this process.

    Args:
        settings: Where everything is.
        store: Where records are; default: as the settings say.
    """

    def __init__(self, settings: TriggerSettings, store: Store | None = None) -> None:
        self.settings = settings
        self._store = store
        self._making = Lock()

    @cached_property
    def store(self) -> Store:
        """Where records are."""
        if self._store is not None:
            return self._store
        from millrace.store.dynamo_store import DynamoStore
        from millrace.store.settings import StoreSettings

        return DynamoStore(StoreSettings(self.settings.table, self.settings.bucket, region=self.settings.region))

    @cached_property
    def webhooks(self) -> Webhooks:
        """What answers requests."""
        # An Express execution that takes longer than the wait goes on; a second try would be a second one.
        client = self._client(
            "stepfunctions", read_timeout=WAIT_SECONDS - _CONNECT_SECONDS, retries={"total_max_attempts": 1}
        )
        runs = Runs(self.store, Executions(client), self._programs)
        return Webhooks(self.store, runs, ExpressPrograms(self.store, self._programs, self._machines))

    @cached_property
    def firing(self) -> Firing:
        """What starts the runs of schedules, events and failures."""
        runs = Runs(self.store, Executions(self._step_functions), self._programs)
        targets = targets_of(self.settings.stage, self.settings.run_role, self.settings.region)
        return Firing(self.store, runs, Schedules(self._client("scheduler"), targets))

    @cached_property
    def _step_functions(self) -> Any:
        return self._client("stepfunctions")

    @cached_property
    def _machines(self) -> Machines:
        return Machines(self._step_functions, self.store, self.settings.machines)

    @cached_property
    def _programs(self) -> Programs:
        return Programs(self.store, self._machines)

    def _client(self, service: str, **options: Any) -> Any:
        import boto3
        from botocore.config import Config

        config = Config(connect_timeout=_CONNECT_SECONDS, max_pool_connections=64, **options)
        # A session makes clients for one thread at a time (boto3's guide, "Multithreading with clients").
        with self._making:
            return cast("Any", boto3).client(service, region_name=self.settings.region, config=config)


@cache
def services() -> Services:
    """Give the services of this process."""
    return Services(trigger_settings())
