"""The workflow's inputs."""

from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from millrace.catalogue.config import NodeConfig
from millrace.catalogue.input_schema import check_schema
from millrace.catalogue.lowering import Lowering, Value
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import ReferenceKind, reference
from millrace.model import Code


class InputConfig(NodeConfig):
    """What a run is given."""

    model_config = ConfigDict(populate_by_name=False)  # the field's Python name is no name of the document

    schema_: Annotated[
        dict[str, Any],
        Field(
            alias="schema",
            description="The inputs by name, each with type, required, default and description; or a JSON Schema. "
            "Inputs that are not named are refused, unless the schema is empty or a JSON Schema that allows them.",
            examples=[{"city": {"type": "string", "required": True, "description": "Where to look."}}],
            json_schema_extra={"widget": "input-schema"},
        ),
    ] = {}  # noqa: RUF012 -- pydantic copies it


class Input(NodeType[InputConfig]):
    """Declares the inputs; its output is the run's inputs, with defaults filled in."""

    name = "input"
    title = "Input"
    summary = "Declares what a run is given and passes it on."
    category = Category.STRUCTURE
    icon = "log-in"
    Config = InputConfig
    output: ClassVar = {"type": "object"}
    examples = (
        {
            "schema": {
                "city": {"type": "string", "required": True, "description": "Where to look."},
                "days": {"type": "integer", "default": 7, "minimum": 1},
            }
        },
        {"schema": {"type": "object", "properties": {"orders": {"type": "array"}}, "required": ["orders"]}},
    )

    def lower(self, config: InputConfig, scope: LowerScope) -> Lowering:
        """Read the run's inputs."""
        for problem in check_schema(config.schema_):
            at = f"schema.{problem.path}" if problem.path else "schema"
            scope.report(Code.INVALID_SCHEMA, at, problem.message, problem.remedy)
        return Value(reference(ReferenceKind.INPUTS, ""))
