# ruff: noqa: INP001 - a script that is run by its path
"""A server that is overloaded at first: it answers the third call of each path."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CALLS: dict[str, int] = {}


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    def do_GET(self) -> None:
        """Answer with JSON."""
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        status, body = answer(url.path, query)
        encoded = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        """Keep quiet."""


def answer(path: str, query: dict[str, str]) -> tuple[int, object]:
    """Give the status and the body of an answer."""
    del query
    CALLS[path] = CALLS.get(path, 0) + 1
    if CALLS[path] < 3:
        return 503, {"message": "overloaded, try again"}
    return 200, {"path": path, "calls": CALLS[path]}


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
