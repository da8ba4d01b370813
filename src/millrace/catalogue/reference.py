"""The catalogue as data and as a page: `GET /api/nodes`, `millrace nodes --json` and docs/nodes.md.

`python -m millrace.catalogue.reference` writes the page.
"""

import json
import re
from collections.abc import Iterator, Mapping
from inspect import getdoc
from itertools import groupby
from pathlib import Path
from typing import Any, Final, cast

from millrace.catalogue.config import NodeConfig
from millrace.catalogue.node import Function, NodeType
from millrace.catalogue.registry import node_types
from millrace.model import ERROR, Json

PAGE: Final = Path("docs/nodes.md")

_LONGEST_LINE: Final = 100

_COMMON: Final = NodeConfig.model_fields.keys()


def describe(kind: NodeType[Any]) -> dict[str, Json]:
    """Describe a node type: its names, ports, the JSON Schema of its config and of its output, and how it runs."""
    outputs: list[Json] = [{"name": port} for port in kind.ports]
    if "onError" in kind.Config.model_fields and kind.takes_edges and kind.ports:
        outputs.append({"name": ERROR, "when": "onError is branch"})
    return {
        "type": kind.name,
        "category": kind.category.value,
        "name": kind.title,
        "description": kind.summary,
        "icon": kind.icon,
        "inputs": [{"name": "in"}] if kind.takes_edges else [],
        "outputs": outputs,
        "dynamic_outputs": "ports_of" in type(kind).__dict__,
        "container": kind.is_container,
        "runs": _runs(kind),
        "config_schema": kind.Config.model_json_schema(by_alias=True),
        "output_schema": dict(kind.output),
        "examples": [dict(example) for example in kind.examples],
    }


def _runs(kind: NodeType[Any]) -> dict[str, Json]:
    match kind.function:
        case None:
            return {"where": "native"}
        case Function.PEOPLE:
            return {"where": "callback", "function": kind.function.value}
        case function:
            return {"where": "function", "function": function.value}


def render_page() -> str:
    """Write the reference page of all node types, in Markdown."""
    kinds = [(kind, describe(kind)) for kind in node_types().values()]
    lines = [
        "# Node types",
        "",
        "Generated from the catalogue by `make docs`; edit src/millrace/catalogue/ instead.",
        "",
        "Every string in a field of type value may hold expressions `${ … }`, and so may text where its type says so.",
        "A field path names a field of an item, such as `address.lines[0]`. Other nodes read what a node gave as",
        "`<node id>.output`.",
        "",
    ]
    for category, members in groupby(kinds, lambda pair: pair[0].category):
        links = ", ".join(f"[{kind.title}](#{kind.name})" for kind, _ in members)
        lines.append(f"- **{category.value}**: {links}")
    lines += ["", "## Fields of every node", "", *_fields(NodeConfig.model_json_schema(), common=True)]
    for kind, description in kinds:
        lines += _section(kind, description)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _section(kind: NodeType[Any], description: Mapping[str, Json]) -> Iterator[str]:
    yield from ("", f'<a id="{kind.name}"></a>', "", f"## {kind.title}", "")
    yield from (f"`{kind.name}` · {kind.category.value} · {_where(kind)}", "", _paragraph(kind), "")
    ports = ", ".join(f"`{port}`" for port in kind.ports) or "none"
    more = ", and one for each case" if description["dynamic_outputs"] else ""
    yield from (f"Ports: {ports}{more}.", "")
    fields = list(_fields(cast("Mapping[str, Any]", description["config_schema"]), common=False))
    yield from (*fields, *([""] if fields else []))
    if kind.output:
        yield from ("Output:", "", *_block(dict(kind.output)), "")
    for example in kind.examples:
        yield from ("Example:", "", *_block(dict(example)), "")


def _paragraph(kind: NodeType[Any]) -> str:
    return re.split(r"\n\n(?:Args|Attributes):", getdoc(type(kind)) or kind.summary)[0]


def _where(kind: NodeType[Any]) -> str:
    match kind.function:
        case None:
            return "runs inside Step Functions, without code of ours"
        case Function.PEOPLE:
            return "asks people by a task token"
        case function:
            return f"runs in the function `{function.value}`"


def _block(value: object) -> list[str]:
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > _LONGEST_LINE:
        text = json.dumps(value, indent=2, ensure_ascii=False)
    return ["```json", *text.splitlines(), "```"]


def _fields(schema: Mapping[str, Any], *, common: bool) -> Iterator[str]:
    """Write a config's fields as a table, models inside it as `field.member`."""
    rows = [
        row
        for name, field in schema.get("properties", {}).items()
        if common or name not in _COMMON
        for row in _rows(name, field, schema, required=name in schema.get("required", ()))
    ]
    if rows:
        yield from ("| field | type | default | what it is |", "| --- | --- | --- | --- |", *rows)


def _rows(name: str, field: Mapping[str, Any], schema: Mapping[str, Any], *, required: bool) -> Iterator[str]:
    default = "required" if required else f"`{json.dumps(field.get('default'), ensure_ascii=False)}`"
    if field.get("default", ...) is None:
        default = ""
    about = _cell(str(field.get("description", "")))
    yield f"| `{name}` | {_cell(_type_name(field, schema))} | {_cell(default)} | {about} |"
    for path, model in _models(name, field, schema):
        for member, inner in model.get("properties", {}).items():
            yield from _rows(f"{path}.{member}", inner, schema, required=member in model.get("required", ()))


def _models(path: str, field: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the models that a field holds, each with the path of a value of it; recursive ones are given once."""
    if "$ref" in field:
        name = str(field["$ref"]).rpartition("/")[2]
        if path.count("[]") + path.count(".") < 2:
            yield path, schema["$defs"][name]
    for option in (*field.get("anyOf", ()), *field.get("oneOf", ())):
        yield from _models(path, option, schema)
    if isinstance(field.get("items"), dict):
        yield from _models(f"{path}[]", field["items"], schema)


def _type_name(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    options = [option for option in (*field.get("anyOf", ()), *field.get("oneOf", ())) if option.get("type") != "null"]
    if options:
        return " or ".join(dict.fromkeys(_type_name(option, schema) for option in options))
    if "$ref" in field:
        model = schema["$defs"][str(field["$ref"]).rpartition("/")[2]]
        return "object" if "properties" in model else _type_name(model, schema)
    if "enum" in field or "const" in field:
        return " or ".join(f"`{json.dumps(value)}`" for value in field.get("enum", [field.get("const")]))
    match field.get("type"):
        case "string" if field.get("format") in _FORMATS:
            return _FORMATS[field["format"]]
        case "array" if not field.get("items"):
            return "list"
        case "array":
            return f"list of {_type_name(field['items'], schema)}"
        case "string":
            return "text"
        case str(name):
            return name + _range(field)
        case _:
            return "value"


_FORMATS: Final = {"expression": "expression", "template": "text, expressions allowed", "field-path": "field path"}


def _range(field: Mapping[str, Any]) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if low is None and high is None:
        return ""
    return f" from {low:,}" + (f" to {high:,}" if high is not None else "") if low is not None else f" up to {high:,}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render_page(), encoding="utf-8")
