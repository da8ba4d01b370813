"""What keeps the runtime from serving; each text is one sentence for people.

RuntimeFault
|-- PortInUseError      another program listens on one of the ports
|-- HomeInUseError      another runtime uses the data folder
|-- DamagedHomeError    a file of the data folder cannot be read
`-- PartFailedError     a part ends again and again, or does not come up
"""

from millrace.local.errors import LocalRunError


class RuntimeFault(LocalRunError):  # noqa: N818 - a fault is what the text calls it
    """The root of the runtime's errors."""


class PortInUseError(RuntimeFault):
    """Another program listens on a port."""


class HomeInUseError(RuntimeFault):
    """Another runtime uses the data folder."""


class DamagedHomeError(RuntimeFault):
    """A file of the data folder cannot be read."""


class PartFailedError(RuntimeFault):
    """A part does not come up."""
