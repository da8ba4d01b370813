"""How large variables may be, each time that some are assigned and in all.

Source: AWS Step Functions Developer Guide, "Passing data between states with variables", "Limits".
"""

from collections.abc import Iterable, Mapping
from typing import Final

from millrace.engine.errors import DATA_LIMIT_EXCEEDED, StateError
from millrace.engine.frames import Frame
from millrace.engine.payload import PAYLOAD_LIMIT, encode
from millrace.model.json import Json

TOTAL_LIMIT: Final = 10 * 1024 * 1024


class VariableSizes:
    """Keeps the variables of an execution within their limits.

    It adds up what is assigned; only when that may be too much are the variables themselves counted.

    Args:
        counted: Nothing was assigned before.
    """

    __slots__ = ("_most",)

    def __init__(self, *, counted: bool) -> None:
        self._most = 0 if counted else TOTAL_LIMIT

    def assign(self, frame: Frame, assigned: Mapping[str, Json], frames: Iterable[Frame]) -> dict[str, Json]:
        """Write variables that a frame's state assigns, each as JSON text.

        Args:
            frame: The frame.
            assigned: The variables.
            frames: All open scopes.

        Raises:
            StateError: They are too large together, or with those that the execution has.
        """
        texts: dict[str, Json] = {}
        size = 0
        for name, value in assigned.items():
            encoded = encode(value)
            size += len(encoded)
            texts[name] = encoded.decode()
        if size > PAYLOAD_LIMIT:
            raise _too_large(f"The variables assigned by the state '{frame.state}' have a size of {size} bytes")
        self._most += size
        if self._most > TOTAL_LIMIT:
            kept = sum(_size(scope, () if scope is not frame else assigned) for scope in frames)
            if kept + size > TOTAL_LIMIT:
                self._most = TOTAL_LIMIT
                raise _too_large(f"All variables, with those of the state '{frame.state}', have {kept + size} bytes")
            self._most = kept + size
        return texts


def _size(frame: Frame, replaced: Iterable[str]) -> int:
    names = frame.variables.keys() - set(replaced)
    return sum([len(encode(frame.variables[name])) for name in names])


def _too_large(what: str) -> StateError:
    return StateError(DATA_LIMIT_EXCEEDED, f"{what}, exceeding the maximum number of bytes service limit.")
