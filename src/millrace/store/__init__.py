"""What the product keeps, in one DynamoDB table and one bucket."""

from typing import TYPE_CHECKING, Any

from millrace.store.settings import StoreSettings

if TYPE_CHECKING:
    from millrace.store.dynamo_store import DynamoStore

__all__ = ["DynamoStore", "StoreSettings"]


def __getattr__(name: str) -> Any:
    # Whoever needs records only, as the commands do, is spared botocore, which takes a quarter of a second to import.
    if name == "DynamoStore":
        from millrace.store.dynamo_store import DynamoStore

        return DynamoStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
