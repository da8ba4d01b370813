"""Paths: what a JSONPath field selects from the state's document, the context or a variable.

Sources: Amazon States Language specification, "Paths" and "Reference Paths"; the wording of failures is recorded on
AWS, whose reasons are Jayway JsonPath's.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from millrace.engine.errors import RUNTIME
from millrace.engine.expressions import Scope
from millrace.engine.jsonpath.aggregates import AGGREGATES
from millrace.engine.jsonpath.errors import Miss, PathError
from millrace.engine.jsonpath.parsing import parse
from millrace.engine.jsonpath.steps import Descent, Index, Name, Names, Step, is_definite, select_all
from millrace.engine.payload import text_of
from millrace.model.json import Json

REFERENCE_PATH_CONFLICT: Final = "States.ReferencePathConflict"

_NO_INPUT: Final = "Unable to apply Path transformation to null or empty input."
_JAVA_CLASSES: Final[Mapping[type, str]] = {
    str: "java.lang.String",
    bool: "java.lang.Boolean",
    int: "java.lang.Integer",
    float: "java.lang.Double",
    list: "java.util.ArrayList",
    type(None): "null",
}
_PROVIDER: Final = "com.jayway.jsonpath.spi.json.JacksonJsonProvider"


class Path:
    """A path in one field of a state: `$.a[*].b`, `$$.Execution.Id`, `$variable.c`.

    Args:
        text: The path.
        location: The field as AWS names it: "InputPath"; in a payload template the key alone ("total.$").

    Raises:
        ValueError: The text is no path.
    """

    __slots__ = ("_function", "_is_definite", "_is_in_payload", "_keys", "_steps", "_variable", "location", "text")

    def __init__(self, text: str, location: str) -> None:
        self.text = text
        self.location = location
        syntax = parse(text)
        self._variable = syntax.variable
        self._steps = syntax.steps
        self._function = syntax.function
        self._is_definite = is_definite(syntax.steps)
        self._is_in_payload = location.endswith(".$")
        self._keys = _keys(syntax.steps) if not syntax.function else None

    @property
    def steps(self) -> tuple[Step, ...]:
        """What follows the path's root."""
        return self._steps

    @property
    def function(self) -> str:
        """The function at the path's end; empty for none."""
        return self._function

    @property
    def variable(self) -> str:
        """The variable that the path starts from; empty for the document, "$" for the context."""
        return self._variable

    def evaluate(self, scope: Scope) -> Json:
        """Give what the path selects: one value when it is definite, otherwise a list.

        Raises:
            PathError: The path is definite and leads nowhere.
            StateError: The path selects too much.
        """
        try:
            value = self.select(scope)
        except Miss as miss:
            if miss.out_of_range and self._is_in_payload:
                # AWS gives null for an index beyond the end, in payload templates only.
                return None
            raise self._error(miss, self.document(scope)) from None
        if value is None and self._is_in_payload and not self._steps and not self._variable:
            raise PathError(self.text, None, _NO_INPUT)
        return value

    def select(self, scope: Scope) -> Json:
        """Give what the path selects, whatever the field.

        Raises:
            Miss: The path is definite and leads nowhere.
            PathError: It starts from a variable that does not exist.
        """
        root = self.document(scope)
        if self._keys is not None:
            # The common path, without its bookkeeping for errors: whatever fails here is followed again below.
            try:
                found: Any = root
                for key in self._keys:
                    if isinstance(found, str):
                        break
                    found = found[key]
                else:
                    return cast("Json", found)
            except (TypeError, LookupError):
                pass
        if self._is_definite:
            value = _follow(self._steps, root, root)
            return AGGREGATES[self._function](value) if self._function else value
        values: Json = select_all(self._steps, root, root)
        if not self._function:
            return values
        function = AGGREGATES[self._function]
        if isinstance(self._steps[0], Descent):
            return function(values)
        return [function(value) for value in values]

    def document(self, scope: Scope) -> Json:
        """Give what the path's root stands for.

        Raises:
            PathError: It is a variable that does not exist.
        """
        if not self._variable:
            return scope.document
        if self._variable == "$":
            return scope.context()
        for variables in scope.variables:
            if self._variable in variables:
                return variables[self._variable]
        raise PathError(
            self.text, scope.document, f"The variable '${self._variable}' could not be found for the path '{self.text}'"
        )

    def _error(self, miss: Miss, document: Json) -> PathError:
        error = REFERENCE_PATH_CONFLICT if self.location == "ItemsPath" else RUNTIME
        if document is None and not self._variable:
            return PathError(self.text, document, _NO_INPUT)
        return PathError(self.text, document, _WORDINGS.get(self.location, _not_found)(self, miss, document), error)


