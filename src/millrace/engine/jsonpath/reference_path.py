"""Reference paths: where a ResultPath puts a result."""

from millrace.model.json import Json


class ReferencePath:
    """A path of names and indexes, which says one place."""

    __slots__ = ("location", "text")

    def __init__(self, text: str, location: str) -> None:
        self.text = text
        self.location = location

    def put(self, document: Json, value: Json) -> Json:
        """Give the document with the value in the path's place."""
        raise NotImplementedError
