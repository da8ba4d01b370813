"""How functions of ours fail: what is worth another try, and how a failure carries its console output."""

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

CONSOLE_MARK: Final = "\n\nConsole output:\n"
"""What stands in an error's message between what went wrong and the lines that the node had written."""
