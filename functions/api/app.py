"""The HTTP API: API Gateway's payload v2 in, its response out."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from . import auth, documentation, drafts, executions, failures, nodes, people, triggers, versions, workflows
from .requests import answer
from .resolver import ConcurrentHttpResolver

if TYPE_CHECKING:
    from millrace.steps import LambdaContext

ROUTERS: Final = (
    auth.router,
    workflows.router,
    drafts.router,
    versions.router,
    executions.router,
    people.router,
    triggers.router,
    nodes.router,
)


def api() -> ConcurrentHttpResolver:
    """Put the API together from its routes."""
    resolver = ConcurrentHttpResolver(enable_validation=True, response_validation_error_http_code=500)
    for router in ROUTERS:
        resolver.include_router(router)
    failures.register(resolver)
    documentation.register(resolver)
    return resolver


API: Final = api()


def handler(event: Mapping[str, Any], context: "LambdaContext | None") -> dict[str, Any]:
    """Answer one request."""
    return answer(API, event, context)
