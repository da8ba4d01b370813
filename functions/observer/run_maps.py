"""The maps of machines, as they are kept with versions and beside machines that run no version."""

import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

from millrace.observation import RunMap, machine_name
from millrace.store.port import Store
from millrace.store.records import Run

_log: Final = logging.getLogger(__name__)

_KNOWN: Final = 256
"""Maps that a process keeps in mind; one is some ten kilobytes."""


class RunMaps:
    """Finds the map of what a run runs.

    Args:
        store: Where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[object, RunMap] = OrderedDict()

    def of(self, run: Run, execution: str | None) -> RunMap | None:
        """Give a run's map; None where none is kept that this release can read.

        Args:
            run: The run.
            execution: The ARN of its own execution, as far as it is known.
        """
        arn = execution or run.execution or ""
        # A webhook that waits runs the Express form of a published version, which has the same states.
        express = ":express:" in arn
        machine = machine_name(arn)
        key = (run.workflow, run.version, express) if run.version is not None else machine
        found = self._known.get(key)
        if found is None:
            found = self._read(run, machine)
            if found is None:
                return None
            self._known[key] = found = replace(found, express=express) if arn else found
            while len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return found

    def _read(self, run: Run, machine: str) -> RunMap | None:
        if run.version is None:
            kept = self._store.compilation(machine)
        else:
            version = self._store.version(run.workspace, run.workflow, run.version)
            kept = version.compilation if version is not None else None
        written = kept.get("map") if isinstance(kept, dict) else None
        if not isinstance(written, dict):
            _log.error("run %s cannot be recorded: no map of machine %s is kept", run.id, machine or "?")
            return None
        try:
            return RunMap.from_json(cast("Mapping[str, Any]", written))
        except ValueError as error:
            _log.error("run %s cannot be recorded: %s", run.id, error)
            return None
