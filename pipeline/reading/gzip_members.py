"""Gzip files of many members, such as web archives, that are to be begun at one of them."""

import zlib
from typing import IO

from pipeline.reading.files import DamageError

_CHUNK = 1 << 18
_GZIP = 31


class GzipMembers:
    """The decompressed bytes of a gzip stream, and where its members begin.

    Each member's checksum is checked. Python's own reader does not say where members begin, and
    warcio's takes a member that is cut short for a whole one.

    Attributes:
        begins: For each place among the decompressed bytes at which a member begins, its place in
            the stream. Whoever reads on may clear it.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.begins: dict[int, int] = {}
        self._stream = stream
        self._input = b""
        self._given = 0
        self._member: zlib._Decompress | None = None

    def tell(self) -> int:
        """Return how many decompressed bytes were given."""
        return self._given

    def read(self, size: int) -> bytes:
        """Return at most ``size`` decompressed bytes, and none at the end.

        Raises:
            DamageError: The stream ends in the middle of a member.
            zlib.error: It is no gzip, or a checksum is wrong.
        """
        while True:
            self._input = self._input or self._stream.read(_CHUNK)
            if not self._input and self._member:
                raise DamageError("it ends in the middle of a compressed record")
            # Zeros may follow a member, to fill a block.
            if not self._member and not (rest := self._input.lstrip(b"\0")):
                if not self._input:
                    return b""
                self._input = rest
                continue
            data = self._decompressed(size)
            if data:
                self._given += len(data)
                return data

    def _decompressed(self, size: int) -> bytes:
        if self._member is None:
            self._input = self._input.lstrip(b"\0")
            self.begins[self._given] = self._stream.tell() - len(self._input)
            self._member = zlib.decompressobj(_GZIP)
        data = self._member.decompress(self._input, size)
        self._input = self._member.unconsumed_tail or self._member.unused_data
        if self._member.eof:
            self._member = None
        return data
