"""Results of a Map Run's children in a temporary file, for runs that nothing keeps."""

import tempfile
from array import array
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Final

import orjson

from millrace.engine.map_run_children import ChildResult
from millrace.engine.messages import Status

# Bytes of results that stay in memory.
_IN_MEMORY: Final = 1_048_576
_ABSENT: Final = -1


class ResultSpool:
    """Keeps results in the order in which children end, and gives them back by index.

    Memory: eight bytes a child, and the first mebibyte of results.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._offsets = array("q")
        self._end = 0

    def add(self, result: ChildResult) -> None:
        """Keep a result."""
        missing = result.index + 1 - len(self._offsets)
        if missing > 0:
            self._offsets.extend([_ABSENT] * missing)
        line = orjson.dumps(asdict(result)) + b"\n"
        self._file.seek(self._end)
        self._file.write(line)
        self._offsets[result.index] = self._end
        self._end += len(line)

    async def results(self) -> AsyncIterator[ChildResult]:
        """Give the results, by index."""
        for offset in self._offsets:
            if offset == _ABSENT:
                continue
            self._file.seek(offset)
            kept: dict[str, Any] = orjson.loads(self._file.readline())
            kept["status"] = Status(kept["status"])
            yield ChildResult(**kept)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
