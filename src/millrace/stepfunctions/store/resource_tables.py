"""Activities, and the tags of every kind of resource."""

# ruff: noqa: S608 - the statements are made of constants alone; every value is bound

from collections.abc import Sequence
from typing import Final

from millrace.stepfunctions.records import ActivityArn, ActivityRecord, Page
from millrace.stepfunctions.store.port import Change, PageRequest
from millrace.stepfunctions.store.tables import Tables, json_text, json_value

_ACTIVITY: Final = "arn, name, created, encryption"
_GET_ACTIVITY: Final = f"SELECT {_ACTIVITY} FROM activities WHERE arn = ?"
_LIST_ACTIVITIES: Final = f"SELECT number, {_ACTIVITY} FROM activities WHERE number < ? ORDER BY number DESC LIMIT ?"
_PUT_ACTIVITY: Final = f"""
INSERT INTO activities ({_ACTIVITY}) VALUES (?, ?, ?, ?)
ON CONFLICT (arn) DO UPDATE SET encryption = excluded.encryption
"""
_DELETE_ACTIVITY: Final = "DELETE FROM activities WHERE arn = ?"

_GET_TAGS: Final = "SELECT key, value FROM tags WHERE resource = ? ORDER BY key"
_PUT_TAG: Final = """
INSERT INTO tags (resource, key, value) VALUES (?, ?, ?)
ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value
"""
_DELETE_TAG: Final = "DELETE FROM tags WHERE resource = ? AND key = ?"
_DELETE_ALL_TAGS: Final = "DELETE FROM tags WHERE resource = ?"


class ResourceTables(Tables):
    """Activities and tags of a data file."""

    def activity(self, arn: ActivityArn) -> ActivityRecord | None:
        """Find an activity."""
        row = self._database.first(_GET_ACTIVITY, (arn,))
        return None if row is None else _activity(*row)

    def activities(self, page: PageRequest) -> Page[ActivityRecord]:
        """List activities, newest first."""
        return self._page(_LIST_ACTIVITIES, (), page, _activity)

    def put_activity(self, activity: ActivityRecord) -> Sequence[Change]:
        """Write an activity."""
        encryption = json_text(activity.encryption)
        return (Change(_PUT_ACTIVITY, (activity.arn, activity.name, activity.created, encryption)),)

    def delete_activity(self, arn: ActivityArn) -> Sequence[Change]:
        """Remove an activity and its tags."""
        return Change(_DELETE_ACTIVITY, (arn,)), Change(_DELETE_ALL_TAGS, (arn,))

    def tags(self, resource: str) -> dict[str, str]:
        """Give a resource's tags, by key."""
        return dict(self._database.select(_GET_TAGS, (resource,)))

    def put_tags(self, resource: str, tags: dict[str, str]) -> Sequence[Change]:
        """Add tags, or change their values."""
        return tuple(Change(_PUT_TAG, (resource, key, value)) for key, value in tags.items())

    def delete_tags(self, resource: str, keys: Sequence[str]) -> Sequence[Change]:
        """Remove tags."""
        return tuple(Change(_DELETE_TAG, (resource, key)) for key in keys)


def _activity(arn: ActivityArn, name: str, created: float, encryption: str | None) -> ActivityRecord:
    return ActivityRecord(arn, name, created, json_value(encryption))
