"""Triggers of workflows: made, changed, switched on and off, removed."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Final, cast

from pydantic import Field

from millrace.model import Json, quote
from millrace.services.caller import Caller
from millrace.services.errors import (
    ConflictError,
    ErrorCode,
    Fault,
    InvalidRequestError,
    NotFoundError,
    ServiceError,
)
from millrace.services.event_rules import EventConfig, EventRules
from millrace.services.moments import Clock, moment
from millrace.services.schedules import ScheduleConfig, Schedules
from millrace.services.trigger_config import TriggerConfig, parsed
from millrace.services.webhooks import PREFIX, SECRETS, WebhookConfig
from millrace.services.workflows import Workflows
from millrace.store.errors import KeyTakenError, RecordNotFoundError, RevisionConflictError
from millrace.store.port import Store
from millrace.store.records import Trigger, TriggerId, WorkflowId


class ErrorConfig(TriggerConfig):
    """Starts a run when a run of another workflow has failed; the failure is its input."""

    workflow: Annotated[
        str | None,
        Field(
            description="The workflow that is watched; the default is every other one of the workspace.", min_length=1
        ),
    ] = None


CONFIGS: Final[Mapping[str, type[TriggerConfig]]] = {
    "webhook": WebhookConfig,
    "schedule": ScheduleConfig,
    "event": EventConfig,
    "error": ErrorConfig,
}


@dataclass(frozen=True, slots=True)
class TriggerChange:
    """What is to change; None stays.

    Attributes:
        revision: The revision that was seen; None: whatever is there.
    """

    config: Json = None
    enabled: bool | None = None
    revision: int | None = None


class Triggers:
    """The triggers of workspaces.

    Args:
        store: Where they are kept.
        schedules, rules: Who calls for some of them.
        clock: The time.
    """

    def __init__(self, store: Store, schedules: Schedules, rules: EventRules, clock: Clock = time.time) -> None:
        self._store = store
        self._workflows = Workflows(store, clock)
        self._schedules = schedules
        self._rules = rules
        self._clock = clock

    def create(self, caller: Caller, workflow: WorkflowId, kind: str, config: Json, *, enabled: bool = True) -> Trigger:
        """Create a trigger.

        Raises:
            NotFoundError: There is no such workflow.
            InvalidRequestError: The config does not fit; every fault is listed.
            ConflictError: Another webhook has the method and path.
            UnavailableError: Who is to call does not answer; nothing was created.
        """
        self._workflows.get(caller, workflow)
        read = self._read(caller, kind, config)
        trigger = Trigger(
            id=TriggerId(str(uuid.uuid4())),
            workflow=workflow,
            workspace=caller.workspace,
            owner=caller.user,
            type=kind,
            config=_json(read),
            created=moment(self._clock),
            enabled=enabled,
            key=_key(read),
        )
        saved = self._saved(trigger)
        try:
            self._tell(saved, read)
        except ServiceError:
            self._store.delete_trigger(caller.workspace, trigger.id)
            raise
        return saved

    def get(self, caller: Caller, trigger: TriggerId) -> Trigger:
        """Give a trigger.

        Raises:
            NotFoundError: There is none.
        """
        found = self._store.trigger(caller.workspace, trigger)
        if found is None:
            raise _not_found(trigger)
        return found

    def find(self, caller: Caller, workflow: WorkflowId) -> Sequence[Trigger]:
        """List the triggers of a workflow, oldest first."""
        self._workflows.get(caller, workflow)
        return self._store.triggers(caller.workspace, workflow)

    def update(self, caller: Caller, trigger: TriggerId, change: TriggerChange) -> Trigger:
        """Change a trigger; a secret that the new config leaves out stays.

        Raises:
            NotFoundError: There is none.
            InvalidRequestError: The config does not fit; every fault is listed.
            ConflictError: Somebody saved meanwhile, or another webhook has the method and path.
            UnavailableError: Who is to call does not answer; the trigger is as it was.
        """
        before = self.get(caller, trigger)
        if change.revision is not None and change.revision != before.revision:
            raise _conflict(before, change.revision)
        given = before.config if change.config is None else _with_secret(change.config, before)
        read = self._read(caller, before.type, given)
        enabled = before.enabled if change.enabled is None else change.enabled
        after = self._saved(replace(before, config=_json(read), enabled=enabled, key=_key(read)))
        try:
            self._tell(after, read)
        except ServiceError:
            self._saved(replace(before, revision=after.revision))
            raise
        return after

    def delete(self, caller: Caller, trigger: TriggerId) -> Trigger:
        """Remove a trigger.

        Raises:
            NotFoundError: There is none.
            UnavailableError: Who calls for it does not answer; it is still there.
        """
        found = self.get(caller, trigger)
        self._forget(found)
        self._store.delete_trigger(caller.workspace, trigger)
        return found

    def next_times(self, trigger: Trigger) -> list[datetime]:
        """Give when a schedule is due next; nothing for others, and while it is disabled."""
        if trigger.type != "schedule" or not trigger.enabled:
            return []
        config = ScheduleConfig.model_validate(trigger.config)
        return config.next_times(self._now(), datetime.fromisoformat(trigger.created))

    def preview(self, config: Json) -> list[datetime]:
        """Give when a schedule would be due.

        Raises:
            InvalidRequestError: The config does not fit; every fault is listed.
        """
        return parsed(ScheduleConfig, config).next_times(self._now(), self._now())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _read(self, caller: Caller, kind: str, config: Json) -> TriggerConfig:
        model = CONFIGS.get(kind)
        if model is None:
            raise InvalidRequestError([Fault("type", f"expected {', '.join(CONFIGS)}, found {quote(kind)}")])
        read = parsed(model, config)
        if isinstance(read, ErrorConfig) and read.workflow is not None:
            watched = self._store.workflow(caller.workspace, WorkflowId(read.workflow))
            if watched is None:
                raise InvalidRequestError(
                    [Fault("config.workflow", f"expected a workflow of this workspace, found {read.workflow!r}")]
                )
        return read

    def _saved(self, trigger: Trigger) -> Trigger:
        try:
            return self._store.put_trigger(trigger)
        except KeyTakenError as error:
            raise ConflictError(ErrorCode.TRIGGER_KEY_TAKEN, str(error), {"key": error.key}) from error
        except RevisionConflictError as error:
            raise _conflict(cast("Trigger", error.current), trigger.revision) from error
        except RecordNotFoundError as error:
            raise _not_found(trigger.id) from error

    def _tell(self, trigger: Trigger, config: TriggerConfig) -> None:
        """Tell whoever calls for a trigger."""
        match config:
            case ScheduleConfig():
                self._schedules.put(trigger, config)
            case EventConfig():
                self._rules.put(trigger, config)
            case _:
                pass

    def _forget(self, trigger: Trigger) -> None:
        if trigger.type == "schedule":
            self._schedules.remove(trigger)
        elif trigger.type == "event":
            self._rules.remove(trigger)


def shown(trigger: Trigger) -> dict[str, Json]:
    """Give a trigger's config without its secret."""
    config = dict(cast("dict[str, Json]", trigger.config))
    authentication = config.get("authentication")
    if isinstance(authentication, dict):
        secret = SECRETS.get(str(authentication.get("type")))
        config["authentication"] = {name: value for name, value in authentication.items() if name != secret}
    return config


