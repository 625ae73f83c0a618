"""Web archives (WARC, WET, ARC): the main text of each page, as trafilatura finds it."""

import logging
import re
from collections.abc import Iterator
from typing import Any, ClassVar

from pipeline.door import Row
from pipeline.reading.archives import MOST_BYTES, Page, Record, archive_records
from pipeline.reading.cutting import cut
from pipeline.sources import Source
from schemas.unit import SourceFile, Unit

_DOCUMENTS = ("response", "resource", "conversion")
_HTML = ("text/html", "application/xhtml+xml")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)


class Warc(Source):
    """Rows are the records of pages: responses, resources, and texts made of them (WET).

    A document's id is the WARC-Record-ID, since the same URL may have been fetched often; its
    ``url``, by which people opt out, is the WARC-Target-URI. Records of ARC files have no id and
    are called by their place. An archive of one gzip member is read, but only from its start.

    Attributes:
        include_comments: Whether what visitors of a page wrote below it is part of its text.
    """

    include_comments: bool = False

    endings: ClassVar = (".warc", ".wet", ".arc")
    # All of them decide what is a page's text, its date or its charset.
    software: ClassVar = (
        "warcio", "trafilatura", "htmldate", "justext", "lxml", "charset-normalizer",
    )  # fmt: skip

    def units(self, file: SourceFile, unit_rows: int) -> Iterator[Unit]:
        """Yield units that begin at their first record where it can be begun."""
        yield from cut(file, unit_rows, ((r.offset, 1) for r in self.records(file, 0)))

    def records(self, file: SourceFile, offset: int) -> Iterator[Record]:
        """Yield records of pages; an offset is in bytes of the file as it is stored."""
        for record in archive_records(file, offset):
            if record.kind in _DOCUMENTS:
                yield record

    def row(self, file: SourceFile, number: int, record: Record) -> Row:
        """Return a record as a row, its main text found."""
        try:
            page = record.page()
            fault = _fault(page, is_whole=record.is_whole)
            if fault:
                return Row(number, None, *fault)
            found = self._main(record, page) if _kind(page) in _HTML else _plain(page)
        except UnicodeDecodeError as error:
            what = f"byte {error.start} of the text is not {error.encoding.upper()}"
            return Row(number, None, "charset", what)
        except Exception as error:  # noqa: BLE001 - whatever a page does to a parser, it is one row
            what = f"{type(error).__name__}: {error}"[:200]
            return Row(number, None, "extractor_failed", what)
        if not found.get("text"):
            return Row(number, None, "no_main_text", "no main text was found in the page")
        return Row(number, {**_own(record), **found})

    def _main(self, record: Record, page: Page) -> dict[str, Any]:
        """Return the main text of a page, and what is said of it there; nothing if it has none."""
        from trafilatura import bare_extraction

        # It logs each page without text; that is in the rows already.
        logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
        found = bare_extraction(
            page.content,
            url=page.url or None,
            with_metadata=True,
            include_comments=self.include_comments,
            date_extraction_params={
                "original_date": True,
                # Dates in the running text are seldom those of the page.
                "extensive_search": False,
                # By itself it takes no date after today's, so that tomorrow it might find another.
                "max_date": _fetched(record),
            },
        )
        if found is None:
            return {}
        parts = [found.text, found.comments if self.include_comments else None]
        return {
            "text": "\n\n".join(part.strip() for part in parts if part),
            "title": found.title,
            "author": found.author,
            "published": found.date,
            "license": found.license,
        }


def _kind(page: Page) -> str:
    return page.media.partition(";")[0].strip().lower()


def _fault(page: Page, *, is_whole: bool) -> tuple[str, str] | None:
    """Return reason and detail of a page that is not looked at further, or None."""
    kind = _kind(page)
    if page.status not in ("", "200"):
        return "http_status", f"the server answered {page.status}"
    if kind != "text/plain" and kind not in _HTML:
        what = f"it is {kind or 'of no media type'}, neither HTML nor plain text"
        return "media_type", what
    if page.encoding:
        return "content_encoding", f"it is compressed with '{page.encoding}'"
    if not is_whole or len(page.content) > MOST_BYTES:
        return "too_large", f"it has more than {MOST_BYTES:,} bytes"
    return None


def _own(record: Record) -> dict[str, Any]:
    """Return what a record itself says of its page."""
    language = record.headers.get("warc-identified-content-language", "")
    return {
        "id": record.headers.get("warc-record-id", "").strip("<> "),
        "url": record.url,
        # Of several languages it does not say which one prevails.
        "language": None if "," in language else language,
    }


def _fetched(record: Record) -> str:
    """Return the day on which a page was fetched, as ``2024-02-29``."""
    digits = re.sub(r"\D", "", record.headers.get("warc-date") or "") or record.headers.get(
        "archive-date", "21000101"
    )
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"


def _plain(page: Page) -> dict[str, Any]:
    """Return plain text, decoded as its media type says.

    Raises:
        UnicodeDecodeError: It is something else.
    """
    charset = _CHARSET.search(page.media)
    try:
        text = page.content.decode(charset[1] if charset else "utf-8")
    except LookupError:
        text = page.content.decode()
    return {"text": text.removeprefix("\ufeff")}
