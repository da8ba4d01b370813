"""What keeps a local run from starting.

LocalRunError
|-- DocumentError      a file or text that is no JSON document
|-- CompileError       a document with errors, its own or of a workflow that it starts
`-- InputError         inputs, pins or answers that do not fit the document

A run that starts and then fails raises nothing: its `RunReport` says so.
"""

from collections.abc import Sequence
from typing import ClassVar

from millrace.model import Diagnostic, Workflow


class LocalRunError(Exception):
    """The root of the errors of local runs; the text is one sentence for people.

    Attributes:
        name: What `--json` calls it.
    """

    name: ClassVar[str] = "Run.Refused"


class DocumentError(LocalRunError):
    """A file cannot be read as a JSON document."""

    name = "Document.Unreadable"


class CompileError(LocalRunError):
    """A document does not compile.

    Attributes:
        document: The file, as it was named.
        workflow: The document, as far as it could be read.
        diagnostics: Everything found, warnings too.
    """

    name = "Document.Invalid"

    def __init__(self, document: str, workflow: Workflow, diagnostics: Sequence[Diagnostic]) -> None:
        self.document = document
        self.workflow = workflow
        self.diagnostics = tuple(diagnostics)
        count = sum(diagnostic.is_error for diagnostic in diagnostics)
        super().__init__(f"{document} has {count} error{'s' if count != 1 else ''}")


class InputError(LocalRunError):
    """Inputs, pins or answers do not fit the document.

    Attributes:
        faults: One sentence for each.
    """

    name = "Inputs.Invalid"

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))
