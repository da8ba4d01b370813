"""Opaque tokens that stand for a place in a list. They hold for that list with that filter only."""

import base64
import binascii
import hashlib
from typing import Final

from millrace.stepfunctions.store.errors import InvalidPageTokenError

_PLACE_BYTES: Final = 8
_DIGEST_BYTES: Final = 13


def page_token(listing: str, place: int) -> str:
    """Give the token for the records behind a place in a list."""
    place_bytes = place.to_bytes(_PLACE_BYTES, "big")
    return base64.urlsafe_b64encode(place_bytes + _digest(listing, place_bytes)).decode()


def page_place(listing: str, token: str) -> int:
    """Give the place that a token stands for.

    Raises:
        InvalidPageTokenError: It is not a token, or one of another list.
    """
    try:
        data = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidPageTokenError(token) from error
    place, digest = data[:_PLACE_BYTES], data[_PLACE_BYTES:]
    if digest != _digest(listing, place):
        raise InvalidPageTokenError(token)
    return int.from_bytes(place, "big")


def _digest(listing: str, place: bytes) -> bytes:
    return hashlib.blake2b(listing.encode(errors="surrogatepass"), key=place, digest_size=_DIGEST_BYTES).digest()
