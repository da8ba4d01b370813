"""What routes need: the services, and who asks. Tests put others in their place by `dependency_overrides`."""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.request import Request

from millrace.services.caller import Caller, caller_of
from millrace.services.workflows import Workflows
from millrace.store.port import Store

from .settings import ApiSettings, api_settings


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
        from millrace.store import DynamoStore, StoreSettings

        return DynamoStore(StoreSettings(table=self.settings.table, bucket=self.settings.bucket))

    @cached_property
    def workflows(self) -> Workflows:
        """Drafts."""
        return Workflows(self.store)


@cache
def services() -> Services:
    """Give the services of this process."""
    return Services(api_settings())


def caller_of_event(event: Mapping[str, Any], settings: ApiSettings) -> Caller:
    """Give who asks, by the claims that API Gateway's authorizer has verified."""
    claims = (event["requestContext"].get("authorizer") or {}).get("jwt", {}).get("claims")
    return caller_of(claims, settings.user)


def caller(request: Request, found: Annotated[Services, Depends(services)]) -> Caller:
    """Give who asks."""
    return caller_of_event(request.resolved_event.raw_event, found.settings)


Serving = Annotated[Services, Depends(services)]
"""A route's parameter: the services."""

Signed = Annotated[Caller, Depends(caller)]
"""A route's parameter: who asks."""
