"""docs/api.md: what holds for every request, the routes, and the error codes.

`python -m functions.api.reference` writes it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from millrace.services.errors import ErrorCode, ServiceError

from .app import API

PAGE: Final = Path("docs/api.md")

_HEAD: Final = """# The HTTP API

Generated from the routes and from the error codes by `make docs`; edit functions/api/ instead. The same is at
`/api/openapi.json` (OpenAPI 3.1), with every parameter and member, and at `/api/docs`, where requests can be tried.

## What holds for every request

Bodies are JSON in UTF-8 of at most 6 MB and 100 levels. Answers are

```json
{"success": true, "data": {}}
{"success": false, "error": {"code": "WORKFLOW_NOT_FOUND", "message": "there is no workflow 'x'", "details": {}}}
```

`code` is stable, `message` is for people, `details` for programs. A bad request is told everything that is wrong with
it: `details.faults` lists each field with what is wrong.

**Who asks.** Behind API Gateway the token in `Authorization: Bearer ...` says it; its claim `custom:workspace` names
the workspace, else everybody has their own. On one machine every request is the local user's. What belongs to another
workspace is answered like what does not exist.

**Idempotency-Key.** Every POST, PUT and DELETE takes one, of 1 to 255 characters. The same key with the same request
gives the same answer for 24 hours without doing anything again; with another request it is refused. Answers of 500 and
above are not kept: send the request again.

**Lists** take `limit` (20 unless given, at most 100) and `cursor`. `pagination` has the `next_cursor`, null at the end.

**Saving.** A workflow's `revision` counts saves of its draft. A save names the revision that it was made on, as
`revision` or in the header `If-Match` (`*` saves over any). When somebody saved meanwhile, the answer is 409
REVISION_CONFLICT with the workflow (`current`) and the `definition` as they are now.

**Publishing** makes an immutable version and lets the alias `live` of the workflow's state machine lead to it; rolling
back moves the alias. A publish that fails leaves what was live.

Moments are ISO 8601 in UTC with milliseconds.
"""


def render_page() -> str:
    """Write the page, in Markdown."""
    return "\n".join((_HEAD, "## Routes", *_routes(), "", "## Error codes", "", *_codes())) + "\n"


def _routes() -> Iterator[str]:
    schema: dict[str, Any] = json.loads(API.get_openapi_json_schema(title="", version="", openapi_version="3.1.0"))
    groups: dict[str, list[str]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            query = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            about = operation["summary"] + (f" (`{'`, `'.join(query)}`)" if query else "")
            groups.setdefault(operation["tags"][0], []).append(f"| `{method.upper()} {path}` | {about} |")
    for tag, rows in groups.items():
        yield from ("", f"### {tag}", "", "| route | does (query parameters) |", "| --- | --- |", *sorted(rows))


def _codes() -> Iterator[str]:
    yield from ("| code | means |", "| --- | --- |")
    for code in ErrorCode:
        yield f"| `{code}` | {code.meaning} |"
    yield from ("", "The HTTP status follows from the kind of error:", "", "| status | kind |", "| --- | --- |")
    for kind in sorted(ServiceError.__subclasses__(), key=lambda kind: (kind.status, kind.__name__)):
        yield f"| {kind.status} | {str(kind.__doc__).splitlines()[0]} |"


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
