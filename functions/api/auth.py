"""Routes: who asks.

There is no sign-in of ours; where API Gateway's authorizer stands before us, its claims say who asks.
"""

from typing import Any, NoReturn

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from millrace.services.errors import ErrorCode, ForbiddenError

from .dependencies import Signed
from .envelope import Success, View, ok

router = APIGatewayHttpRouter()

_TAG = ["Authentication"]


class UserView(View):
    """The user who asks."""

    id: str
    workspace_id: str
    email: str
    name: str
    local: bool


class Me(View):
    """Who asks."""

    user: UserView


@router.get("/api/auth/me", summary="Tell who asks", tags=_TAG)
def me(caller: Signed) -> Success[Me]:
    """Give the user that requests are carried out for."""
    user = UserView(
        id=caller.user,
        workspace_id=caller.workspace,
        email=caller.email,
        name=caller.name or caller.user,
        local=caller.local,
    )
    return ok(Me(user=user))


@router.post("/api/auth/register", summary="Register (not set up)", tags=_TAG)
def register() -> Success[dict[str, Any]]:
    """Say that nobody can register here."""
    _not_set_up()


@router.post("/api/auth/login", summary="Sign in (not set up)", tags=_TAG)
def login() -> Success[dict[str, Any]]:
    """Say that nobody can sign in here."""
    _not_set_up()


@router.post("/api/auth/verify", summary="Verify a token (not set up)", tags=_TAG)
def verify() -> Success[dict[str, Any]]:
    """Say that there are no tokens here."""
    _not_set_up()


def _not_set_up() -> NoReturn:
    raise ForbiddenError(
        ErrorCode.SIGN_IN_NOT_SET_UP,
        "sign-in is not set up here: every request is the local user's and needs no token; GET /api/auth/me tells who",
    )
