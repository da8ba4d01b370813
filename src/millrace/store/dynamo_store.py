"""The store on DynamoDB and S3; keys.py lists its access patterns."""

import time
from collections.abc import Callable

from millrace.store.bodies import Bodies
from millrace.store.once_items import OnceItems
from millrace.store.people_items import PeopleItems
from millrace.store.run_items import RunItems
from millrace.store.settings import StoreSettings
from millrace.store.socket_items import SocketItems
from millrace.store.table import Table
from millrace.store.trigger_items import TriggerItems
from millrace.store.workflow_items import WorkflowItems


class DynamoStore(WorkflowItems, RunItems, PeopleItems, TriggerItems, OnceItems, SocketItems):
    """Everything the product keeps, in one table and one bucket. Threads may share it: its connections are reused."""

    def __init__(self, settings: StoreSettings, clock: Callable[[], float] = time.time) -> None:
        super().__init__(Table(settings, clock), Bodies(settings), clock)

    def create_table(self) -> None:
        """Create the table where there is none; on AWS the template does."""
        self._table.create()

    def create_bucket(self) -> None:
        """Create the bucket where there is none; on AWS the template does."""
        self._bodies.create_bucket()
