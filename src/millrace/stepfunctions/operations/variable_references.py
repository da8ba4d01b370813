"""Which variables the states of a definition read: DescribeStateMachine's `variableReferences`.

Source: AWS Step Functions API Reference, "DescribeStateMachine".
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, cast

import orjson

from millrace.model.json import Json

# Fields that hold scopes of states: those are listed by their own names.
_SCOPES: Final = frozenset({"States", "Branches", "ItemProcessor", "Iterator"})
# JSONata's own functions and those of Step Functions; like any function they can be handed over by name.
_FUNCTIONS: Final = frozenset(
    re.findall(
        r"\w+",
        """
    abs append assert average base64decode base64encode boolean ceil clone contains count decodeUrl
    decodeUrlComponent distinct each encodeUrl encodeUrlComponent error eval exists filter floor formatBase
    formatInteger formatNumber fromMillis hash join keys length lookup lowercase map match max merge
    millis min not now number pad parse parseInteger partition power random range
    reduce replace reverse round shuffle sift single sort split spread sqrt string
    substring substringAfter substringBefore sum toMillis trim type uppercase uuid zip
""",
    )
)
_JSONATA: Final = re.compile(r"\A\s*\{%(.*)%\}\s*\Z", re.DOTALL)
_JSONATA_TEXT: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|/\*.*?\*/|`[^`]*`", re.DOTALL)
_JSONPATH_TEXT: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_NAME: Final = re.compile(r"(?<![\w$])\$([A-Za-z_]\w*)")
_BOUND: Final = re.compile(r"\$(\w+)\s*:=")
_PARAMETERS: Final = re.compile(r"(?:function|\u03bb)\s*\(([^)]*)\)")


@lru_cache(maxsize=16)
def variable_references(definition: str) -> dict[str, list[str]]:
    """Map the names of states to the variables that they read; states without are left out."""
    machine = cast("dict[str, Json]", orjson.loads(definition))
    return {
        name: sorted(variables)
        for name, state, jsonata in _states(machine, jsonata=machine.get("QueryLanguage") == "JSONata")
        if (variables := set(_variables(state, "", jsonata=jsonata)))
    }


def _states(scope: Json, *, jsonata: bool) -> Iterator[tuple[str, dict[str, Json], bool]]:
    """Give the states of a scope and of the scopes in them, each with whether it is written in JSONata."""
    states = scope.get("States") if isinstance(scope, dict) else None
    for name, state in states.items() if isinstance(states, dict) else ():
        if not isinstance(state, dict):
            continue
        language = state.get("QueryLanguage")
        own = jsonata if language is None else language == "JSONata"
        yield name, state, own
        branches = state.get("Branches")
        for inner in [
            state.get("ItemProcessor"),
            state.get("Iterator"),
            *(branches if isinstance(branches, list) else ()),
        ]:
            yield from _states(inner, jsonata=jsonata)


def _variables(value: Json, key: str, *, jsonata: bool) -> Iterator[str]:
    match value:
        case dict():
            for name, member in value.items():
                if name not in _SCOPES:
                    yield from _variables(member, name, jsonata=jsonata)
        case list():
            for item in value:
                yield from _variables(item, key, jsonata=jsonata)
        case str() if jsonata:
            expression = _JSONATA.match(value)
            if expression is not None:
                yield from _of_jsonata(expression[1])
        case str() if key == "Variable" or key.endswith(("Path", ".$")):
            yield from _NAME.findall(_JSONPATH_TEXT.sub("''", value))
        case _:
            return


def _of_jsonata(text: str) -> Iterator[str]:
    """Give the names that an expression reads and neither binds nor has from the language."""
    code = _JSONATA_TEXT.sub("''", text)
    own = set(_BOUND.findall(code))
    for parameters in _PARAMETERS.findall(code):
        own.update(_NAME.findall(parameters))
    for name in _NAME.findall(code):
        if name != "states" and name not in own and name not in _FUNCTIONS:
            yield name
