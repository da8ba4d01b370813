"""Access patterns of the single table, then its keys.

The primary key is pk and sk; the indexes by_1, by_2 and by_3 have pk1, sk1 and so on. `ws` is a workspace, `wf` a
workflow.

what                                     index   partition                 sort key
---------------------------------------  ------  ------------------------  ------------------------------------------
a workflow                               -       WORKFLOW#ws#wf            WORKFLOW
a draft's document, now or as of r       -       WORKFLOW#ws#wf            DRAFT#revision, the last one up to r
a version; versions, newest first        -       WORKFLOW#ws#wf            VERSION#number
the last runs of listed workflows        -       LAST#ws#wf                LAST (BatchGetItem)
how many workflows are not deleted       -       TOTAL#ws                  TOTAL, written with what changes it
workflows by creation                    by_1    WORKFLOWS#ws#live         created, id
workflows by last save                   by_2    WORKFLOWS#ws#live         updated, id
workflows by name                        by_3    WORKFLOWS#ws#live         name case-folded, id
deleted workflows, in the same orders    by_1-3  WORKFLOWS#ws#deleted      the same
a run, in whichever workspace            -       RUN#run                   RUN
runs of a workspace, newest first        by_1    RUNS#ws                   started, id
runs of a workflow, newest first         by_2    RUNS#ws#wf                started, id
runs of a status, newest first           by_3    RUNS#ws#status            started, id
steps of a run, or of a node in it       -       STEPS#ws#run              node, path, attempt
log lines of a run, in order             -       LOGS#ws#run               sequence
history events put aside                 -       EVENTS#run                id
who is waited for                        -       WAITING#ws#run            node, path
the inbox, oldest first                  by_1    INBOX#ws                  created, run, node, path
a trigger                                -       TRIGGER#ws#id             TRIGGER
triggers of a workflow                   by_1    TRIGGERS#ws#wf            created, id
triggers of a type                       by_2    TRIGGERS#ws#type          created, id
a webhook's trigger by its key           -       KEY#key                   KEY
a claim, or the answer that follows it   -       ONCE#key                  ONCE
a connection                             -       SOCKET#connection         SOCKET
subscribers of a run                     -       SUBSCRIBERS#run           connection
what a connection has subscribed to      by_1    SOCKET#connection         run
what a machine of a draft was made from  -       MACHINE#name              MACHINE

Runs of one status of one workflow are read from the index of the workflow and filtered by the database, as are
searches, folders, tags, and log lines by level or node. Lists by index read no bodies, for the indexes hold none.
"""

from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import quote

from millrace.model import NodeId
from millrace.store.records import ConnectionId, RunId, RunStatus, TriggerId, WorkflowId, WorkspaceId

SEPARATOR: Final = "\x01"
"""Stands between the parts of a sort key: below every character that a name has, so that "a" comes before "a b"."""

# Of the 1,024 bytes that a sort key has: 200 characters of UTF-8 take 800 at most, an id 64.
_NAME_LENGTH: Final = 200
_DIGITS: Final = 10
_EVENT_DIGITS: Final = 19
# Of the 2,048 bytes that a partition key has; what is longer is hashed.
_PART_LENGTH: Final = 400
_PLAIN: Final = " !$&'()*+,/:;=?@[]{}|^<>"


class Key(NamedTuple):
    """A primary key."""

    pk: str
    sk: str


def workflow_key(workspace: WorkspaceId, workflow: WorkflowId) -> Key:
    """Find a workflow."""
    return Key(_join("WORKFLOW", workspace, workflow), "WORKFLOW")


def draft_key(workspace: WorkspaceId, workflow: WorkflowId, revision: int) -> Key:
    """Find the document that a revision was saved with."""
    return Key(_join("WORKFLOW", workspace, workflow), f"DRAFT#{number(revision)}")


def version_key(workspace: WorkspaceId, workflow: WorkflowId, version: int) -> Key:
    """Find a version."""
    return Key(_join("WORKFLOW", workspace, workflow), f"VERSION#{number(version)}")


def last_run_key(workspace: WorkspaceId, workflow: WorkflowId) -> Key:
    """Find which run of a workflow was the last one."""
    return Key(_join("LAST", workspace, workflow), "LAST")


