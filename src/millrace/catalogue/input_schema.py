"""The schema of a workflow's inputs: the short form, JSON Schema, and checking values against either.

The short form is `{field: {type, required, default, description, …}}`. It refuses unknown fields, since a misspelt name
is the likeliest mistake, and takes null for an optional field as if the field were left out, as forms send it. A full
JSON Schema (Draft 2020-12) says both for itself and is applied as written. An empty schema accepts any inputs.
"""

import copy
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, cast

from millrace.catalogue.schema_problem import Path, SchemaProblem, problems_of, problems_of_schema, show_path
from millrace.expressions import is_template
from millrace.model import Json, quote

SCHEMA_TYPES: Final = ("string", "number", "integer", "boolean", "array", "object", "any")
"""What `type` may be in the short form; `any` puts no limit on the value."""


def is_json_schema(schema: Mapping[str, Any]) -> bool:
    """Whether a schema is a full JSON Schema rather than the short form."""
    if any(isinstance(schema.get(keyword), str) for keyword in ("$schema", "$ref", "type")):
        return True
    if any(isinstance(schema.get(keyword), list) for keyword in ("type", "anyOf", "oneOf", "allOf")):
        return True
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return False
    return all(isinstance(value, dict) for value in cast("dict[str, Any]", properties).values())


