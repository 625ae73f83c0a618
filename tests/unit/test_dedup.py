"""Which documents go, and that every one that goes has a kept twin."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.decisions import source_duplicates
from pipeline.dedup.greedy import Candidate, compared, removals
from pipeline.dedup.shingles import jaccard, shingles, words
from pipeline.recipes import read_recipe
from pipeline.units import planned_units
from pipeline.workshop import open_workshop
from schemas.recipe import DedupSection
from tests.conftest import opened, write_documents, write_recipe

SETTINGS = DedupSection()


def candidate(name, text, *, source=0, quality=0.5, published=False):
    return Candidate(not published, source, 1 - quality, name, name, "unit", *compared(text))


def text(*numbers):
    return " ".join(f"word{n}" for n in numbers)


def gone(*candidates):
    return {r.removed.document: r.twin.document for r in removals(candidates, SETTINGS)}


def test_the_same_words_count_as_the_same_text_whatever_is_between_them():
    a = candidate("a", "The cat sat. It was late!")
    b = candidate("b", "the  CAT sat: it was, late")

    assert gone(a, b) == {"b": "a"}


def test_texts_without_words_are_not_all_alike():
    assert gone(candidate("a", "…"), candidate("b", "!!!")) == {}


def test_short_texts_go_only_if_they_are_equal():
    assert gone(candidate("a", text(*range(12))), candidate("b", text(*range(13)))) == {}


def test_a_near_duplicate_goes_and_its_similarity_is_exact():
    one, other = text(*range(300)), text(*range(295), *range(900, 905))

    [removal] = removals([candidate("a", one), candidate("b", other)], SETTINGS)

    assert removal.similarity == jaccard(shingles(words(one)), shingles(words(other)))
    assert removal.similarity > 0.9


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"published": True, "source": 1}, {"published": False, "source": 0}),
        ({"source": 0, "quality": 0.1}, {"source": 1, "quality": 0.9}),
        ({"quality": 0.9}, {"quality": 0.8}),
    ],
)
def test_the_one_of_higher_priority_is_kept(better, worse):
    same = text(*range(60))

    assert gone(candidate("a", same, **worse), candidate("b", same, **better)) == {"a": "b"}


def chain(length, step=15, size=200):
    """Texts each close to the next, whose ends have nothing in common."""
    return [text(*range(i * step, i * step + size)) for i in range(length)]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_removed_text_has_a_kept_twin_and_no_close_pair_is_left(seed):
    rng = random.Random(seed)
    texts = chain(6, step=rng.randint(5, 40)) + [text(*rng.sample(range(5000), 80)) for _ in "ab"]
    found = [candidate(f"{i:02d}", t) for i, t in enumerate(texts)]
    rng.shuffle(found)

    removed = list(removals(found, SETTINGS))

    lost = {r.removed.document for r in removed}
    kept = [c for c in found if c.document not in lost]
    assert all(r.twin in kept and r.similarity >= 0.8 for r in removed)
    pairs = [(a, b) for a in kept for b in kept if a.document < b.document]
    assert all(jaccard(a.shingles, b.shingles) < 0.8 for a, b in pairs)


def test_the_order_in_which_texts_are_seen_does_not_matter():
    found = [candidate(f"{i:02d}", t) for i, t in enumerate(chain(8))]

    forwards, backwards = gone(*found), gone(*reversed(found))

    assert forwards == backwards
    assert forwards


def decided(folder, rows, **settings):
    write_documents(folder, rows)
    workshop = opened(folder, **settings)
    units = list(planned_units(workshop))
    found = source_duplicates(workshop, units, frozenset())
    return {place: reason[0] for by in found.values() for place, reason in by.items()}


def test_the_second_row_of_an_id_is_refused_whole_with_all_its_parts(folder):
    long = [". ".join(f"Part {n} of text {i} goes on" for n in range(90)) for i in (1, 2)]
    path = write_recipe(folder)
    text = path.read_text().replace("unit_rows = 4", "unit_rows = 4\nmax_document_tokens = 200")
    write_documents(folder, [{"id": "a", "text": long[0]}, {"id": "a", "text": long[1] * 2}])
    path.write_text(text)
    workshop = open_workshop(read_recipe(path))

    found = source_duplicates(workshop, list(planned_units(workshop)), frozenset())

    [by_place] = found.values()
    assert {reason for reason, _, _ in by_place.values()} == {"id_taken"}
    assert all(place.startswith("made/all.jsonl:2#") for place in by_place)


def test_a_row_that_cannot_be_read_takes_no_id(folder):
    assert decided(folder, [{"id": "a", "text": ""}, {"id": "a", "text": "A good text."}]) == {}


def test_equal_sources_are_found_before_anything_is_asked(folder):
    same = text(*range(60))

    assert decided(folder, [{"id": "a", "text": same}, {"id": "b", "text": same}]) == {
        "made/all.jsonl:2": "source"
    }
