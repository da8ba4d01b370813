"""What a webhook that waits for its run starts: the Express form of a workflow, where that means the same.

StartSyncExecution gives the outputs in one call, at most once, and costs a tenth. But an Express execution ends after
5 minutes and is neither paused nor redriven. So a workflow takes this form when it is set to `express`, or when it is
allowed no more than those 5 minutes, none of its nodes needs a Standard execution, and its states are the same.
"""

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, cast

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from millrace.model import Json
from millrace.services.programs import Program, Programs
from millrace.store.port import Store
from millrace.store.records import Workflow

if TYPE_CHECKING:
    from millrace.services.machines import Machines

_LOG: Final = logging.getLogger(__name__)

_KNOWN: Final = 256


class ExpressPrograms:
    """Finds and makes the programs of workflows that are waited for.

    Args:
        store: Where versions are.
        programs: Published versions.
        machines: Where state machines are made.
    """

    def __init__(self, store: Store, programs: Programs, machines: "Machines") -> None:
        self._store = store
        self._programs = programs
        self._machines = machines
        self._known: OrderedDict[object, Program] = OrderedDict()

    def program(self, workflow: Workflow) -> Program:
        """Give the live version of a workflow, as an Express program where it can be one.

        Raises:
            PreconditionError: The workflow has never been published.
        """
        published = self._programs.published(workflow)
        if published.express:
            return published
        key = (workflow.workspace, workflow.id, published.version)
        if key not in self._known:
            try:
                self._known[key] = self._express(workflow, published) or published
            except (ClientError, BotoCoreError) as error:
                _LOG.warning("no Express machine for workflow %s: %s", workflow.id, error)
                return published
            while len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return self._known[key]

    def _express(self, workflow: Workflow, published: Program) -> Program | None:
        from millrace.compiler.limits import EXPRESS_SECONDS
        from millrace.observation.mapping import map_of

        assert published.version is not None
        version = self._store.version(workflow.workspace, workflow.id, published.version)
        document = cast("dict[str, Any]", version.document) if version is not None else {}
        settings: dict[str, Any] = document.get("settings") or {}
        seconds = settings.get("timeoutSeconds")
        if version is None or not isinstance(seconds, int) or seconds > EXPRESS_SECONDS:
            return None
        compilation = self._machines.compile(
            workflow.workspace,
            workflow.id,
            {**document, "settings": {**settings, "execution": "express"}},
            version=published.version,
        )
        kept = cast("dict[str, Json]", version.compilation)
        if compilation.definition is None or compilation.children:
            return None
        # The observer reads the events by the version's map.
        map_ = {**map_of(compilation).to_json(), "express": False}
        if orjson.loads(orjson.dumps(map_)) != kept.get("map"):
            return None
        return Program(
            machine=self._machines.immutable(compilation),
            version=published.version,
            express=True,
            schema=published.schema,
            estimate=published.estimate,
        )
