"""What the samples call: the servers of the examples' `serve.py`, below `/samples/<example>/`."""

from collections.abc import Callable
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from millrace.local.gateway.asgi import Answer, Scope, json_answer, message_answer
from millrace.model import Json

PREFIX: Final = "/samples/"

_Respond = Callable[[str, dict[str, str]], tuple[int, Json]]


class SampleServers:
    """Answers for the examples of a folder."""

    def __init__(self, folder: Path) -> None:
        self._servers = {path.parent.name: path for path in folder.glob("*/serve.py")}

    def answer(self, scope: Scope) -> Answer:
        """Answer a request below `PREFIX`."""
        name, _, path = scope["path"][len(PREFIX) :].partition("/")
        if scope["method"] != "GET" or name not in self._servers:
            return message_answer(404, "Not Found")
        query = dict(reversed(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)))
        status, body = _respond(self._servers[name])(f"/{path}", query)
        return json_answer(status, body)


@cache
def _respond(script: Path) -> _Respond:
    spec = spec_from_file_location(f"millrace_sample_{script.parent.name.replace('-', '_')}", script)
    assert spec is not None
    assert spec.loader is not None
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    respond: _Respond = module.answer
    return respond