def _invalid_path(path: Path, miss: Miss, document: Json) -> str:
    del document
    return f"Invalid path '{path.text}' : {miss.reason}"


def _no_step(path: Path, miss: Miss, document: Json) -> str:
    del path
    return f'Unable to apply step "{miss.step}" to input {text_of(document)}'


def _not_found(path: Path, miss: Miss, document: Json) -> str:
    del miss
    return (
        f"The JSONPath '{path.text}' specified for the field '{path.location}' could not be found in the input "
        f"'{text_of(document)}'"
    )


def _invalid_condition(path: Path, miss: Miss, document: Json) -> str:
    del miss, document
    return f"Invalid path '{path.text}': The choice state's condition path references an invalid value."


_WORDINGS: "Final[Mapping[str, Callable[[Path, Miss, Json], str]]]" = {
    "InputPath": _invalid_path,
    "OutputPath": _invalid_path,
    "ItemsPath": _no_step,
    "Choices": _invalid_condition,
}


def _keys(steps: tuple[Step, ...]) -> tuple[str | int, ...] | None:
    """Give the keys of a path of names and single indexes; None for other paths."""
    keys = tuple(
        step.name if isinstance(step, Name) else step.index for step in steps if isinstance(step, Name | Index)
    )
    return keys if len(keys) == len(steps) else None


def _follow(steps: tuple[Step, ...], value: Json, root: Json) -> Json:
    """Follow definite steps to the one value.

    Raises:
        Miss: There is none.
    """
    where = "$"
    for position, step in enumerate(steps):
        is_leaf = position == len(steps) - 1
        match step:
            case Name(name):
                if not isinstance(value, dict):
                    raise Miss(_no_object(name, where, value), name)
                where = f"{where}['{name}']"
                if name not in value:
                    raise Miss(f"{'No results for path:' if is_leaf else 'Missing property in path'} {where}", name)
                value = value[name]
            case Index(index):
                if not isinstance(value, list):
                    raise Miss(_no_array(index, where, value), str(index))
                if not -len(value) <= index < len(value):
                    raise Miss(f"No results for path: {normal_form(steps)}", str(index), out_of_range=True)
                where = f"{where}[{index}]"
                value = value[index]
            case _:
                where += _fragment(step)
                if not is_leaf:
                    raise Miss(f"Multi properties can only be used as path leafs: {where}", where)
                found = list(step.select(value, root))
                if not found:
                    raise Miss(f"No results for path: {where}", where)
                value = found[0]
    return value


def _no_object(name: str, where: str, value: Json) -> str:
    return (
        f"Expected to find an object with property ['{name}'] in path {where} but found "
        f"'{_JAVA_CLASSES.get(type(value), 'java.lang.Object')}'. This is not a json object according to the "
        f"JsonProvider: '{_PROVIDER}'."
    )


def _no_array(index: int, where: str, value: Json) -> str:
    if value is None:
        return f"The path {where} is null"
    return f"Filter: [{index}] can only be applied to arrays. Current context is: {text_of(value)}"


def normal_form(steps: tuple[Step, ...]) -> str:
    """Write definite steps as Jayway JsonPath does: `$['a'][0]`."""
    return "$" + "".join(map(_fragment, steps))


def _fragment(step: Step) -> str:
    match step:
        case Name(name):
            return f"['{name}']"
        case Names(names):
            return "[" + ", ".join(f"'{name}'" for name in names) + "]"
        case Index(index):
            return f"[{index}]"
        case _:
            raise TypeError(f"expected a step of a definite path, found {step}")
