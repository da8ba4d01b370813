# ruff: noqa: INP001 - a script that is run by its path
"""Three APIs in one: airports, weather and stock prices, from the files beside it."""

import csv
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

FOLDER = Path(__file__).parent


def read(name: str) -> list[dict[str, str]]:
    """Read a CSV file beside this one."""
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


AIRPORTS = {row["iata"]: row for row in read("airports.csv")}
WEATHER = {row["date"]: row for row in read("weather.csv")}
STOCKS = {(row["symbol"], row["date"]): row for row in read("stocks.csv")}


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
    tables = {
        "/airport": AIRPORTS.get(query.get("iata", "")),
        "/weather": WEATHER.get(query.get("date", "")),
        "/stock": STOCKS.get((query.get("symbol", ""), query.get("date", ""))),
    }
    found = tables.get(path)
    return (200, found) if found is not None else (404, {"message": f"nothing at {path} for {query}"})


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
