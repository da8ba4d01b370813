"""Parameters and bodies that several routes take."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from millrace.model import parsing
from millrace.store.records import WorkflowId

Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]

WorkflowPath = Annotated[WorkflowId, Path(description="The workflow's id.", min_length=1, max_length=100)]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[str | None, Query(description="The `next_cursor` of the page before.")]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=parsing.MAX_NAME)]
Description = Annotated[str, StringConstraints(max_length=parsing.MAX_DESCRIPTION)]
Folder = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Tags = Annotated[
    list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]], Field(max_length=20)
]
Definition = Annotated[dict[str, Any], Field(description="A workflow document: nodes, edges, settings.")]


class Body(BaseModel):
    """What a request sends; members that are not known are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)
