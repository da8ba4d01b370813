"""Routes: the node types."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from .envelope import Success, View, ok

router = APIGatewayHttpRouter()

_TAG = ["Nodes"]


class NodeList(View):
    """The node types, in the order of the palette."""

    nodes: list[dict[str, Any]]


@router.get("/api/nodes", summary="List node types", tags=_TAG)
def list_nodes() -> Success[NodeList]:
    """Give what workflows can be made of."""
    from millrace.services import nodes

    return ok(NodeList(nodes=[dict(node) for node in nodes.described()]))


@router.get("/api/nodes/<node_type>", summary="Get a node type", tags=_TAG)
def get_node(
    node_type: Annotated[str, Path(description="The type's name, such as http.", max_length=100)],
) -> Success[dict[str, Any]]:
    """Describe one node type."""
    from millrace.services import nodes

    return ok(dict(nodes.describe_type(node_type)))
