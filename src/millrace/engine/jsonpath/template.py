"""Payload templates of JSONPath states: objects whose keys that end with `.$` hold paths or intrinsic functions.

Source: Amazon States Language specification, "Payload Template"; the wording of faults is recorded on AWS.
"""

from collections.abc import Callable
from typing import Final, cast

from millrace.engine.jsonpath.intrinsic import read_path
from millrace.engine.templates import BROKEN, ArrayTemplate, Constant, ObjectTemplate, Template
from millrace.model.json import Json, type_of

MARK: Final = ".$"


def compile_payload(value: Json, location: str, path: str, report: Callable[[str, str], None]) -> Template:
    """Compile a payload template.

    Args:
        value: What the definition says.
        location: The field as AWS names it in errors.
        path: Where the field is, as AWS writes it ("/States/Sort/Parameters").
        report: Told the path of the object and the message of a key whose value is no path and no intrinsic function,
            as AWS words it; its template is `BROKEN`.
    """
    if isinstance(value, dict):
        members = tuple(
            (key.removesuffix(MARK), _compile_marked(key, member, path, report))
            if key.endswith(MARK)
            else (key, compile_payload(member, f"{location}/{key}", f"{path}/{key}", report))
            for key, member in value.items()
        )
        if all(isinstance(member, Constant) for _, member in members):
            return Constant({key: member.value for key, member in members if isinstance(member, Constant)})
        return ObjectTemplate(members)
    if isinstance(value, list):
        items = tuple(
            compile_payload(item, f"{location}[{index}]", f"{path}[{index}]", report)
            for index, item in enumerate(value)
        )
        if all(isinstance(item, Constant) for item in items):
            return Constant([item.value for item in items if isinstance(item, Constant)])
        return ArrayTemplate(items)
    return Constant(value)


def _compile_marked(key: str, value: Json, path: str, report: Callable[[str, str], None]) -> Template:
    if not isinstance(value, str):
        kind = str(type_of(value)).upper()
        report(path, f"The value for the field '{key}' must be a STRING that contains a JSONPath but was an {kind}")
        return BROKEN
    try:
        return cast("Template", read_path(value, key))
    except ValueError:
        report(path, f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call")
        return BROKEN
