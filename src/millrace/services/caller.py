"""Who asks: every service acts for a user in a workspace, and sees nothing of other workspaces."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from millrace.store.records import UserId, WorkspaceId

WORKSPACE_CLAIM: Final = "custom:workspace"
"""The claim that names the user's workspace; a user without one has a workspace of their own."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A user at work in a workspace.

    Attributes:
        email, name: As the user's token has them; empty for the local user.
        local: Whether there is no sign-in, and this is the one user of this machine.
    """

    workspace: WorkspaceId
    user: UserId
    email: str = ""
    name: str = ""
    local: bool = False


def caller_of(claims: Mapping[str, Any] | None, local_user: str) -> Caller:
    """Give the caller by the claims of a JSON Web Token that was verified, else the local user.

    Args:
        claims: Those that API Gateway's JWT authorizer puts into its events; None where no authorizer stands before us.
        local_user: The name of the local user and of their workspace.
    """
    if claims is None:
        return Caller(WorkspaceId(local_user), UserId(local_user), local=True)
    user = str(claims["sub"])
    return Caller(
        workspace=WorkspaceId(str(claims.get(WORKSPACE_CLAIM) or user)),
        user=UserId(user),
        email=str(claims.get("email", "")),
        name=str(claims.get("name", "")),
    )
