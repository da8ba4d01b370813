"""The port through which tasks reach the engine that runs them."""

from typing import Protocol

from millrace.model.json import Json


class StatesApi(Protocol):
    """Step Functions' API, as tasks of the same engine call it."""

    @property
    def closing(self) -> bool:
        """Whether the engine goes down, so that what it cancels now goes on when it is back."""
        ...

    async def call(self, operation: str, parameters: dict[str, Json], /) -> dict[str, Json]:
        """Call an operation ("StartExecution").

        Args:
            operation: The operation's name in the API.
            parameters: Members as in the API (camelCase).

        Returns:
            The answer, its members as in the API; timestamps in seconds.

        Raises:
            ApiError: The call is refused.
        """
        ...

    async def ended(self, execution_arn: str, /) -> dict[str, Json]:
        """Wait until an execution has ended; give DescribeExecution's answer.

        Raises:
            ApiError: There is no such execution.
        """
        ...
