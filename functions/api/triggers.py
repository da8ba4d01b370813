"""Routes: what starts runs of a workflow by itself."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from millrace.services.triggers import CONFIGS, TriggerChange, Triggers, address, shown
from millrace.store.records import Trigger, TriggerId, UserId, WorkflowId

from .dependencies import Serving, Signed
from .envelope import Success, View, ok
from .parameters import Body, WorkflowPath

router = APIGatewayHttpRouter()

_TAG = ["Triggers"]

TriggerPath = Annotated[TriggerId, Path(description="The trigger's id.", min_length=1, max_length=100)]
Kind = Literal["webhook", "schedule", "event", "error"]
Config = Annotated[dict[str, Any], Field(description="By type; GET /api/triggers/types gives the JSON Schemas.")]


class TriggerView(View):
    """A trigger; its config comes without secrets."""

    id: TriggerId
    workflow_id: WorkflowId
    type: Kind
    config: Config
    enabled: bool
    revision: Annotated[int, Field(description="Counts saves.")]
    owner_id: UserId
    created_at: str
    path: Annotated[str | None, Field(description="Of a webhook: where to send requests.")]
    next_times: Annotated[
        list[datetime], Field(description="Of an enabled schedule: the next times, in its time zone.")
    ]

    @classmethod
    def of(cls, trigger: Trigger, triggers: Triggers) -> "TriggerView":
        """Show a trigger."""
        return cls.model_validate(
            {
                "id": trigger.id,
                "workflow_id": trigger.workflow,
                "type": trigger.type,
                "config": shown(trigger),
                "enabled": trigger.enabled,
                "revision": trigger.revision,
                "owner_id": trigger.owner,
                "created_at": trigger.created,
                "path": address(trigger),
                "next_times": triggers.next_times(trigger),
            }
        )


class TriggerList(View):
    """The triggers of a workflow."""

    triggers: list[TriggerView]


class TriggerTypes(View):
    """The JSON Schema of each type's config."""

    types: dict[str, dict[str, Any]]


class NewTrigger(Body):
    """A trigger that is to be."""

    type: Kind
    config: Config = {}  # noqa: RUF012 -- pydantic copies it
    enabled: bool = True


class TriggerUpdate(Body):
    """What is to change; what is left out stays."""

    config: Annotated[
        dict[str, Any] | None, Field(description="The whole config; a secret that it leaves out stays as it is.")
    ] = None
    enabled: bool | None = None
    revision: Annotated[int | None, Field(ge=1, description="The revision that was changed; default: any.")] = None


class SchedulePreview(Body):
    """A schedule that might be."""

    config: Config


class Times(View):
    """When a schedule would be due."""

    next_times: list[datetime]


class DeletedTrigger(View):
    """What was deleted."""

    deleted: Literal[True] = True
    id: TriggerId


@router.get("/api/triggers/types", summary="Describe the types of triggers", tags=_TAG)
def list_trigger_types() -> Success[TriggerTypes]:
    """Give the JSON Schema of each type's config."""
    return ok(TriggerTypes(types={name: model.model_json_schema() for name, model in CONFIGS.items()}))


@router.post("/api/triggers/preview", summary="Tell when a schedule would be due", tags=_TAG)
def preview_schedule(services: Serving, body: SchedulePreview) -> Success[Times]:
    """Give the next times of a schedule's config, or everything that is wrong with it."""
    return ok(Times(next_times=services.triggers.preview(body.config)))


@router.get("/api/workflows/<workflow_id>/triggers", summary="List triggers", tags=_TAG)
def list_triggers(caller: Signed, services: Serving, workflow_id: WorkflowPath) -> Success[TriggerList]:
    """Give the triggers of a workflow, oldest first."""
    found = services.triggers.find(caller, workflow_id)
    return ok(TriggerList(triggers=[TriggerView.of(trigger, services.triggers) for trigger in found]))


@router.post(
    "/api/workflows/<workflow_id>/triggers", summary="Create a trigger", tags=_TAG, status_code=HTTPStatus.CREATED
)
def create_trigger(
    caller: Signed, services: Serving, workflow_id: WorkflowPath, body: NewTrigger
) -> Success[TriggerView]:
    """Create a trigger; it starts the published version of the workflow."""
    trigger = services.triggers.create(caller, workflow_id, body.type, body.config, enabled=body.enabled)
    return ok(TriggerView.of(trigger, services.triggers))


@router.get("/api/triggers/<trigger_id>", summary="Get a trigger", tags=_TAG)
def get_trigger(caller: Signed, services: Serving, trigger_id: TriggerPath) -> Success[TriggerView]:
    """Give a trigger."""
    return ok(TriggerView.of(services.triggers.get(caller, trigger_id), services.triggers))


@router.put("/api/triggers/<trigger_id>", summary="Change a trigger", tags=_TAG)
def update_trigger(
    caller: Signed, services: Serving, trigger_id: TriggerPath, body: TriggerUpdate
) -> Success[TriggerView]:
    """Change the config of a trigger, or whether it is enabled."""
    change = TriggerChange(body.config, body.enabled, body.revision)
    return ok(TriggerView.of(services.triggers.update(caller, trigger_id, change), services.triggers))


@router.post("/api/triggers/<trigger_id>/enable", summary="Enable a trigger", tags=_TAG)
def enable_trigger(caller: Signed, services: Serving, trigger_id: TriggerPath) -> Success[TriggerView]:
    """Let a trigger start runs."""
    changed = services.triggers.update(caller, trigger_id, TriggerChange(enabled=True))
    return ok(TriggerView.of(changed, services.triggers))


@router.post("/api/triggers/<trigger_id>/disable", summary="Disable a trigger", tags=_TAG)
def disable_trigger(caller: Signed, services: Serving, trigger_id: TriggerPath) -> Success[TriggerView]:
    """Let a trigger start no more runs until it is enabled."""
    changed = services.triggers.update(caller, trigger_id, TriggerChange(enabled=False))
    return ok(TriggerView.of(changed, services.triggers))


@router.delete("/api/triggers/<trigger_id>", summary="Delete a trigger", tags=_TAG)
def delete_trigger(caller: Signed, services: Serving, trigger_id: TriggerPath) -> Success[DeletedTrigger]:
    """Delete a trigger; the runs that it has started stay."""
    return ok(DeletedTrigger(id=services.triggers.delete(caller, trigger_id).id))
