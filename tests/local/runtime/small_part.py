"""A small part: serves health on a port, and does what its options say.

Options: `--ended FILE` appends its name there at SIGTERM; `--stubborn` ignores SIGTERM; `--child` starts a process.
"""

import argparse
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

PARSER = argparse.ArgumentParser()
PARSER.add_argument("name")
PARSER.add_argument("port", type=int)
PARSER.add_argument("--ended", type=Path)
PARSER.add_argument("--stubborn", action="store_true")
PARSER.add_argument("--child", action="store_true")
OPTIONS = PARSER.parse_args()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        pass


def end(*_: Any) -> None:
    if OPTIONS.stubborn:
        return
    if OPTIONS.ended:
        with OPTIONS.ended.open("a") as file:
            file.write(OPTIONS.name + "\n")
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
if OPTIONS.child:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", f"child-of-{OPTIONS.port}"])
HTTPServer(("127.0.0.1", OPTIONS.port), Handler).serve_forever()
