"""Branches brought together."""

from typing import Annotated, Literal

from pydantic import Field

from millrace.catalogue.config import NodeConfig
from millrace.catalogue.lowering import Gather, Lowering
from millrace.catalogue.node import Category, LowerScope, NodeType


class MergeConfig(NodeConfig):
    """How the outputs come together."""

    mode: Annotated[
        Literal["object", "array", "first"],
        Field(
            description="`object`: the outputs of the live predecessors by their ids; `array`: the same in the order "
            "of the edges, each where its first edge stands; `first`: the output of the first live one."
        ),
    ] = "object"


class Merge(NodeType[MergeConfig]):
    """Brings branches together: it runs when all that lead to it are done or skipped, and one ran."""

    name = "merge"
    title = "Merge"
    summary = "Brings the outputs of several nodes together."
    category = Category.FLOW
    icon = "git-merge"
    Config = MergeConfig
    examples = ({"mode": "array"}, {})

    def lower(self, config: MergeConfig, scope: LowerScope) -> Lowering:
        """Gather the live predecessors' outputs."""
        del scope
        return Gather(config.mode)
