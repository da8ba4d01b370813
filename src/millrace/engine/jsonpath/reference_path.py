"""Reference paths: paths that say one place, where a value can be read or put.

Source: Amazon States Language specification, "Reference Paths"; the wording of failures is that of executions on AWS.
"""

from collections.abc import Sequence

from millrace.engine.jsonpath.errors import PathError
from millrace.engine.jsonpath.path import REFERENCE_PATH_CONFLICT, Path
from millrace.engine.jsonpath.steps import Index, Name
from millrace.engine.payload import text_of
from millrace.model.json import Json


class ReferencePath:
    """The place where a ResultPath puts a result: `$`, `$.a.b`, `$.a[0]`.

    Raises:
        ValueError: The text is no reference path, or starts from the context or a variable.
    """

    __slots__ = ("_keys", "location", "text")

    def __init__(self, text: str, location: str) -> None:
        self.text = text
        self.location = location
        path = read_reference(text, location)
        if path.variable:
            raise ValueError("Value is not a Reference Path: a value can be put into the state's input only")
        self._keys = [step.name if isinstance(step, Name) else step.index for step in _places(path)]

    def put(self, document: Json, value: Json) -> Json:
        """Give the document with the value in the path's place; objects that are missing on the way are made.

        The document is not changed; what is not on the way is shared with the result.

        Raises:
            PathError: Something else than an object is where the path wants one, or an array is too short.
        """
        return self._put(self._keys, document, value, document)

    def _put(self, keys: Sequence[str | int], target: Json, value: Json, document: Json) -> Json:
        if not keys:
            return value
        key, rest = keys[0], keys[1:]
        if isinstance(key, str) and isinstance(target, dict):
            # A value that is no object gives way to one when the path leads through it only if it is missing.
            return {**target, key: self._put(rest, target.get(key, {}), value, document)}
        if isinstance(key, int) and isinstance(target, list) and 0 <= key < len(target):
            return [*target[:key], self._put(rest, target[key], value, document), *target[key + 1 :]]
        raise PathError(
            self.text,
            document,
            f'Unable to apply step "{key}" to input {text_of(document)}',
            REFERENCE_PATH_CONFLICT,
        )


def read_reference(text: str, location: str) -> Path:
    """Read a path that must be a reference path: names and single indexes only.

    Raises:
        ValueError: It is none; the message is AWS's.
    """
    if not text.startswith("$"):
        raise ValueError("Value is not a Reference Path: Reference path didn't start with '$'")
    try:
        path = Path(text, location)
    except ValueError as error:
        raise ValueError(f"Value is not a Reference Path: {error}") from error
    _places(path)
    return path


def _places(path: Path) -> list[Name | Index]:
    places = [step for step in path.steps if isinstance(step, Name | Index)]
    if path.function or len(places) != len(path.steps):
        raise ValueError(
            f"Value is not a Reference Path: {path.text!r} must be made of names and single indexes, "
            "without '*', '..', slices, lists, filters and functions"
        )
    return places
