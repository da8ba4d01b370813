"""Open WebSockets, and the runs that they have subscribed to."""

from collections.abc import Sequence
from typing import Final

from millrace.store import keys
from millrace.store.cursors import Listing
from millrace.store.items import CONNECTION, Items, indexed, plain_item
from millrace.store.records import Connection, ConnectionId, RunId

CONNECTION_SECONDS: Final = 24 * 3600
"""How long a connection is known; API Gateway ends one after two hours."""


class SocketItems(Items):
    """Connections and subscriptions in the table."""

    def put_connection(self, connection: Connection) -> None:
        """Write a connection and what it has subscribed to."""
        expires = self._expiry(CONNECTION_SECONDS)
        self._table.put(self._item(CONNECTION, connection, keys.connection_key(connection.id), expires=expires))
        for run in connection.runs:
            self.subscribe(connection.id, run)

    def connection(self, connection: ConnectionId) -> Connection | None:
        """Find a connection."""
        item = self._table.get(keys.connection_key(connection))
        if item is None:
            return None
        return self._found(CONNECTION, item, runs=frozenset(map(RunId, self._subscribed(connection))))

    def delete_connection(self, connection: ConnectionId) -> None:
        """Remove a connection and its subscriptions."""
        subscriptions = [keys.subscription_key(connection, run) for run in self._subscribed(connection)]
        self._table.write(deleted=[keys.connection_key(connection), *subscriptions])

    def subscribe(self, connection: ConnectionId, run: RunId) -> None:
        """Let a connection hear of a run."""
        index = indexed(1, keys.connection_key(connection).pk, run)
        expires = self._expiry(CONNECTION_SECONDS)
        self._table.put(plain_item(keys.subscription_key(connection, run), expires=expires, **index))

    def unsubscribe(self, connection: ConnectionId, run: RunId) -> None:
        """Let a connection hear of a run no more."""
        self._table.delete(keys.subscription_key(connection, run))

    def subscribers(self, run: RunId) -> Sequence[ConnectionId]:
        """Give the connections that hear of a run."""
        listing = Listing(keys.subscribers_partition(run))
        return [ConnectionId(item["sk"]["S"]) for item in self._table.all(listing)]

    def _subscribed(self, connection: ConnectionId) -> list[RunId]:
        listing = Listing(keys.connection_key(connection).pk, "by_1")
        return [RunId(item["sk1"]["S"]) for item in self._table.all(listing)]
