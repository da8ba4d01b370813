"""Reading Timestamp, which both query languages write alike."""

from millrace.engine.dataflow import MomentField
from millrace.engine.fields import Fields
from millrace.engine.literals import LiteralMoment
from millrace.engine.timestamps import parse_timestamp


def read_moment(fields: Fields) -> MomentField | None:
    """Read a Timestamp that is no expression; None when it is absent."""
    if "Timestamp" not in fields.values:
        return None
    value = fields.values["Timestamp"]
    moment = parse_timestamp(value) if isinstance(value, str) else None
    if moment is None:
        fields.fault("Timestamp", "String does not match RFC3339 timestamp")
        return None
    return LiteralMoment(moment)
