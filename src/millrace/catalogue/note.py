"""A remark on the canvas."""

from typing import Annotated, ClassVar

from pydantic import Field

from millrace.catalogue.config import NodeConfig
from millrace.catalogue.lowering import Lowering, Nothing
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.model import Port


class NoteConfig(NodeConfig):
    """The remark."""

    text: Annotated[
        str,
        Field(
            description="The remark, in Markdown.",
            examples=["Prices are net of tax."],
            json_schema_extra={"widget": "markdown"},
        ),
    ] = ""


class Note(NodeType[NoteConfig]):
    """A remark for people; it takes no part in the run."""

    name = "note"
    title = "Note"
    summary = "A remark on the canvas; it takes no part in the run."
    category = Category.STRUCTURE
    icon = "sticky-note"
    Config = NoteConfig
    ports: ClassVar[tuple[Port, ...]] = ()
    takes_edges = False
    examples = ({"text": "Prices are net of tax."},)

    def lower(self, config: NoteConfig, scope: LowerScope) -> Lowering:
        """Become nothing."""
        del config, scope
        return Nothing()
