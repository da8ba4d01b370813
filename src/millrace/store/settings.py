"""Where the store keeps what it keeps."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The table and the bucket.

    Attributes:
        region: None: botocore finds it.
        dynamodb_url, s3_url: Endpoints; None: botocore finds them, also in AWS_ENDPOINT_URL_DYNAMODB and so on.
    """

    table: str
    bucket: str
    region: str | None = None
    dynamodb_url: str | None = None
    s3_url: str | None = None