def to_json_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Give a schema of either form as JSON Schema."""
    if is_json_schema(schema):
        return dict(schema)
    if not schema:
        return {"type": "object"}
    return {**_object_schema(schema), "additionalProperties": False}


def check_schema(schema: Mapping[str, Any]) -> list[SchemaProblem]:
    """Give everything that is wrong with a schema: unknown types, broken keywords, defaults that do not fit."""
    full = to_json_schema(schema)
    if is_json_schema(schema):
        parts: dict[Path, Any] = {(): full}
    elif problems := list(_short_form_problems(schema)):
        return problems
    else:
        parts = {(name,): field for name, field in full.get("properties", {}).items()}
    problems = [problem for path, part in parts.items() for problem in _schema_problems(part, path)]
    return problems or [problem for path, part in parts.items() for problem in _default_problems(full, part, path)]


def check_inputs(schema: Mapping[str, Any], inputs: Mapping[str, Json]) -> tuple[dict[str, Json], list[SchemaProblem]]:
    """Check a run's inputs.

    Args:
        schema: A schema of either form that `check_schema` finds nothing wrong with.
        inputs: The inputs as given; they are not changed.

    Returns:
        The inputs with defaults filled in, nested ones too, and every problem found.
    """
    full = to_json_schema(schema)
    filled = copy.deepcopy(dict(inputs))
    if not is_json_schema(schema):
        _drop_nulls(full, filled)
    _fill_defaults(full, full, filled)
    return filled, problems_of(full, filled)


def _object_schema(fields: Mapping[str, Any]) -> dict[str, Any]:
    required = [
        name
        for name, field in fields.items()
        if isinstance(field, dict) and cast("dict[str, Any]", field).get("required") is True
    ]
    properties = {name: _field_schema(field) for name, field in fields.items()}
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _field_schema(field: object) -> Any:
    """Give a field of the short form as JSON Schema; `required: true` of nested fields moves to their object."""
    if not isinstance(field, dict):
        return field
    given = cast("dict[str, Any]", field)
    schema = {
        key: value
        for key, value in given.items()
        if not (key == "required" and isinstance(value, bool)) and not (key == "type" and value == "any")
    }
    properties = given.get("properties")
    if isinstance(properties, dict):
        nested = _object_schema(cast("dict[str, Any]", properties))
        schema["properties"] = nested["properties"]
        if "required" in nested:
            listed = given.get("required")
            schema["required"] = [*(cast("list[Any]", listed) if isinstance(listed, list) else ()), *nested["required"]]
    if "items" in given:
        schema["items"] = _field_schema(given["items"])
    return schema


def _short_form_problems(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    types = ", ".join(SCHEMA_TYPES)
    for name, field in schema.items():
        if not isinstance(field, dict):
            remedy = f'Describe the field by an object: {name!r}: {{"type": "string"}}.'
            yield SchemaProblem(name, "an object with a `type`", quote(field), remedy)
            continue
        given = cast("dict[str, Any]", field)
        kind, required = given.get("type", "any"), given.get("required", False)
        if isinstance(kind, str) and kind not in (*SCHEMA_TYPES, "null"):
            near = get_close_matches(kind, SCHEMA_TYPES, 1, 0.5)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Use one of {types}."
            yield SchemaProblem(f"{name}.type", f"one of {types}", quote(kind), remedy)
        if not isinstance(required, (bool, list)):
            remedy = "Set `required` to true or false."
            yield SchemaProblem(f"{name}.required", "true or false", quote(required), remedy)


def _schema_problems(schema: Mapping[str, Any], path: Path) -> Iterator[SchemaProblem]:
    yield from _remote_references(schema, path)
    yield from problems_of_schema(schema, path)


def _remote_references(schema: object, path: Path) -> Iterator[SchemaProblem]:
    if isinstance(schema, list):
        for index, value in enumerate(cast("list[Any]", schema)):
            yield from _remote_references(value, (*path, index))
    if not isinstance(schema, dict):
        return
    for key, value in cast("dict[str, Any]", schema).items():
        here = (*path, key)
        if key in ("$ref", "$dynamicRef") and isinstance(value, str) and not value.startswith("#"):
            expected, remedy = "a reference into this schema, such as '#/$defs/item'", "Copy that schema into `$defs`."
            yield SchemaProblem(show_path(here), expected, quote(value), remedy)
        elif key not in ("default", "const", "enum", "examples"):
            yield from _remote_references(value, here)


def _default_problems(root: Mapping[str, Any], schema: object, path: Path) -> Iterator[SchemaProblem]:
    """Check each default against the schema that it stands in; one with expressions is known in a run only."""
    if not isinstance(schema, dict):
        return
    given = cast("dict[str, Any]", schema)
    if "default" in given and not _holds_template(given["default"]):
        definitions = {key: root[key] for key in ("$defs", "definitions") if key in root}
        yield from problems_of({**definitions, **given}, given["default"], (*path, "default"))
    for name, field in cast("dict[str, Any]", given.get("properties") or {}).items():
        yield from _default_problems(root, field, (*path, "properties", name))
    yield from _default_problems(root, given.get("items"), (*path, "items"))


def _holds_template(value: object) -> bool:
    match value:
        case str():
            return is_template(value)
        case dict():
            return any(_holds_template(member) for member in cast("dict[str, Any]", value).values())
        case list():
            return any(_holds_template(member) for member in cast("list[Any]", value))
        case _:
            return False


def _drop_nulls(schema: Mapping[str, Any], inputs: dict[str, Json]) -> None:
    required = cast("list[str]", schema.get("required", []))
    for name, field in cast("dict[str, Any]", schema.get("properties", {})).items():
        kind = field.get("type", "null")
        if (
            inputs.get(name, "") is None
            and name not in required
            and "null" not in (kind if isinstance(kind, list) else [kind])
        ):
            del inputs[name]


def _fill_defaults(root: Mapping[str, Any], schema: object, value: object) -> None:
    if not isinstance(schema, dict):
        return
    given = _follow(root, cast("dict[str, Any]", schema))
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        for name, field in cast("dict[str, Any]", given.get("properties") or {}).items():
            if name not in members and isinstance(field, dict) and "default" in field:
                members[name] = copy.deepcopy(cast("dict[str, Any]", field)["default"])
            if name in members:
                _fill_defaults(root, cast("object", field), members[name])
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            _fill_defaults(root, given.get("items"), item)


def _follow(root: Mapping[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a local `$ref`; one that leads nowhere, or round in a circle, is left to the validator to refuse."""
    for _ in range(16):
        target = schema.get("$ref")
        if not isinstance(target, str) or not target.startswith("#"):
            break
        found: Any = root
        for step in filter(None, target[1:].split("/")):
            name = step.replace("~1", "/").replace("~0", "~")
            found = cast("dict[str, Any]", found).get(name) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            break
        schema = cast("dict[str, Any]", found)
    return schema
