"""The errors that trying again may mend."""

from typing import Final

TRANSIENT_ERRORS: Final[tuple[str, ...]] = (
    "Http.Timeout",
    "Http.Connection",
    "Http.RateLimited",
    "Http.ServerError",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
"""Names for a retrier's ErrorEquals: ours, and Lambda's own (Step Functions developer guide, "Handle transient Lambda
service exceptions")."""
