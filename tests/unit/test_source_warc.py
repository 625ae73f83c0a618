"""Web archives become pages: their main text, and a reason for each that gives none."""

import gzip
import io

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from pipeline.door import Door
from pipeline.plugins import Kit, load
from pipeline.reading.files import listing
from pipeline.sources import Source
from prompts import Prompts
from schemas.recipe import SourceSection

SENTENCES = "In the evening they ate soup and talked about the harvest and the price of coal. " * 4
PAGE = f"""<html lang="en"><head><title>The harvest</title><meta name="author" content="Ann Lee">
<meta property="article:published_time" content="2019-08-07"></head><body>
<nav><a href="/">Home</a><a href="/more">More</a></nav>
<article><h1>The harvest</h1><p>{SENTENCES}</p><p>In the morning: {SENTENCES}</p></article>
<div id="comments"><div class="comment"><p>A visitor wrote these words below the page, and they
are long enough to be kept by who wants them.</p></div></div></body></html>"""
HTML = "text/html; charset=utf-8"


def source(**settings):
    return load(Source, "warc", settings, where="a test", kit=Kit(Prompts(None), "0"))


def records(*made, is_gzip=True):
    """Return a web archive of records, each made by a function that is given the writer."""
    data = io.BytesIO()
    writer = WARCWriter(data, gzip=is_gzip)
    for make in made:
        writer.write_record(make(writer))
    return data.getvalue()


def answer(body=PAGE, media=HTML, status="200 OK", url="https://example.org/a", **headers):
    """Return a maker of a server's answer."""
    body = body if isinstance(body, bytes) else body.encode()
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    named += [("Content-Type", media)] if media else []

    def make(writer):
        return writer.create_warc_record(
            url,
            "response",
            payload=io.BytesIO(body),
            http_headers=StatusAndHeaders(status, named, protocol="HTTP/1.1"),
            warc_headers_dict={
                "WARC-Record-ID": f"<urn:uuid:{url}>",
                "WARC-Date": "2020-02-29T12:00:00Z",
            },
        )

    return make


