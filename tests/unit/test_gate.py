"""Who of a source may come in: by licence, opt-out, draw and language."""

from dataclasses import replace

import pytest

from pipeline.gate import open_gate
from pipeline.recipes import read_recipe
from schemas.document import Metadata
from schemas.errors import RecipeError
from schemas.recipe import SourceSection
from tests.conftest import document, write_recipe

SWEDISH = "Det regnade hela natten och på morgonen var vägen till byn full av vatten och löv."


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
    ],
)
def test_only_licenses_of_the_list_come_in(license, allowed, reason):  # noqa: A002 - the field's name
    found = replace(document("Text."), metadata=Metadata(license=license))

    assert verdict(found, licenses=allowed) == reason


@pytest.mark.parametrize(
    ("line", "is_out"),
    [
        ("one", True),
        ("made/one", True),
        ("on", False),
        ("o*", True),
        ("https://example.org/a", True),
        ("http://www.Example.org/a/", True),
        ("https://example.org/A", False),
        ("https://example.org/*", True),
        ("example.org/a", True),
        ("https://example.or*", True),
        ("https://example.org", False),
        ("https://example.org/a/*", True),
        ("# made/one", False),
        ("", False),
    ],
)
def test_who_opted_out_does_not_come_in_however_it_is_spelled(line, is_out, tmp_path):
    found = replace(document("Text."), metadata=Metadata(url="https://example.org/a"))

    assert verdict(found, lines=[line], tmp_path=tmp_path) == ("opted_out" if is_out else None)


def test_a_host_that_only_begins_alike_is_another(tmp_path):
    found = replace(document("Text."), metadata=Metadata(url="https://example.organic/a"))

    assert verdict(found, lines=["https://example.org/*"], tmp_path=tmp_path) is None


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


def test_a_list_that_cannot_be_read_and_a_language_that_is_none_are_refused(folder):
    base = SourceSection(name="made", use="jsonl", url="x")

    with pytest.raises(RecipeError, match="opt-out list of source 'made'"):
        open_gate(base.model_copy(update={"opt_out": str(folder / "none.txt")}), "0")
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
        fingerprint(languages=("en",)),
        fingerprint(share=0.5),
        fingerprint(share=0.5, seed="1"),
    ]
    assert len({same, *others}) == 5
