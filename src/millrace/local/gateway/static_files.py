"""The page: files of one folder, with types and cache headers.

Files whose names carry their content's hash never change and are kept for a year; a browser asks again for all others,
and gets an empty answer where nothing has changed. A path without an extension is one of the page's own: index.html.
"""

import mimetypes
import re
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import Final

from millrace.local.gateway.asgi import Answer, Scope, header, message_answer

_HASHED: Final = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.\w+$")
_HASHED_FOLDER: Final = "assets"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_SECURITY: Final = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
)


class StaticFiles:
    """Serves a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def answer(self, scope: Scope) -> Answer:
        """Answer a request."""
        if scope["method"] not in {"GET", "HEAD"}:
            return message_answer(405, "Method Not Allowed")
        path = self._find(scope["path"])
        if path is None:
            return message_answer(404, "Not Found")
        found = path.stat()
        tag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
        headers = (
            ("cache-control", self._caching(path)),
            ("etag", tag),
            ("last-modified", formatdate(found.st_mtime, usegmt=True)),
            *_SECURITY,
        )
        if _is_fresh(scope, tag, found.st_mtime):
            return Answer(304, headers=headers)
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return Answer(200, path.read_bytes(), (("content-type", kind), *headers))

    def _find(self, asked: str) -> Path | None:
        if "\0" in asked:
            return None
        path = (self._folder / asked.lstrip("/")).resolve()
        if not path.is_relative_to(self._folder) or any(
            part.startswith(".") for part in path.parts[len(self._folder.parts) :]
        ):
            return None
        if path.is_file():
            return path
        index = self._folder / "index.html"
        return index if not path.suffix and index.is_file() else None

    def _caching(self, path: Path) -> str:
        is_hashed = path.parent.name == _HASHED_FOLDER and _HASHED.search(path.name) is not None
        return "public, max-age=31536000, immutable" if is_hashed else "no-cache"


def _is_fresh(scope: Scope, tag: str, modified: float) -> bool:
    """Tell whether the browser has the file already (RFC 9110, section 13.2.2)."""
    tags = header(scope, b"if-none-match")
    if tags is not None:
        return tags == "*" or tag in {part.strip().removeprefix("W/") for part in tags.split(",")}
    since = header(scope, b"if-modified-since")
    if since is None:
        return False
    try:
        return int(modified) <= parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False
