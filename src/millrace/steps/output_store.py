"""The port through which an output that is too large for a state leaves a function."""

from typing import Final, Protocol

from millrace.catalogue.node import NodeFailure
from millrace.model import Json, NodeId

OUTPUT_LIMIT_BYTES: Final = 240 * 1024
"""The largest output that is returned as it is, as UTF-8 JSON; a state's payload may have 256 KiB."""


class OutputStore(Protocol):
    """Keeps large outputs elsewhere."""

    def keep(self, output: bytes, *, node: NodeId, run_id: str) -> Json:
        """Keep an output, given as UTF-8 JSON, and give what is returned in its place.

        Raises:
            NodeFailure: It cannot be kept.
        """
        ...


class NoOutputStore:
    """A runtime that keeps large outputs nowhere."""

    def keep(self, output: bytes, *, node: NodeId, run_id: str) -> Json:
        """Refuse, and say how to go on."""
        del run_id
        raise NodeFailure(
            "Output.TooLarge",
            f"The output of {node!r} has {len(output):,} bytes of JSON; at most {OUTPUT_LIMIT_BYTES:,} fit between two "
            "nodes. Return only the fields that later nodes need, or fewer items at a time",
            details={"bytes": len(output)},
        )
