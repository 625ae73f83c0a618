"""Web archives, record by record; whatever is wrong with the archive itself is found here."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

from pipeline.reading.files import DamageError, opened
from pipeline.reading.gzip_members import GzipMembers
from schemas.errors import PipelineError
from schemas.unit import SourceFile

# trafilatura refuses larger pages; films are in web archives too, and are not to fill the memory.
MOST_BYTES = 20_000_000
_CHUNK = 1 << 18


class Page(NamedTuple):
    """What a record holds of a page.

    Attributes:
        url: Where it was found; "" if unknown.
        status: What the server answered; "" if the record is no answer of a server.
        media: The media type, with its parameters.
        encoding: What the content is compressed with, if that cannot be undone.
        content: The page, no more than ``MOST_BYTES`` and one.
    """

    url: str
    status: str
    media: str
    encoding: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """A record of an archive.

    Attributes:
        offset: The byte of the file at which it can be begun; None where it cannot.
        kind: Its WARC-Type; of ARC files `response`.
        headers: Its own, with names in lower case.
        block: What it holds, as far as ``MOST_BYTES``.
        is_whole: Whether that is all.
    """

    offset: int | None
    kind: str
    headers: Mapping[str, str]
    block: bytes
    is_whole: bool

    @property
    def is_answer(self) -> bool:
        """Whether it holds what an HTTP server answered, headers and all."""
        return self.kind == "response" and self.url.startswith(("http:", "https:"))

    @property
    def url(self) -> str:
        """Where it was found; "" if unknown. Some writers put it into angle brackets."""
        return (self.headers.get("warc-target-uri") or self.headers.get("uri") or "").strip("<>")

    def page(self) -> Page:
        """Return what it holds of a page, unpacked."""
        from warcio.bufferedreaders import BufferedReader
        from warcio.recordloader import ArcWarcRecord
        from warcio.statusandheaders import StatusAndHeadersParser

        if not self.is_answer:
            return Page(self.url, "", self.headers.get("content-type", ""), "", self.block)
        if not self.block:
            return Page(self.url, "nothing", "", "", b"")
        stream = io.BytesIO(self.block)
        head = StatusAndHeadersParser([], verify=False).parse(stream)
        content = ArcWarcRecord("warc", "response", None, stream, head, None, None).content_stream()
        packed = (head.get_header("content-encoding") or "identity").strip().lower()
        known = ("identity", *BufferedReader.get_supported_decompressors())
        return Page(
            url=self.url,
            status=head.get_statuscode() or "nothing",
            media=head.get_header("content-type")
            or self.headers.get("warc-identified-payload-type", ""),
            encoding="" if packed in known else packed,
            content=content.read(MOST_BYTES + 1),
        )


def archive_records(file: SourceFile, offset: int) -> Iterator[Record]:
    """Yield the records of a WARC or ARC file from a byte of it on.

    One that is gzipped can be begun where a member begins, as each record does in most.

    Raises:
        DamageError: From here on it is no archive, or ends before a record does.
    """
    is_gzip = file.name.lower().endswith(".gz")
    try:
        with opened(file, offset, decompress=not is_gzip) as stream:
            yield from _records(stream, GzipMembers(stream) if is_gzip else None)
    except (DamageError, PipelineError):
        raise
    except Exception as error:
        # warcio has no base class of errors, and some are slips such as AttributeError.
        said = " ".join(str(error).split())[:200]
        raise DamageError(f"{type(error).__name__}: {said}") from error


def _records(stream: IO[bytes], members: GzipMembers | None = None) -> Iterator[Record]:
    from warcio.archiveiterator import ArchiveIterator

    source = members or stream
    # HTTP headers are left to the row: one that is odd is no reason to lose the rest.
    archive = ArchiveIterator(source, no_record_parse=True)
    for record in archive:
        # Of a record behind the first in a member there is no place in the file.
        where = members.begins.pop(archive.offset, None) if members else archive.offset
        headers = {name.lower(): value for name, value in record.rec_headers.headers}
        length = headers.get("content-length") or headers.get("length") or ""
        if record.rec_type is None or not length.strip().isdecimal():
            raise DamageError("a record has no type or no length")
        block, size = _block(record)
        yield Record(where, record.rec_type, headers, block, size <= MOST_BYTES)
    # warcio takes every EOFError for the end, also that of a decompressor over a cut file.
    if source.read(1):
        raise DamageError("what follows is no record")


def _block(record: Any) -> tuple[bytes, int]:  # noqa: ANN401 - warcio's
    """Return what a record holds, no more of it than is read at most, and its size."""
    kept, size = [], 0
    while data := record.raw_stream.read(_CHUNK):
        size += len(data)
        if size <= MOST_BYTES:
            kept.append(data)
    if size < record.length:
        raise DamageError("a record is cut short")
    return b"".join(kept), size
