"""The table's attributes and indexes; template.yaml declares the same."""

from typing import Any, Final

EXPIRES: Final = "expires"
"""The attribute of the time to live: seconds since 1970."""
RECORD: Final = "record"
"""A record without its bodies, as JSON text."""
BODIES: Final = "bodies"
"""Bodies that the item holds: JSON text of an object, by field."""
STORED: Final = "stored"
"""Bodies that the bucket holds: JSON text of an object, its keys by field."""

INDEXES: Final = ("by_1", "by_2", "by_3")
PROJECTED: Final = (RECORD, EXPIRES, "status", "search", "folder", "tags")
"""What the indexes hold beside keys: all that lists show and filter by, no bodies."""


def sort_name(index: str | None) -> str:
    """Give the name of the sort key of an index; None: of the table."""
    return "sk" if index is None else f"sk{index[-1]}"


def partition_name(index: str | None) -> str:
    """Give the name of the partition key of an index; None: of the table."""
    return "pk" if index is None else f"pk{index[-1]}"


def description(table: str) -> dict[str, Any]:
    """Describe the table as DescribeTable does, as far as requests depend on it."""
    return {
        "TableName": table,
        "KeySchema": _key_schema(None),
        "AttributeDefinitions": _attributes(),
        "GlobalSecondaryIndexes": [{"IndexName": index, "KeySchema": _key_schema(index)} for index in INDEXES],
    }


def table_definition() -> dict[str, Any]:
    """Give what pynamodb's create_table takes."""
    return {
        "attribute_definitions": _attributes(),
        "key_schema": _key_schema(None),
        "billing_mode": "PAY_PER_REQUEST",
        "global_secondary_indexes": [
            {
                "index_name": index,
                "key_schema": _key_schema(index),
                "projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(PROJECTED)},
            }
            for index in INDEXES
        ],
    }


def _key_schema(index: str | None) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition_name(index), "KeyType": "HASH"},
        {"AttributeName": sort_name(index), "KeyType": "RANGE"},
    ]


def _attributes() -> list[dict[str, str]]:
    names = [name for index in (None, *INDEXES) for name in (partition_name(index), sort_name(index))]
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]