def text(body, kind="conversion", media="text/plain", **headers):
    """Return a maker of a record that holds no HTTP."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def make(writer):
        return writer.create_warc_record(
            "https://example.org/a",
            kind,
            payload=io.BytesIO(body if isinstance(body, bytes) else body.encode()),
            warc_content_type=media,
            warc_headers_dict=named,
        )

    return make


def rows(folder, data, name="all.warc.gz", unit_rows=2, **settings):
    (folder / name).write_bytes(data)
    reader = source(**settings)
    [file] = listing(SourceSection(name="made", use="warc", url=str(folder)), reader.endings).files
    return [row for unit in reader.units(file, unit_rows) for row in reader.rows(unit)]


def test_a_page_is_its_main_text_with_what_it_says_of_itself(tmp_path):
    [row] = rows(tmp_path, records(answer()))

    assert row.fields["text"].count(SENTENCES.strip()) == 2
    assert "Home" not in row.fields["text"]
    assert "A visitor" not in row.fields["text"]
    del row.fields["text"]
    assert row.fields == {
        "id": "urn:uuid:https://example.org/a",
        "url": "https://example.org/a",
        "title": "The harvest",
        "author": "Ann Lee",
        "published": "2019-08-07",
        "license": None,
        "language": "",
    }


def test_comments_are_text_if_they_are_wanted(tmp_path):
    [row] = rows(tmp_path, records(answer()), include_comments=True)

    assert "A visitor wrote these words" in row.fields["text"]


def test_a_date_after_the_page_was_fetched_is_not_when_it_was_published(tmp_path):
    page = PAGE.replace("2019-08-07", "2024-08-07")

    [row] = rows(tmp_path, records(answer(page)))

    assert row.fields["published"] is None


def test_what_is_no_page_is_no_row(tmp_path):
    archive = records(
        lambda writer: writer.create_warcinfo_record("all.warc", {"software": "made"}),
        text("GET / HTTP/1.1", "request", "application/http;msgtype=request"),
        answer(),
        text("fetchTimeMs: 7", "metadata", "application/warc-fields"),
        lambda writer: writer.create_revisit_record(
            "https://example.org/a", "sha1:x", "https://example.org/a", "2020-02-29T12:00:00Z"
        ),
    )

    assert [row.reason for row in rows(tmp_path, archive)] == [""]


@pytest.mark.parametrize(
    ("make", "reason", "detail"),
    [
        (answer(status="404 Not Found"), "http_status", "the server answered 404"),
        (answer(status="301 Moved"), "http_status", "the server answered 301"),
        (answer(media="image/png"), "media_type",
         "it is image/png, neither HTML nor plain text"),
        (answer(media=None), "media_type",
         "it is of no media type, neither HTML nor plain text"),
        (answer(Content_Encoding="zstd"), "content_encoding", "it is compressed with 'zstd'"),
        (answer("<html><body><script>go()</script></body></html>"), "no_main_text",
         "no main text was found in the page"),
        (answer(""), "no_main_text", "no main text was found in the page"),
        (answer(b"\x00\xff" * 500), "no_main_text", "no main text was found in the page"),
        (answer("x" * 20_000_001), "too_large", "it has more than 20,000,000 bytes"),
        (answer(gzip.compress(b"x" * 20_000_001), Content_Encoding="gzip"), "too_large",
         "it has more than 20,000,000 bytes"),
        (answer(b"ab\xff", "text/plain"), "charset", "byte 2 of the text is not UTF-8"),
        (answer(b"ab\xff", "text/plain; charset=ascii"), "charset",
         "byte 2 of the text is not ASCII"),
        (text("\x89PNG", media="image/png"), "media_type",
         "it is image/png, neither HTML nor plain text"),
    ],
)  # fmt: skip
def test_a_page_that_gives_no_text_says_why_and_the_next_goes_on(tmp_path, make, reason, detail):
    found = rows(tmp_path, records(make, answer(url="https://example.org/b")))

    assert (found[0].fields, found[0].reason, found[0].detail) == (None, reason, detail)
    assert found[1].fields["url"] == "https://example.org/b"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (text("Wörter.\n"), "Wörter.\n"),
        (text(PAGE, "resource", "text/html"), None),
        (answer("\ufeffWörter.", "text/plain"), "Wörter."),
        (answer("Wörter.".encode("latin-1"), "text/plain; charset=ISO-8859-1"), "Wörter."),
        (answer("Wörter.", "text/plain; charset=unheard-of"), "Wörter."),
        (answer(PAGE, "Application/XHTML+XML"), None),
        (answer(PAGE.encode("utf-16")), None),
        (answer(gzip.compress(PAGE.encode()), Content_Encoding="gzip"), None),
        (answer(PAGE, Content_Encoding="gzip"), None),
        (answer(b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAGE), PAGE.encode()),
                Transfer_Encoding="chunked"), None),
    ],
)  # fmt: skip
def test_pages_are_unpacked_and_decoded(tmp_path, make, words):
    [row] = rows(tmp_path, records(make))

    if words is None:
        assert SENTENCES.strip() in row.fields["text"]
    else:
        assert row.fields["text"] == words


@pytest.mark.parametrize(("said", "language"), [("eng", "eng"), ("eng,fra", None)])
def test_a_language_counts_if_it_is_the_only_one(tmp_path, said, language):
    [row] = rows(tmp_path, records(text("Words.", WARC_Identified_Content_Language=said)))

    assert row.fields["language"] == language


def test_records_of_one_url_have_ids_of_their_own_and_the_url_to_opt_out_by(tmp_path):
    found = rows(tmp_path, records(text("One."), text("Two.")))
    [file] = listing(SourceSection(name="made", use="warc", url=str(tmp_path))).files

    made = [document for row in found for document in Door().documents(row, file)]

    assert len({document.id for document in made}) == 2
    assert {document.metadata.url for document in made} == {"https://example.org/a"}


def test_an_extractor_that_fails_rejects_its_page_alone(tmp_path, monkeypatch):
    import trafilatura

    def failing(content, **settings):
        raise RuntimeError("the page is odd")

    monkeypatch.setattr(trafilatura, "bare_extraction", failing)

    found = rows(tmp_path, records(answer(), text("Words.")))

    assert (found[0].reason, found[0].detail) == (
        "extractor_failed",
        "RuntimeError: the page is odd",
    )
    assert found[1].fields["text"] == "Words."


def test_a_page_nested_too_deeply_is_one_row(tmp_path):
    deep = f"<html><body>{'<div>' * 50_000}{SENTENCES}</body></html>"

    found = rows(tmp_path, records(answer(deep), text("Words.")))

    assert len(found) == 2
    assert found[1].fields["text"] == "Words."


def test_an_empty_archive_has_no_rows(tmp_path):
    assert rows(tmp_path, b"", "all.warc") == []


def test_arc_files_are_read_and_their_pages_called_by_their_place(tmp_path):
    head = "1 0 Archive\nURL IP-address Archive-date Content-type Archive-length\n"
    body = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{PAGE}"
    data = (
        f"filedesc://all.arc 0.0.0.0 20200229120000 text/plain {len(head)}\n{head}\n"
        f"http://example.org/a 1.2.3.4 20200229120000 text/html {len(body)}\n{body}\n"
    )

    [row] = rows(tmp_path, data.encode(), "all.arc")
    [file] = listing(SourceSection(name="made", use="warc", url=str(tmp_path))).files
    [document] = Door().documents(row, file)

    assert SENTENCES.strip() in document.text
    assert document.id == "made/all.arc:1"
    assert document.metadata.url == "http://example.org/a"
