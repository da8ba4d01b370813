"""The port through which a call gets its credential."""

from collections.abc import Mapping
from typing import Protocol

from millrace.http.errors import CredentialError


class CredentialResolver(Protocol):
    """Turns a credential's name into what a request must carry."""

    def headers(self, credential: str, *, method: str, url: str) -> Mapping[str, str]:
        """Give the headers that authorize this request; they go to its origin only.

        Raises:
            CredentialError: There is no such credential, or it cannot be used.
        """
        ...


class NoCredentials:
    """A runtime that keeps no credentials."""

    def headers(self, credential: str, *, method: str, url: str) -> Mapping[str, str]:
        """Refuse, and say how to go on."""
        del method, url
        raise CredentialError(
            f"The credential {credential!r} cannot be used: this runtime has no credentials configured. "
            "Remove `auth`, or run the workflow where the credential is kept"
        )
