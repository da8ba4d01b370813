"""State machines with their revisions, versions and aliases."""

# ruff: noqa: S608 - the statements are made of constants alone; every value is bound

from collections.abc import Sequence
from typing import Any, Final

import orjson

from millrace.engine.definition import ExecutionType
from millrace.stepfunctions.records import (
    AliasArn,
    AliasRecord,
    MachineArn,
    MachineRecord,
    Page,
    Revision,
    RevisionId,
    Route,
    VersionArn,
    VersionRecord,
)
from millrace.stepfunctions.store.port import Change, PageRequest
from millrace.stepfunctions.store.tables import Tables, json_text, json_value

_REVISION: Final = "r.id, r.definition, r.role, r.logging, r.tracing, r.encryption, r.created"
_MACHINE: Final = f"m.arn, m.name, m.type, m.created, {_REVISION}"
_MACHINES: Final = "machines m JOIN revisions r ON r.number = m.revision"
_GET_MACHINE: Final = f"SELECT {_MACHINE} FROM {_MACHINES} WHERE m.arn = ?"
_LIST_MACHINES: Final = (
    f"SELECT m.number, {_MACHINE} FROM {_MACHINES} WHERE m.number < ? ORDER BY m.number DESC LIMIT ?"
)
_GET_REVISION: Final = f"SELECT {_REVISION} FROM revisions r WHERE machine = ? AND id = ?"

# A machine may have been deleted and made again under its ARN: executions of the old one keep their revision, under
# another id.
_RENAME_REVISION: Final = """
UPDATE revisions SET id = id || '@' || number
WHERE machine = ? AND id = ? AND NOT EXISTS (SELECT 1 FROM machines WHERE arn = ?)
"""
_PUT_REVISION: Final = """
INSERT INTO revisions (machine, id, role, created, logging, tracing, encryption, definition)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (machine, id) DO NOTHING
"""
_PUT_MACHINE: Final = """
INSERT INTO machines (arn, name, type, created, revision)
VALUES (?, ?, ?, ?, (SELECT number FROM revisions WHERE machine = ? AND id = ?))
ON CONFLICT (arn) DO UPDATE SET revision = excluded.revision
"""
_DELETE_MACHINE: Final = "DELETE FROM machines WHERE arn = ?"
_DELETE_ALL_TAGS: Final = "DELETE FROM tags WHERE resource = ?"

_VERSION: Final = f"v.arn, v.machine, v.number, {_REVISION}, v.created, v.description"
_VERSIONS: Final = "versions v JOIN revisions r ON r.number = v.revision"
_GET_VERSION: Final = f"SELECT {_VERSION} FROM {_VERSIONS} WHERE v.arn = ?"
_LIST_VERSIONS: Final = f"""
SELECT v.number, {_VERSION} FROM {_VERSIONS} WHERE v.machine = ? AND v.number < ? ORDER BY v.number DESC LIMIT ?
"""
_LAST_NUMBER: Final = "SELECT last_version FROM machines WHERE arn = ?"
_PUT_VERSION: Final = """
INSERT INTO versions (arn, machine, number, revision, created, description)
VALUES (?, ?, ?, (SELECT number FROM revisions WHERE machine = ? AND id = ?), ?, ?)
"""
_PUT_LAST_NUMBER: Final = "UPDATE machines SET last_version = max(last_version, ?) WHERE arn = ?"
_DELETE_VERSION: Final = "DELETE FROM versions WHERE arn = ?"

_ALIAS: Final = "arn, machine, name, routes, created, updated, description"
_GET_ALIAS: Final = f"SELECT {_ALIAS} FROM aliases WHERE arn = ?"
_LIST_ALIASES: Final = f"""
SELECT number, {_ALIAS} FROM aliases WHERE machine = ? AND number < ? ORDER BY number DESC LIMIT ?
"""
_LIST_ALIASES_OF_VERSION: Final = f"""
SELECT number, {_ALIAS} FROM aliases
WHERE machine = ? AND EXISTS (SELECT 1 FROM json_each(routes) WHERE json_extract(value, '$[0]') = ?) AND number < ?
ORDER BY number DESC LIMIT ?
"""
_PUT_ALIAS: Final = f"""
INSERT INTO aliases ({_ALIAS}) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (arn) DO UPDATE SET routes = excluded.routes, updated = excluded.updated, description = excluded.description
"""
_DELETE_ALIAS: Final = "DELETE FROM aliases WHERE arn = ?"


