"""Triggers, and the keys that find webhooks."""

from collections.abc import Sequence
from dataclasses import replace

from pynamodb.expressions.operand import Path

from millrace.store import keys
from millrace.store.cursors import Listing
from millrace.store.errors import KeyTakenError, RecordNotFoundError, RevisionConflictError
from millrace.store.items import TRIGGER, Items, indexed, plain_item
from millrace.store.records import Trigger, TriggerId, WorkflowId, WorkspaceId
from millrace.store.table import ConditionFailedError, Delete, Item, Put, Write, either, integer, text


class TriggerItems(Items):
    """Triggers in the table."""

    def put_trigger(self, trigger: Trigger) -> Trigger:
        """Write a trigger on top of the revision that was seen, 0 for a new one.

        Raises:
            RevisionConflictError: Somebody saved meanwhile.
            RecordNotFoundError: There is no such trigger any more.
            KeyTakenError: Another trigger has its key.
        """
        current = self.trigger(trigger.workspace, trigger.id)
        if (0 if current is None else current.revision) != trigger.revision:
            raise self._trigger_conflict(trigger)
        saved = replace(trigger, revision=trigger.revision + 1)
        unchanged = Path("pk").does_not_exist() if current is None else Path("revision") == trigger.revision
        writes: list[Write] = [Put(self._trigger_item(saved), unchanged)]
        owned = Path("trigger") == trigger.id
        if saved.key:
            owner = plain_item(keys.webhook_key(saved.key), workspace=text(saved.workspace), trigger=text(saved.id))
            writes.append(Put(owner, either(Path("pk").does_not_exist(), owned)))
        if current is not None and current.key and current.key != saved.key:
            writes.append(Delete(keys.webhook_key(current.key), owned))
        try:
            self._table.transact(writes)
        except ConditionFailedError as error:
            raise (self._trigger_conflict(trigger) if 0 in error.failed else KeyTakenError(trigger.key)) from error
        return saved

    def trigger(self, workspace: WorkspaceId, trigger: TriggerId) -> Trigger | None:
        """Find a trigger."""
        return self._found(TRIGGER, self._table.get(keys.trigger_key(workspace, trigger)))

    def trigger_by_key(self, key: str) -> Trigger | None:
        """Find the webhook of a method and path, in whichever workspace."""
        owner = self._table.get(keys.webhook_key(key))
        if owner is None:
            return None
        return self.trigger(WorkspaceId(owner["workspace"]["S"]), TriggerId(owner["trigger"]["S"]))

    def triggers(self, workspace: WorkspaceId, workflow: WorkflowId) -> Sequence[Trigger]:
        """List the triggers of a workflow, oldest first."""
        return self._listed(Listing(keys.triggers_partition(workspace, workflow), "by_1"))

    def triggers_of_type(self, workspace: WorkspaceId, type: str) -> Sequence[Trigger]:  # noqa: A002 - the port's name
        """List the triggers of a type, oldest first."""
        return self._listed(Listing(keys.triggers_partition(workspace, type), "by_2"))

    def delete_trigger(self, workspace: WorkspaceId, trigger: TriggerId) -> bool:
        """Remove a trigger and free its key; tell whether there was one."""
        current = self.trigger(workspace, trigger)
        if current is None:
            return False
        writes: list[Write] = [Delete(keys.trigger_key(workspace, trigger), Path("revision") == current.revision)]
        if current.key:
            writes.append(Delete(keys.webhook_key(current.key), Path("trigger") == trigger))
        try:
            self._table.transact(writes)
        except ConditionFailedError:
            # Saved meanwhile, with another key perhaps; or removed.
            return self.delete_trigger(workspace, trigger)
        return True

    def _listed(self, listing: Listing) -> Sequence[Trigger]:
        # The indexes hold no bodies, and a trigger is used with its config only.
        listed = [keys.Key(item["pk"]["S"], item["sk"]["S"]) for item in self._table.all(listing)]
        found = self._table.find(listed)
        return self._records(TRIGGER, [found[key] for key in listed if key in found])

    def _trigger_conflict(self, seen: Trigger) -> RecordNotFoundError | RevisionConflictError:
        current = self.trigger(seen.workspace, seen.id)
        if current is None:
            return RecordNotFoundError("trigger", seen.id)
        return RevisionConflictError("trigger", seen.revision, current, current.revision)

    def _trigger_item(self, trigger: Trigger) -> Item:
        sort = keys.sort_key(trigger.created, trigger.id)
        return {
            **self._item(
                TRIGGER, trigger, keys.trigger_key(trigger.workspace, trigger.id), f"workflows/{trigger.workflow}"
            ),
            **indexed(1, keys.triggers_partition(trigger.workspace, trigger.workflow), sort),
            **indexed(2, keys.triggers_partition(trigger.workspace, trigger.type), sort),
            "revision": integer(trigger.revision),
        }
