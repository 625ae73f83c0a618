"""Who has opted out, however the list or the document spells it."""

import gzip
import lzma
import time
from dataclasses import replace
from unicodedata import normalize

import pytest
import zstandard

from pipeline.optout import OptOut, read_opt_out
from schemas.document import Metadata
from schemas.errors import RecipeError
from schemas.recipe import SourceSection
from tests.conftest import document


def is_out(line, url=None, *, source_id="made/one"):
    """Return whether a document is on a list of one line."""
    found = replace(document("Text."), source_id=source_id, metadata=Metadata(url=url))
    return OptOut((line,)).name_of(found) is not None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("one", True),
        ("made/one", True),
        ("on", False),
        ("One", False),
        ("o*", True),
        ("made/*", True),
        ("https://example.org/a", True),
        ("http://www.Example.org/a/", True),
        ("https://example.org/A", False),
        ("https://example.org/*", True),
        ("example.org/a", True),
        ("Example.org/*", True),
        ("www.example.org/*", True),
        ("https://example.or*", True),
        ("https://example.o.*", False),
        ("https://example.org/a/*", True),
        ("https://example.org/b/*", False),
        ("<https://example.org/*>", True),
        ("https://*", True),
        ("s3://*", False),
        ("urn:*", False),
        ("https://www.*", False),
        ("*", True),
    ],
)
def test_a_line_stands_for_an_id_or_a_url_or_all_that_begin_so(line, expected):
    assert is_out(line, "https://example.org/a") == expected


SPELLINGS = [
    "https://example.org/a/b%C3%A9",
    " <https://example.org/a/bé> ",
    "HTTP://example.org/a/bé",
    "https:/example.org/a/bé",
    "https:example.org/a/bé",
    "https:///example.org/a/bé",
    "//example.org/a/bé",
    "ftp://example.org/a/bé",
    "example.org/a/bé",
    "www.example.org/a/bé",
    "https://WWW.EXAMPLE.org/a/bé",
    "https://example.org./a/bé",
    "https://example.org:443/a/bé",
    "http://www.example.org.:80/a/bé",
    "https://joe:word@example.org/a/bé",
    "https://example.org/a/bé#top",
    "https://example.org/a/bé/",
    "https://example.org//a/./bé",
    "https://example.org/%61/b%65%CC%81",
    "https://example.org/a/" + normalize("NFD", "bé"),
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_url_gets_past_the_list(spelling):
    assert is_out("https://example.org/a/bé", spelling)
    assert is_out(spelling, "https://example.org/a/bé")
    assert is_out("example.org/a/*", spelling)
    assert is_out("example.org", spelling)


@pytest.mark.parametrize("line", ["example.org", "https://example.org", "http://www.Example.org/"])
def test_a_host_alone_covers_its_whole_site_and_no_other(line):
    assert is_out(line, "https://example.org")
    assert is_out(line, "https://example.org/a/b")
    assert is_out(line, "https://example.org?page=2")
    assert not is_out(line, "https://example.organic/a")
    assert not is_out(line, "https://blog.example.org/a")
    assert not is_out(line, "https://example.org:8080/a")


def test_a_fragment_does_not_make_a_page_a_site():
    assert is_out("https://example.org/#/letters/7", "https://example.org/#/letters/7")
    assert not is_out("https://example.org/#/letters/7", "https://example.org/a")
    assert not is_out("https://example.org/a#*", "https://example.org/about")


def test_a_host_that_only_begins_alike_is_another():
    assert not is_out("https://example.org/*", "https://example.organic/a")


def test_a_port_is_no_path_of_a_scheme():
    assert is_out("localhost.lan:8080/a", "http://localhost.lan:8080/a")
    assert not is_out("other.lan:8080/a", "http://localhost.lan:8080/a")


def test_ids_are_compared_letter_for_letter_but_for_their_unicode_form():
    decomposed = normalize("NFD", "made/é")

    assert is_out("é", source_id=decomposed)
    assert is_out(decomposed, source_id="made/é")
    assert is_out("letters.example/7", source_id="made/letters.example/7")
    assert not is_out("É", source_id="made/é")
    assert not is_out("é/", source_id="made/é")


def read(path):
    return read_opt_out(SourceSection(name="made", use="jsonl", url="x", opt_out=str(path)))


def test_lines_are_read_without_comments_and_an_escaped_hash_begins_an_id(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("\ufeff# in May\n\n  one \n\\#two\n")

    assert read(path).lines == ("one", "#two")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none.txt", None),
        ("latin.txt", b"caf\xe9"),
        ("bad.gz", b"no gzip"),
        ("cut.gz", gzip.compress(b"one\n" * 999, mtime=0)[:-9]),
        ("bad.xz", b"no xz at all"),
        ("cut.xz", lzma.compress(b"one\n" * 999)[:-9]),
        ("bad.zst", b"no zstandard"),
        ("bad.bz2", b"no bzip2"),
    ],
)
def test_a_list_that_cannot_be_read_is_the_recipes_fault(name, content, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(RecipeError, match="opt-out list of source 'made'"):
        read(tmp_path / name)


def test_a_compressed_list_is_read(tmp_path):
    path = tmp_path / "out.zst"
    path.write_bytes(zstandard.compress(b"one\n"))

    assert read(path).lines == ("one",)


def test_no_document_waits_for_the_length_of_the_list():
    urls = [f"https://site{i}.example/{i}" + "*" * (i % 2) for i in range(20_000)]
    long, short = OptOut(tuple(urls)), OptOut(tuple(urls[:20]))
    found = replace(document("Text."), metadata=Metadata(url="https://example.org/a"))

    def seconds(opted_out):
        opted_out.name_of(found)
        start = time.perf_counter()
        for _ in range(2000):
            opted_out.name_of(found)
        return time.perf_counter() - start

    assert seconds(long) < 30 * seconds(short)
