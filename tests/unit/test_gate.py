"""Who of a source may come in: by licence, opt-out, draw and language."""

from dataclasses import replace

import pytest

from pipeline.door import Door, Row
from pipeline.gate import open_gate
from pipeline.recipes import read_recipe
from schemas.document import Metadata
from schemas.errors import RecipeError
from schemas.recipe import SourceSection
from schemas.unit import SourceFile
from tests.conftest import document, write_recipe

SWEDISH = "Det regnade hela natten och på morgonen var vägen till byn full av vatten och löv."
TAGALOG = "Ang mga bata ay naglalaro sa labas ng bahay habang nagluluto ang kanilang nanay."


def verdict(found=None, *, lines=None, tmp_path=None, **settings):
    """Return the reason for which a document may not come in, or None."""
    if lines is not None:
        path = tmp_path / "opted-out.txt"
        path.write_text("\n".join(lines))
        settings["opt_out"] = str(path)
    section = SourceSection(name="made", use="jsonl", url="x", **settings)
    settled = open_gate(section, "0").judged(found or document("Some text.")).settled
    return settled and settled.reason


@pytest.mark.parametrize(
    ("license", "allowed", "reason"),
    [
        ("CC0-1.0", ["CC0-1.0"], None),
        ("cc0-1.0", ["CC0-1.0"], None),
        ("CC-BY-4.0", ["CC0-1.0", "CC-BY-*"], None),
        ("CC-BY-4.0", ["CC-BY"], "license"),
        ("Proprietary", ["CC0-1.0"], "license"),
        (None, ["*"], "license"),
        (None, None, None),
        ("anything", [], "license"),
        ("CC-BY-4.0, proprietary", ["CC-BY-*"], "license"),
        ("CC-BY-4.0; proprietary", ["CC-BY-*"], "license"),
        ("CC-BY-4.0, CC-BY-3.0", ["CC-BY-*"], None),
        ("CC-BY-4.0, CC0-1.0", ["CC-BY-*"], "license"),
        ("CC-BY-4.0 AND proprietary", ["CC-BY-*"], "license"),
        ("CC-BY-4.0 and proprietary", ["CC-BY-*"], "license"),
        ("MIT AND CC-BY-4.0", ["CC-BY-*", "MIT"], None),
        ("proprietary OR MIT", ["MIT"], None),
        ("MIT OR proprietary AND secret", ["MIT"], None),
        ("proprietary OR secret", ["MIT"], "license"),
        ("GPL-3.0 or later", ["GPL-3.0"], "license"),
        ("(proprietary) AND (MIT OR CC-BY-4.0)", ["CC-BY-*", "MIT"], "license"),
        ("(MIT OR CC-BY-4.0) AND MIT", ["CC-BY-*", "MIT"], None),
        ("Open, with thanks", ["open, with thanks"], None),
        (",", ["*"], "license"),
    ],
)
def test_only_licenses_of_the_list_come_in(license, allowed, reason):  # noqa: A002 - the field's name
    found = replace(document("Text."), metadata=Metadata(license=license))

    assert verdict(found, licenses=allowed) == reason


def test_who_opted_out_does_not_come_in(tmp_path):
    found = replace(document("Text."), metadata=Metadata(url="https://example.org/a"))

    assert verdict(found, lines=["http://example.org/a/"], tmp_path=tmp_path) == "opted_out"
    assert verdict(found, lines=["http://example.org/b"], tmp_path=tmp_path) is None


@pytest.mark.parametrize(
    ("lines", "names", "row", "reason"),
    [
        (["other"], {}, {"url": {"href": "x"}}, "url_unreadable"),
        (["other"], {"url": "link"}, {"link": {"href": "x"}}, "url_unreadable"),
        (["made/one"], {}, {"url": {"href": "x"}}, "opted_out"),
        (["other"], {}, {"author": {"name": "x"}}, None),
        (["other"], {}, {}, None),
        (["# nobody"], {}, {"url": {"href": "x"}}, None),
    ],
)
def test_a_url_that_cannot_be_read_may_be_on_the_list(lines, names, row, reason, tmp_path):
    fields = {"text": "Some text.", "id": "one", **row}
    file = SourceFile("made", "all.jsonl", "all.jsonl", 1, "1")
    [found] = Door(names).documents(Row(0, fields), file)

    assert verdict(found, lines=lines, tmp_path=tmp_path, fields=names) == reason


@pytest.mark.parametrize(
    ("said", "text", "wanted", "reason"),
    [
        ("en", "Whatever.", ["en"], None),
        ("en-GB", "Whatever.", ["en"], None),
        ("eng_Latn", "Whatever.", ["en", "de"], None),
        ("sv", "Whatever.", ["en"], "language"),
        (None, SWEDISH, ["en"], "language"),
        (None, SWEDISH, ["sv"], None),
        ("Swedish", SWEDISH, ["sv"], None),
        (None, SWEDISH, None, None),
        (None, TAGALOG, ["fil"], None),
        (None, TAGALOG, ["tl"], None),
    ],
)
def test_only_wanted_languages_come_in(said, text, wanted, reason):
    found = replace(document(text), metadata=Metadata(language=said))

    assert verdict(found, languages=wanted) == reason


def test_a_share_is_drawn_by_id_and_stays_the_same():
    ids = [replace(document("Text."), source_id=f"made/{i}") for i in range(2000)]

    drawn = [verdict(found, share=0.3) is None for found in ids]

    assert 520 < sum(drawn) < 680
    assert drawn == [verdict(found, share=0.3) is None for found in ids]


def test_a_language_that_is_none_is_refused():
    base = SourceSection(name="made", use="jsonl", url="x")

    with pytest.raises(RecipeError, match="'English' in `languages`"):
        open_gate(base.model_copy(update={"languages": ("English",)}), "0")


def test_paths_of_a_source_start_at_the_recipes_folder(folder):
    recipe = read_recipe(write_recipe(folder), ["source.0.opt_out=lists/out.txt"])

    assert recipe.source[0].opt_out == str(folder / "lists/out.txt")


def test_the_fingerprint_changes_with_whatever_decides_and_with_nothing_else():
    base = SourceSection(name="made", use="jsonl", url="x")

    def fingerprint(seed="0", **settings):
        return open_gate(base.model_copy(update=settings), seed).fingerprint

    same = fingerprint()
    assert same == fingerprint(url="y", priority=3, cap=7) == fingerprint(seed="1")
    others = [
        fingerprint(licenses=("a",)),
        fingerprint(licenses=()),
        fingerprint(languages=("en",)),
        fingerprint(languages=()),
        fingerprint(share=0.5),
        fingerprint(share=0.5, seed="1"),
    ]
    assert len({same, *others}) == 7


@pytest.mark.parametrize("package", ["langcodes", "py3langid"])
def test_what_tells_the_languages_is_in_the_fingerprint_where_they_count(package, monkeypatch):
    base = SourceSection(name="made", use="jsonl", url="x")

    def fingerprints():
        wanted = base.model_copy(update={"languages": ("en",)})
        return open_gate(base, "0").fingerprint, open_gate(wanted, "0").fingerprint

    before = fingerprints()
    monkeypatch.setattr("pipeline.gate.version", lambda name: "9" if name == package else "1")
    other = fingerprints()
    monkeypatch.setattr("pipeline.gate.version", lambda name: "1")
    ones = fingerprints()

    assert before[0] == other[0] == ones[0]
    assert other[1] != ones[1]
