"""The data file's tables, and how each access pattern finds its rows.

Every list is newest first and goes on from a row's number, so no page costs more than another.

machine, version, alias, activity, map run by ARN     UNIQUE (arn) of its table
machines, activities                                  the primary key, backwards
revision of a machine by id                           UNIQUE (machine, id)
versions of a machine; its latest                     versions UNIQUE (machine, number), backwards
aliases of a machine; those of a version among them   aliases_by_machine (a machine has at most 100)
tags of a resource                                    tags' primary key
execution by ARN                                      executions UNIQUE (arn)
executions of a machine, without Map Runs' children   executions_by_machine
... of one status                                     executions_by_machine_and_status
... that were redriven                                executions_redriven
executions of a version; of an alias                  executions_by_version, executions_by_alias
children of a Map Run                                 executions_by_map_run
... of one status                                     executions_by_map_run_and_status
... by index                                          executions_by_map_run_and_index
executions that run                                   executions_running
executions with log events to deliver                 executions_undelivered
executions that ended before a moment                 executions_by_stop
executions of a revision, of a child that is removed  executions_by_revision (foreign key)
input, snapshot of an execution                       the primary key, which is the execution's
history of an execution from an event on              history's primary key: the execution's, shifted, plus the event's
map runs of an execution                              map_runs_by_execution
map runs that go on without their execution           map_runs_open
"""

# ruff: noqa: S608 - the statements are made of constants alone; every value is bound

from typing import Final

APPLICATION_ID: Final = 0x4D4C5243
"""Marks a file as Millrace's ("MLRC") in the header of the SQLite file format."""

PLACE_BITS: Final = 20
"""How many bits of a history block's number count events: a million, and AWS's limit is 25,000."""

_FIRST: Final = f"""
CREATE TABLE revisions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    machine TEXT NOT NULL, id TEXT NOT NULL, role TEXT NOT NULL, created REAL NOT NULL,
    logging TEXT, tracing TEXT, encryption TEXT,
    definition TEXT NOT NULL,
    UNIQUE (machine, id)
);
CREATE TABLE machines (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE, name TEXT NOT NULL, type TEXT NOT NULL, created REAL NOT NULL,
    revision INTEGER NOT NULL REFERENCES revisions,
    last_version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX machines_by_revision ON machines (revision);
CREATE TABLE versions (
    arn TEXT NOT NULL UNIQUE,
    machine TEXT NOT NULL REFERENCES machines (arn) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    revision INTEGER NOT NULL REFERENCES revisions,
    created REAL NOT NULL, description TEXT NOT NULL,
    UNIQUE (machine, number)
);
CREATE INDEX versions_by_revision ON versions (revision);
CREATE TABLE aliases (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    machine TEXT NOT NULL REFERENCES machines (arn) ON DELETE CASCADE,
    name TEXT NOT NULL, routes TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, description TEXT NOT NULL
);
CREATE INDEX aliases_by_machine ON aliases (machine);
CREATE TABLE activities (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE, name TEXT NOT NULL, created REAL NOT NULL, encryption TEXT
);
CREATE TABLE tags (
    resource TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (resource, key)
) WITHOUT ROWID;

-- AUTOINCREMENT keeps the largest number that was ever given. What may be long stands last: lists do not read it.
CREATE TABLE executions (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    machine TEXT NOT NULL, revision INTEGER NOT NULL REFERENCES revisions, type TEXT NOT NULL,
    status TEXT NOT NULL, started REAL NOT NULL, stopped REAL,
    version TEXT, alias TEXT,
    events INTEGER NOT NULL, redrives INTEGER NOT NULL, redriven REAL,
    map_run TEXT, item_index INTEGER, items INTEGER,
    delivered INTEGER,
    trace_header TEXT, error TEXT, cause TEXT, output TEXT
);
CREATE INDEX executions_by_machine ON executions (machine) WHERE map_run IS NULL;
CREATE INDEX executions_by_machine_and_status ON executions (machine, status) WHERE map_run IS NULL;
CREATE INDEX executions_redriven ON executions (machine) WHERE map_run IS NULL AND redrives > 0;
CREATE INDEX executions_by_version ON executions (version) WHERE version IS NOT NULL;
CREATE INDEX executions_by_alias ON executions (alias) WHERE alias IS NOT NULL;
CREATE INDEX executions_by_map_run ON executions (map_run) WHERE map_run IS NOT NULL;
CREATE INDEX executions_by_map_run_and_status ON executions (map_run, status) WHERE map_run IS NOT NULL;
CREATE INDEX executions_by_map_run_and_index ON executions (map_run, item_index) WHERE map_run IS NOT NULL;
CREATE INDEX executions_running ON executions (key) WHERE status = 'RUNNING';
CREATE INDEX executions_undelivered ON executions (key) WHERE delivered < events;
CREATE INDEX executions_by_stop ON executions (stopped) WHERE stopped IS NOT NULL;
CREATE INDEX executions_by_revision ON executions (revision);

-- Apart from the execution, which is written anew at each transition.
CREATE TABLE inputs (
    execution INTEGER PRIMARY KEY REFERENCES executions ON DELETE CASCADE,
    input TEXT NOT NULL
);
CREATE TABLE snapshots (
    execution INTEGER PRIMARY KEY REFERENCES executions ON DELETE CASCADE,
    snapshot BLOB NOT NULL
);
-- One number finds a block, so its table needs no index beside it; in return a trigger takes a foreign key's part.
CREATE TABLE history (
    place INTEGER PRIMARY KEY,
    events BLOB NOT NULL
);
CREATE TRIGGER executions_removed AFTER DELETE ON executions BEGIN
    DELETE FROM history WHERE place BETWEEN old.key << {PLACE_BITS} AND ((old.key + 1) << {PLACE_BITS}) - 1;
END;
CREATE TABLE map_runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    execution TEXT NOT NULL REFERENCES executions (arn) ON DELETE CASCADE,
    machine TEXT NOT NULL, status TEXT NOT NULL, started REAL NOT NULL,
    concurrency INTEGER NOT NULL, tolerated_percentage REAL NOT NULL, tolerated_count INTEGER NOT NULL,
    counts TEXT NOT NULL, stopped REAL, redrives INTEGER NOT NULL, redriven REAL
);
CREATE INDEX map_runs_by_execution ON map_runs (execution);
CREATE INDEX map_runs_open ON map_runs (execution) WHERE stopped IS NULL;
PRAGMA application_id = {APPLICATION_ID};
"""

MIGRATIONS: Final = (("everything that the engine keeps", _FIRST),)
"""Name and SQL of each step from an empty file to today's. Append only: the number of steps done stands in the file."""