def address(trigger: Trigger) -> str | None:
    """Give the path of a webhook's URL; None for others."""
    if trigger.type != "webhook":
        return None
    return PREFIX + WebhookConfig.model_validate(trigger.config).path


def _key(config: TriggerConfig) -> str:
    return config.key if isinstance(config, WebhookConfig) else ""


def _json(config: TriggerConfig) -> Json:
    return cast("Json", config.model_dump(mode="json"))


def _with_secret(config: Json, before: Trigger) -> Json:
    """Put the secret that is kept in a config that leaves it out."""
    kept: Json = cast("dict[str, Json]", before.config).get("authentication")
    given = config.get("authentication") if isinstance(config, dict) else None
    if not isinstance(config, dict) or not isinstance(given, dict) or not isinstance(kept, dict):
        return config
    secret = SECRETS.get(str(given.get("type")))
    if secret is None or secret in given or kept.get("type") != given.get("type"):
        return config
    return {**config, "authentication": {**given, secret: kept[secret]}}


def _conflict(current: Trigger, seen: int) -> ConflictError:
    return ConflictError(
        ErrorCode.REVISION_CONFLICT,
        f"expected trigger {current.id!r} at revision {seen}, found revision {current.revision}: somebody saved "
        "meanwhile; read it again, and make your change on that",
        {"seen_revision": seen, "current_revision": current.revision},
    )


def _not_found(trigger: TriggerId) -> NotFoundError:
    return NotFoundError(ErrorCode.TRIGGER_NOT_FOUND, f"there is no trigger {trigger!r}")