class MachineTables(Tables):
    """Machines, revisions, versions and aliases of a data file."""

    # ---- machines

    def machine(self, arn: MachineArn) -> MachineRecord | None:
        """Find a machine."""
        row = self._database.first(_GET_MACHINE, (arn,))
        return None if row is None else _machine(*row)

    def machines(self, page: PageRequest) -> Page[MachineRecord]:
        """List machines, newest first."""
        return self._page(_LIST_MACHINES, (), page, _machine)

    def revision(self, machine: MachineArn, revision: RevisionId) -> Revision | None:
        """Find a revision."""
        row = self._database.first(_GET_REVISION, (machine, revision))
        return None if row is None else _revision(*row)

    def put_machine(self, machine: MachineRecord) -> Sequence[Change]:
        """Write a machine, new or with a new current revision."""
        arn, revision = machine.arn, machine.revision
        configuration = (json_text(revision.logging), json_text(revision.tracing), json_text(revision.encryption))
        return (
            Change(_RENAME_REVISION, (arn, revision.id, arn)),
            Change(
                _PUT_REVISION, (arn, revision.id, revision.role, revision.created, *configuration, revision.definition)
            ),
            Change(_PUT_MACHINE, (arn, machine.name, machine.type.value, machine.created, arn, revision.id)),
        )

    def delete_machine(self, arn: MachineArn) -> Sequence[Change]:
        """Remove a machine, its versions, aliases and tags; its revisions stay until nothing names them."""
        return Change(_DELETE_MACHINE, (arn,)), Change(_DELETE_ALL_TAGS, (arn,))

    # ---- versions

    def version(self, arn: VersionArn) -> VersionRecord | None:
        """Find a version."""
        row = self._database.first(_GET_VERSION, (arn,))
        return None if row is None else _version(*row)

    def versions(self, machine: MachineArn, page: PageRequest) -> Page[VersionRecord]:
        """List versions, newest first."""
        return self._page(_LIST_VERSIONS, (machine,), page, _version)

    def latest_version(self, machine: MachineArn) -> VersionRecord | None:
        """Find the newest version that is left."""
        records = self.versions(machine, PageRequest(limit=1)).records
        return records[0] if records else None

    def next_version_number(self, machine: MachineArn) -> int:
        """Give the number of the next version; a deleted one's is not used again."""
        row = self._database.first(_LAST_NUMBER, (machine,))
        return 1 if row is None else row[0] + 1

    def put_version(self, version: VersionRecord) -> Sequence[Change]:
        """Write a new version."""
        machine, number, revision = version.machine, version.number, version.revision.id
        return (
            Change(
                _PUT_VERSION,
                (version.arn, machine, number, machine, revision, version.created, version.description),
            ),
            Change(_PUT_LAST_NUMBER, (number, machine)),
        )

    def delete_version(self, arn: VersionArn) -> Sequence[Change]:
        """Remove a version."""
        return (Change(_DELETE_VERSION, (arn,)),)

    # ---- aliases

    def alias(self, arn: AliasArn) -> AliasRecord | None:
        """Find an alias."""
        row = self._database.first(_GET_ALIAS, (arn,))
        return None if row is None else _alias(*row)

    def aliases(self, machine: MachineArn, version: VersionArn | None, page: PageRequest) -> Page[AliasRecord]:
        """List aliases, newest first: all of a machine, or those that lead to a version."""
        if version is None:
            return self._page(_LIST_ALIASES, (machine,), page, _alias)
        return self._page(_LIST_ALIASES_OF_VERSION, (machine, version), page, _alias)

    def put_alias(self, alias: AliasRecord) -> Sequence[Change]:
        """Write an alias, new or changed."""
        routes = orjson.dumps([[route.version, route.weight] for route in alias.routes]).decode()
        names = (alias.arn, alias.machine, alias.name)
        return (Change(_PUT_ALIAS, (*names, routes, alias.created, alias.updated, alias.description)),)

    def delete_alias(self, arn: AliasArn) -> Sequence[Change]:
        """Remove an alias."""
        return (Change(_DELETE_ALIAS, (arn,)),)


def _revision(
    id: str,  # noqa: A002 - the column's name, as the record's
    definition: str,
    role: str,
    logging: str | None,
    tracing: str | None,
    encryption: str | None,
    created: float,
) -> Revision:
    return Revision(
        RevisionId(id), definition, role, json_value(logging), json_value(tracing), json_value(encryption), created
    )


def _machine(arn: MachineArn, name: str, type_: str, created: float, *revision: Any) -> MachineRecord:
    return MachineRecord(arn, name, ExecutionType(type_), created, _revision(*revision))


def _version(arn: VersionArn, machine: MachineArn, number: int, *rest: Any) -> VersionRecord:
    *revision, created, description = rest
    return VersionRecord(arn, machine, number, _revision(*revision), created, description)


def _alias(
    arn: AliasArn, machine: MachineArn, name: str, routes: str, created: float, updated: float, description: str
) -> AliasRecord:
    leads = tuple(Route(version, weight) for version, weight in orjson.loads(routes))
    return AliasRecord(arn, machine, name, leads, created, updated, description)
