"""Where the runtime keeps its data, and where its parts listen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8700
DEFAULT_HOME: Final = Path(".millrace")
PORTS: Final = 4
"""How many ports in a row the runtime takes."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A data folder, and the first of four ports in a row.

    Attributes:
        home: The folder that holds all data; absolute.
        port: The gateway's; the engine's, DynamoDB's and MiniStack's follow.
    """

    home: Path
    port: int = DEFAULT_PORT

    @property
    def gateway(self) -> int:
        """The port of the page, the API, webhooks and the socket."""
        return self.port

    @property
    def engine(self) -> int:
        """The port of Step Functions' API."""
        return self.port + 1

    @property
    def dynamodb(self) -> int:
        """The port of DynamoDB's API on SQLite."""
        return self.port + 2

    @property
    def emulator(self) -> int:
        """The port of MiniStack: all other services."""
        return self.port + 3

    @property
    def logs(self) -> Path:
        """The folder of what the parts print."""
        return self.home / "logs"

    @property
    def engine_file(self) -> Path:
        """The engine's SQLite file."""
        return self.home / "engine.sqlite3"

    @property
    def dynamodb_file(self) -> Path:
        """Dynoxide's SQLite file."""
        return self.home / "dynamodb.sqlite3"

    @property
    def emulator_folder(self) -> Path:
        """MiniStack's files."""
        return self.home / "aws"

    @property
    def lock(self) -> Path:
        """The file whose lock the running runtime holds."""
        return self.home / "lock"


def url(port: int) -> str:
    """Give the address of a port."""
    return f"http://{HOST}:{port}"
