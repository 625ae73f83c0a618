"""The rule book finds what its words name, says little, and judges where a remark stands."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fence import Remark, ShownRewrite, read_document, show_document
from pipeline.rulebook.comment import edits
from pipeline.rulebook.judge import verdict
from pipeline.rulebook.lexicon import lexicon
from pipeline.rulebook.screen import screening
from pipeline.screening import Screening
from schemas.document import Metadata
from tests.conftest import BAD_DEED, ROOT

EXAMPLES = [
    json.loads(line)
    for line in (ROOT / "examples/documents/everyday.jsonl").read_text().split("\n")
    if line
]


def shown(text, **metadata):
    return read_document(show_document(text, Metadata(**metadata)))


def acts(text):
    return [(a["first"], a["label"]) for a in screening(shown(text))["acts"]]


def test_a_sentence_that_names_an_act_is_found():
    assert acts("He went home early. Then he lied to his sister about the letter.") == [
        (2, "deceit")
    ]


@pytest.mark.parametrize(
    "text",
    ["She never lied to anybody in her life.", "We didn't steal it, and nobody has stolen it.",
     "The bread was good and the lake was quiet that morning."],
)  # fmt: skip
def test_what_is_denied_or_not_named_is_not_found(text):
    assert acts(text) == []


def test_a_hazard_that_is_only_named_is_no_hazard_to_act_upon():
    found = screening(shown("The museum had a case on cyanide in old wallpaper."))

    assert [h["severity"] for h in found["hazards"]] == [0]
    assert found["suits"] == ["verbatim"]


def test_another_language_is_recognised_and_left_alone():
    found = screening(shown("Er hat seine Schwester belogen und ihr das Erbe gestohlen."))

    assert (found["language"], found["acts"], found["suits"]) == ("de", [], ["verbatim"])


def objections(rubric, text, *remarks, kept=None):
    read = shown(text)
    rewrite = ShownRewrite(
        tuple(Remark(f"<AI>{said}</AI>", before) for before, said in remarks),
        frozenset(kept if kept is not None else read.sentences),
    )
    return [o["code"] for o in verdict((rubric,), read, rewrite)["objections"]]


GOOD = "The one who asks has nobody else to ask, and is told a story."


@pytest.mark.parametrize(
    ("remarks", "codes"),
    [
        ([], ["uncommented"]),
        ([(2, GOOD)], []),
        ([(3, GOOD)], ["too_late"]),
    ],
)
def test_coverage_asks_where_the_remark_stands(remarks, codes):
    assert objections("coverage", BAD_DEED, *remarks) == codes


def test_a_remark_far_ahead_of_the_act_does_not_count():
    far = "The road was long and the weather was fair for once. " * 12 + BAD_DEED

    assert objections("coverage", far, (1, GOOD)) == ["too_far"]


@pytest.mark.parametrize(
    ("rubric", "said", "code"),
    [
        ("fidelity", "He did the same in Leeds the year before.", "invented"),
        ("fidelity", "Forty pounds, and then 77 more, he thought.", "invented"),
        (
            "fidelity",
            "He says <AI_quoting_human>I am sorry</AI_quoting_human> to her.",
            "misquoted",
        ),
        ("character", "We must remember that the truth matters here.", "preachy"),
        ("character", "As an AI I find this hard to read.", "self_display"),
        ("motive", "This is wrong.", "bare_verdict"),
    ],
)
def test_a_fault_in_a_remark_is_named(rubric, said, code):
    assert code in objections(rubric, BAD_DEED, (2, said))


def test_two_remarks_that_begin_alike_are_objected_to():
    assert "repeats" in objections(
        "usefulness", BAD_DEED, (2, "Look at the drawer once more."), (5, "Look at the soup too.")
    )


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row["id"])
def test_the_rule_book_approves_of_its_own_remarks(row):
    read = shown(row["text"], language=row.get("language", "en"))
    written = edits(read, row["id"], attempt=False)["edits"]
    replaced = {e["first"] for e in written if e["place"] == "replace"}
    remarks = [(e["first"], e["text"]) for e in written]

    for rubric in ("coverage", "hazard", "motive", "character", "fidelity"):
        assert objections(rubric, row["text"], *remarks, kept=set(read.sentences) - replaced) == []


def test_it_abstains_where_nothing_is_at_stake():
    silent = [
        row["id"] for row in EXAMPLES if not edits(shown(row["text"]), "x", attempt=False)["edits"]
    ]

    assert "allotment-diary-march" in silent
    assert "python-rain-gauge-script" in silent
    assert len(silent) > len(EXAMPLES) / 3


@given(text=st.text(max_size=400))
def test_no_text_makes_it_fail(text):
    read = shown(text)

    found = screening(read)
    written = edits(read, "any", attempt=True)["edits"]

    assert 0 <= found["quality"] <= 1
    assert all(edit["first"] in read.sentences for edit in written)


def test_every_sentence_of_the_lexicon_passes_the_lint_for_phrases():
    from pipeline.voices.lint import Banned
    from prompts import Prompts

    rows = Prompts().table("banned.toml")["phrase"]
    banned = Banned.of({row["text"]: row["why"] for row in rows})
    words = lexicon("en")

    said = [s for act in words.acts.values() for s in (*act.see, *act.why, *act.then)]

    assert [s for s in (*said, *words.summaries) if banned.pattern.search(s)] == []
    assert len(said) == len(set(said))


@pytest.mark.parametrize(
    ("given_as", "read_as"), [("en-GB", "en"), ("EN", "en"), ("English", "en"), ("de", "de")]
)
def test_a_language_is_taken_from_the_source_if_it_is_a_code(given_as, read_as):
    text = "He lied to his sister about the letter and kept it in the drawer."

    assert screening(shown(text, language=given_as))["language"] == read_as


def test_metadata_of_any_length_leaves_the_answer_readable():
    found = screening(shown("A word or two.", topic="x" * 500, media_type="y" * 500))

    Screening.model_validate(found)


def test_german_nouns_are_not_taken_for_invented_names():
    said = "Wer so spricht, nimmt ihr das Vertrauen, und ohne Vertrauen gibt es keine Nachbarn."

    assert "invented" not in objections("fidelity", BAD_DEED, (2, said))


@pytest.mark.parametrize(
    "text",
    [
        "A utility library for mocking out the requests module.\n\nAll calls are mocked.",
        "Finally, any free program is threatened constantly by software patents.",
    ],
)
def test_words_of_software_are_not_taken_for_cruelty(text):
    assert acts(text) == []
