"""Questions to whoever sits at the terminal: forms field by field, and decisions."""

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson
from rich.console import Console
from rich.markdown import Markdown
from rich.prompt import Prompt

from millrace.catalogue.input_schema import to_json_schema
from millrace.local.people import Question, check_answer
from millrace.model import Json

_YES: Final = ("true", "yes", "y", "1")
_NO: Final = ("false", "no", "n", "0")


def ask(question: Question) -> Json:
    """Ask until the answer fits."""
    console = Console(stderr=True)
    console.rule(f"{question.node}")
    if question.message:
        console.print(Markdown(question.message))
    while True:
        answer = _ask_decision(question, console) if question.type == "approval" else _ask_form(question, console)
        try:
            check_answer(question, answer)
        except ValueError as error:
            console.print(str(error), style="red", markup=False)
            continue
        return answer


def _ask_decision(question: Question, console: Console) -> Json:
    for decision, caption in question.captions.items():
        console.print(f"{decision}: {caption}", markup=False)
    decision = Prompt.ask("Decision", console=console, choices=["approved", "rejected"])
    comment = Prompt.ask("Comment", console=console, default="", show_default=False)
    return {"decision": decision, "comment": comment or None}


def _ask_form(question: Question, console: Console) -> Json:
    schema = to_json_schema(question.schema)
    required = cast("list[str]", schema.get("required", []))
    answer: dict[str, Json] = {}
    for name, field in cast("Mapping[str, Mapping[str, Any]]", schema.get("properties", {})).items():
        given = _ask_field(name, field, console, needed=name in required and "default" not in field)
        if given:
            answer[name] = _value(given, field)
    return answer


def _ask_field(name: str, field: Mapping[str, Any], console: Console, *, needed: bool) -> str:
    """Ask for one field; an empty answer leaves it out."""
    if field.get("description"):
        console.print(str(field["description"]), style="dim", markup=False)
    choices = [str(choice) for choice in cast("list[Any]", field.get("enum") or [])] or None
    default = _text(field["default"]) if "default" in field else None if needed else ""
    while True:
        given = Prompt.ask(name, console=console, choices=choices, default=default or "", show_default=bool(default))
        if given or not needed:
            return given
        console.print(f"{name} is required", style="red", markup=False)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _value(text: str, field: Mapping[str, Any]) -> Json:
    """Read what was typed as the field's type; what cannot be read stays text, for the check to refuse."""
    kind = field.get("type")
    if kind == "string" or (kind is None and text[:1] not in '{["'):
        return text
    if kind == "boolean" and text.lower() in (*_YES, *_NO):
        return text.lower() in _YES
    try:
        return cast("Json", orjson.loads(text))
    except orjson.JSONDecodeError:
        return text
