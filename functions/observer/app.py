"""Records runs from their execution logs: the handler of a CloudWatch Logs subscription."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from millrace.model import Json
from millrace.store.dynamo_store import DynamoStore
from millrace.store.settings import StoreSettings

from .error_triggers import ErrorTriggers
from .recording import Recording
from .run_maps import RunMaps
from .settings import observer_settings
from .subscribers import Subscribers
from .subscription import log_events
from .subworkflows import Subworkflows


@cache
def recording() -> Recording:
    """Give the recording into this process's store."""
    settings = observer_settings()
    store = DynamoStore(StoreSettings(table=settings.table, bucket=settings.bucket))
    subscribers = Subscribers(store, _management(settings.socket_url))
    failures = ErrorTriggers(store, _lambda, settings.trigger_function)
    return Recording(store, RunMaps(store), subscribers, failures, Subworkflows(store, settings.stage))


def handler(event: Mapping[str, Any], context: object) -> dict[str, Json]:
    """Take what the logs tell; a failure has it delivered again."""
    del context
    events = [*log_events(event)]
    recording().take(events)
    return {"events": len(events)}


@cache
def _lambda() -> Any:
    import boto3

    return cast("Any", boto3).client("lambda")


def _management(url: str | None) -> Any:
    if url is None:
        return None
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
    return cast("Any", boto3).client("apigatewaymanagementapi", endpoint_url=url, config=config)
