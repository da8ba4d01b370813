"""An object's bytes as lines of text, without holding the object; compressed ones are unpacked on the way."""

import codecs
import zlib
from collections.abc import AsyncIterator
from typing import Final

from millrace.engine.item_source import ItemReaderError

# zlib's mark for gzip's own header and trailer.
_GZIP: Final = 31
# Bytes that are unpacked at a time.
_UNPACKED: Final = 1_048_576
_GZIP_ENDINGS: Final = (".gz", ".gzip")
_ZSTD_ENDINGS: Final = (".zst", ".zstd")
# Characters of one line: more than a payload may have in any encoding.
LINE_LIMIT: Final = 8_388_608


def unpacked(parts: AsyncIterator[bytes], key: str) -> AsyncIterator[bytes]:
    """Unpack an object whose key says that it is compressed (".gz", ".gzip").

    Raises:
        ItemReaderError: It is compressed by Zstandard, which this engine cannot unpack.
    """
    if key.endswith(_GZIP_ENDINGS):
        return _gunzip(parts, key)
    if key.endswith(_ZSTD_ENDINGS):
        raise ItemReaderError(f"expected a plain object or one packed by gzip, found {key!r}, packed by Zstandard")
    return parts


async def _gunzip(parts: AsyncIterator[bytes], key: str) -> AsyncIterator[bytes]:
    unpacker = zlib.decompressobj(_GZIP)
    begun = False
    try:
        async for part in parts:
            rest = part
            while rest:
                begun = True
                yield unpacker.decompress(rest, _UNPACKED)
                rest = unpacker.unconsumed_tail
                if unpacker.eof:
                    # A file may be several members, one after the other (RFC 1952, section 2.2).
                    rest, unpacker, begun = unpacker.unused_data, zlib.decompressobj(_GZIP), False
    except zlib.error as error:
        raise ItemReaderError(f"expected {key!r} to be packed by gzip, as its name says: {error}") from error
    if begun:
        raise ItemReaderError(f"expected {key!r} to be packed by gzip, as its name says: it ends too early")


async def lines(parts: AsyncIterator[bytes]) -> AsyncIterator[list[str]]:
    r"""Give the lines of UTF-8 text as they come in, several at a time, each with its "\n" where it has one.

    Raises:
        ItemReaderError: The bytes are not UTF-8, or a line is too long for an item.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest = ""
    try:
        async for part in parts:
            rest += decoder.decode(part)
            if len(rest) > LINE_LIMIT and "\n" not in rest:
                raise ItemReaderError(f"expected lines of at most {LINE_LIMIT} characters")
            *whole, rest = rest.split("\n")
            if whole:
                yield [f"{line}\n" for line in whole]
        rest += decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise ItemReaderError(f"expected text in UTF-8: {error}") from error
    if rest:
        yield [rest]
