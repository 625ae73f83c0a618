"""What a screening says of a document: guesses with how sure they are, and where things lie."""

import json
from dataclasses import replace

import pytest

from pipeline.findings import acts, hazards, questions
from pipeline.journey import parsed
from pipeline.recipes import read_recipe
from pipeline.workshop import open_workshop
from schemas.document import Finding
from schemas.exchange import Answer, Identity
from tests.conftest import act, document, screened, write_recipe

TEXT = "One came. Two went.\n\nWhich of you knows the way? Four slept."


def noted(folder, answer, settings="", **metadata):
    path = write_recipe(folder)
    path.write_text(path.read_text().replace('use = "screen"', f'use = "screen"\n{settings}'))
    workshop = open_workshop(read_recipe(path))
    about = document(TEXT, **metadata)
    [request] = workshop.passes[0].ask(about)
    reply = parsed(request, Answer(answer, Identity("test", "test")))
    assert reply.error == "", reply.error
    return about.add("screen", workshop.passes[0].read(about, [reply]))


def guess(value, sure):
    return {"value": value, "sure": sure}


GUESSES = {
    "media_type": guess("letter", 0.9),
    "topic": guess("geese", 0.4),
    "author_type": guess("private person", 0.7),
    "published": guess("1990s", 0.6),
}


def test_what_is_guessed_surely_enough_is_filled_in_and_all_of_it_is_noted(folder):
    done = noted(folder, screened(**GUESSES))

    filled = {"media_type": "letter", "author_type": "private person", "published": "1990s"}
    assert done.inferred == {"language": "en"} | filled
    assert done.notes[0].confidence == {name: row["sure"] for name, row in GUESSES.items()}


def test_how_sure_one_has_to_be_is_a_setting(folder):
    done = noted(folder, screened(**GUESSES), "min_confidence = 0.8")

    assert done.inferred == {"language": "en", "media_type": "letter"}


def test_what_the_source_says_is_not_inferred(folder):
    done = noted(folder, screened(**GUESSES), media_type="diary", language="en")

    assert set(done.inferred) == {"author_type", "published"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("published", "long ago"), ("published", "1911-11-09T10"), ("author_type", "unknown"),
     ("topic", " ")],
)  # fmt: skip
def test_a_guess_that_says_nothing_is_not_filled_in(folder, name, value):
    done = noted(folder, screened(**{name: guess(value, 0.99)}))

    assert name not in done.inferred


def test_findings_have_their_kinds_and_their_places(folder):
    hazard = {"label": "drugs", "substance": False}
    done = noted(folder, screened(
        acts=[act(1), act(2, severity=1)],
        hazards=[hazard | {"first": 2, "last": 2, "severity": 2},
                 hazard | {"first": 4, "last": 4, "severity": 1}],
        questions=[{"first": 3, "last": 3}]))  # fmt: skip

    [first, _] = [found for found, _ in acts(done)]
    assert (first.motive, first.harm, first.whom) == ("fear", "truth", "one person")
    assert [TEXT[a:b] for _, (a, b) in acts(done)] == ["One came.", "Two went."]
    assert [TEXT[a:b] for _, (a, b) in hazards(done)] == ["Two went."]
    assert [TEXT[a:b] for _, (a, b) in questions(done)] == ["Which of you knows the way?"]


def test_what_a_writer_disputes_need_not_be_met_while_its_words_stand(folder):
    done = noted(folder, screened(acts=[act(1), act(2)]))
    note = done.notes[0]

    dispute = Finding("mistaken", "deceit", 2, 2, 0)
    denied = done.add("draft", replace(note, findings=(dispute,), spans=done.spans))

    assert [found.first for found, _ in acts(denied)] == [1]
    revised = denied.add("revise", replace(note, findings=(), spans=done.spans))
    assert [found.first for found, _ in acts(revised)] == [1, 2]


def test_a_label_that_is_none_cannot_be_read(folder):
    path = write_recipe(folder)
    workshop = open_workshop(read_recipe(path))
    [request] = workshop.passes[0].ask(document(TEXT))

    for broken in ({"acts": [act(1, motive="greed")]}, {"topic": "geese"}):
        found = json.loads(screened()) | broken
        assert parsed(request, Answer(json.dumps(found), Identity("test", "test"))).error