def total_key(workspace: WorkspaceId) -> Key:
    """Find how many workflows are not deleted."""
    return Key(_join("TOTAL", workspace), "TOTAL")


def workflows_partition(workspace: WorkspaceId, *, deleted: bool) -> str:
    """List workflows."""
    return _join("WORKFLOWS", workspace, "deleted" if deleted else "live")


def run_key(run: RunId) -> Key:
    """Find a run."""
    return Key(_join("RUN", run), "RUN")


def runs_partition(workspace: WorkspaceId, which: WorkflowId | RunStatus | None = None) -> str:
    """List runs: all, a workflow's, or those of a status."""
    return _join("RUNS", workspace) if which is None else _join("RUNS", workspace, which)


def machine_key(machine: str) -> Key:
    """Find what a machine that runs no published version was made from."""
    return Key(_join("MACHINE", machine), "MACHINE")


def steps_partition(workspace: WorkspaceId, run: RunId) -> str:
    """List steps."""
    return _join("STEPS", workspace, run)


def step_sort(node: NodeId, path: str, attempt: int) -> str:
    """Order steps by node, then by loop indexes as numbers, then by attempt."""
    return SEPARATOR.join((node, path_sort(path), f"{attempt:05d}"))


def path_sort(path: str) -> str:
    """Give a path whose indexes sort as numbers: "each/3" as "each/0000000003"."""
    return "/".join(part.zfill(_DIGITS) if part.isdecimal() else part for part in path.split("/"))


def logs_partition(workspace: WorkspaceId, run: RunId) -> str:
    """List log lines."""
    return _join("LOGS", workspace, run)


def events_partition(run: RunId) -> str:
    """List history events put aside."""
    return _join("EVENTS", run)


def event_sort(identity: int) -> str:
    """Order history events by their ids, which are below 2^63."""
    return f"{identity:0{_EVENT_DIGITS}d}"


def waiting_key(workspace: WorkspaceId, run: RunId, node: NodeId, path: str) -> Key:
    """Find who is waited for."""
    return Key(_join("WAITING", workspace, run), SEPARATOR.join((node, path)))


def inbox_partition(workspace: WorkspaceId) -> str:
    """List everybody who is waited for."""
    return _join("INBOX", workspace)


def trigger_key(workspace: WorkspaceId, trigger: TriggerId) -> Key:
    """Find a trigger."""
    return Key(_join("TRIGGER", workspace, trigger), "TRIGGER")


def triggers_partition(workspace: WorkspaceId, which: str) -> str:
    """List triggers of a workflow, or of a type."""
    return _join("TRIGGERS", workspace, which)


def webhook_key(key: str) -> Key:
    """Find the trigger that has a key."""
    return Key(_join("KEY", key), "KEY")


def once_key(key: str) -> Key:
    """Find a claim, or the answer that was kept under its key."""
    return Key(_join("ONCE", key), "ONCE")


def connection_key(connection: ConnectionId) -> Key:
    """Find a connection; its partition in by_1 lists what it has subscribed to."""
    return Key(_join("SOCKET", connection), "SOCKET")


def subscribers_partition(run: RunId) -> str:
    """List the subscribers of a run."""
    return _join("SUBSCRIBERS", run)


def subscription_key(connection: ConnectionId, run: RunId) -> Key:
    """Find a subscription."""
    return Key(subscribers_partition(run), connection)


def number(value: int) -> str:
    """Give a number that sorts as text."""
    return f"{value:0{_DIGITS}d}"


def sort_key(first: str, *others: str) -> str:
    """Order by a moment or a name, then by what tells equals apart."""
    return SEPARATOR.join((first, *others))


def name_sort(name: str, identity: str) -> str:
    """Order by name, whatever its case, then by id."""
    return SEPARATOR.join((name.casefold()[:_NAME_LENGTH].replace(SEPARATOR, ""), identity))


def _join(kind: str, *parts: str) -> str:
    return "#".join((kind, *map(_part, parts)))


def _part(text: str) -> str:
    # What users choose could hold the separator of the parts, or a lone surrogate, which UTF-8 has not.
    part = quote(text, safe=_PLAIN, errors="surrogatepass")
    return part if len(part) <= _PART_LENGTH else sha256(part.encode()).hexdigest()
