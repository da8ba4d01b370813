"""Routes: what waits for people, and their answers."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from millrace.model import NodeId
from millrace.store.port import PageRequest
from millrace.store.records import RunId, Waiting, WorkflowId

from .dependencies import Serving, Signed
from .envelope import Success, View, ok
from .executions import ExecutionPath
from .parameters import Body, Cursor, Limit
from .views import Pagination

router = APIGatewayHttpRouter()

_TAG = ["People"]

NodePath = Annotated[NodeId, Path(description="The node that asks.", min_length=1, max_length=64)]


class QuestionView(View):
    """What a run asks."""

    execution_id: RunId
    workflow_id: WorkflowId
    node_id: NodeId
    path: Annotated[str, Field(description="Which item of which loop asks; empty outside of loops.")]
    type: Annotated[str, Field(description="user-input or approval.")]
    request: Annotated[
        dict[str, Any], Field(description="What is asked: title, message, schema or options, assignees.")
    ]
    created_at: str
    expires_at: str | None

    @classmethod
    def of(cls, waiting: Waiting) -> "QuestionView":
        """Show a question; its token stays where it is."""
        request: dict[str, Any] = dict(waiting.request) if isinstance(waiting.request, dict) else {}
        return cls(
            execution_id=waiting.run,
            workflow_id=waiting.workflow,
            node_id=waiting.node,
            path=waiting.path,
            type=str(request.pop("type", "")),
            request=request,
            created_at=waiting.created,
            expires_at=waiting.expires,
        )


class Inbox(View):
    """Some questions."""

    questions: list[QuestionView]
    pagination: Pagination


class AnswerRequest(Body):
    """An answer."""

    input: Annotated[
        Any,
        Field(description='The fields of a form; of an approval {"decision": "approved" or "rejected", "comment"}.'),
    ]
    path: Annotated[str, Field(max_length=1000, description="As the question has it; empty outside of loops.")] = ""


class AnsweredView(View):
    """An answer that a run goes on with."""

    execution_id: RunId
    node_id: NodeId
    path: str
    output: Annotated[Any, Field(description="The node's output.")]


@router.get("/api/inbox", summary="List what waits for people", tags=_TAG)
def inbox(caller: Signed, services: Serving, limit: Limit = 20, cursor: Cursor = None) -> Success[Inbox]:
    """Give a page of the questions that wait in the workspace."""
    found = services.people.inbox(caller, PageRequest(limit, cursor))
    questions = [QuestionView.of(waiting) for waiting in found.records]
    return ok(Inbox(questions=questions, pagination=Pagination.of(found, limit)))


@router.post("/api/executions/<execution_id>/nodes/<node_id>/answer", summary="Answer a question", tags=_TAG)
def answer(
    caller: Signed, services: Serving, execution_id: ExecutionPath, node_id: NodePath, body: AnswerRequest
) -> Success[AnsweredView]:
    """Submit a form or decide on an approval; the execution goes on."""
    answered = services.people.answer(caller, execution_id, node_id, body.input, path=body.path)
    return ok(
        AnsweredView(execution_id=answered.run, node_id=answered.node, path=answered.path, output=answered.output)
    )
