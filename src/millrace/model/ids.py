"""The kinds of identifier that pass between the parts, kept apart by the type checker."""

import re
from typing import Final, NewType

NodeId = NewType("NodeId", str)
EdgeId = NewType("EdgeId", str)
Port = NewType("Port", str)
StateName = NewType("StateName", str)
WorkflowId = NewType("WorkflowId", str)
RunId = NewType("RunId", str)

NODE_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z")
OUT: Final = Port("out")
ERROR: Final = Port("error")
