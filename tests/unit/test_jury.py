"""Who is put to a jury, what most of it decides, and how far its jurors are to be counted apart."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpus.juries import JuryTally, phi
from pipeline.engines.rules import Rules
from pipeline.journey import outcome, travel
from pipeline.recipes import read_recipe
from pipeline.workshop import open_workshop
from schemas.document import Decision, OutcomeKind
from schemas.errors import PromptError, RecipeError
from schemas.exchange import Answer, Identity
from tests.conftest import BAD_DEED, act, document, plain_text, screened, write_recipe

WORDINGS = ("neighbour", "examiner", "reader")
HAZARD = [{"first": 4, "last": 4, "label": "poisons", "severity": 2, "substance": False}]


def edits(*texts):
    made = [{"place": place, "first": at, "last": at, "text": text} for place, at, text in texts]
    return json.dumps({"edits": made})


GOOD = edits(("before", 2, "She had nobody else whom she could have asked."))
BARE = edits(("before", 2, "That was wrong of him."))
WORN = edits(("before", 2, "We must all see that she trusted him."))
CUT = edits(
    ("before", 2, "She had nobody else to ask."), ("replace", 4, "Here he said how it was made.")
)


def recipe(folder, settings="", *, jury='jury = "rules"', control=0):
    path = write_recipe(folder)
    text = path.read_text().replace('reviewer = "rules"', f'reviewer = "rules"\n{jury}')
    text = text.replace(
        "\n[forms]", f'\n[[pass]]\nuse = "jury"\ncontrol_share = {control}\n{settings}\n[forms]'
    )
    path.write_text(text)
    return path


def workshop(folder, *settings, **more):
    return open_workshop(read_recipe(recipe(folder, *settings, **more)))


def vote(decision):
    objection = {"code": "passed_over", "what": "Speak of the sister.", "sentence": 2}
    found = [objection] if decision == "object" else []
    return json.dumps({"decision": decision, "score": 4 if not found else 2, "objections": found})


def answering(votes=("approve",) * 3, **by_question):
    engine, seen = Rules(), []

    async def answer(requests):
        seen.extend(requests)
        given = []
        for r in requests:
            name = r.question.replace("/", "_")
            if r.role == "jury":
                text = votes[r.juror]
                text = vote(text) if text in ("approve", "object") else text
                given.append(Answer(text, Identity("test", "test")))
            elif name in by_question:
                given.append(Answer(by_question[name], Identity("test", "test")))
            else:
                given += await engine.answer([r])
        return given

    answer.seen = seen
    return answer


async def judged(
    folder, *settings, votes=("approve",) * 3, control=0, text=BAD_DEED, **by_question
):
    shop = workshop(folder, *settings, control=control)
    answer = answering(votes, **by_question)
    done = await travel(document(text), shop.passes, answer, shop.kit)
    return done, [r for r in answer.seen if r.role == "jury"]


async def test_what_reviewers_agree_on_is_not_put_to_a_jury(folder):
    done, asked = await judged(folder)

    assert (outcome(done).reason, asked) == ("as_drafted", [])


async def test_what_a_reviewer_still_objects_to_is_decided_by_most_jurors(folder):
    bare = {"draft_commentary": BARE, "revise_commentary": BARE}

    kept, asked = await judged(folder, votes=("approve", "object", "approve"), **bare)
    gone, _ = await judged(folder, votes=("approve", "object", "object"), **bare)

    assert [r.question for r in asked] == [f"jury/{name}" for name in WORDINGS]
    assert (outcome(kept).kind, outcome(kept).reason) == (OutcomeKind.ACCEPTED, "revised")
    assert kept.notes[-1].reason == "disagreement"
    assert (outcome(gone).kind, outcome(gone).reason) == (OutcomeKind.REJECTED, "jury")
    assert gone.notes[-1].votes == dict(zip(WORDINGS, ("approve", "object", "object"), strict=True))
    assert {o.rubric for o in gone.notes[-1].objections} == {"examiner", "reader"}


async def test_what_code_objects_to_is_not_put_to_the_vote(folder):
    done, asked = await judged(folder, draft_commentary=WORN, revise_commentary=WORN)

    assert (outcome(done).reason, asked) == ("lint", [])


DANGEROUS = {"screen": screened(acts=[act(2)], hazards=HAZARD), "draft_commentary": CUT}


@pytest.mark.parametrize(
    ("votes", "hold", "kind", "reason"),
    [
        (("approve",) * 3, "split", OutcomeKind.ACCEPTED, "as_drafted"),
        (("approve", "object", "approve"), "split", OutcomeKind.HELD, "jury_split"),
        (("approve", "object", "approve"), "never", OutcomeKind.ACCEPTED, "as_drafted"),
        (("object",) * 3, "split", OutcomeKind.REJECTED, "jury"),
    ],
)
async def test_a_dangerous_document_waits_for_a_human_if_jurors_are_split(
    folder, votes, hold, kind, reason
):
    done, asked = await judged(folder, f'hold = "{hold}"', votes=votes, **DANGEROUS)

    assert len(asked) == 3
    assert (outcome(done).kind, outcome(done).reason) == (kind, reason)


async def test_a_dangerous_document_waits_also_if_it_is_a_disagreement_that_splits_them(folder):
    disputed = edits(
        ("before", 2, "That was wrong of him."), ("replace", 4, "Here he said how it was made.")
    )
    votes = ("approve", "object", "approve")

    done, _ = await judged(
        folder, votes=votes, **DANGEROUS | {"draft_commentary": disputed},
        revise_commentary=disputed,
    )  # fmt: skip

    assert "motive" in {o.rubric for note in done.notes for o in note.objections}
    assert (outcome(done).kind, outcome(done).reason) == (OutcomeKind.HELD, "jury_split")


async def test_a_share_is_put_to_it_by_chance(folder):
    done, asked = await judged(folder, control=1, draft_commentary=GOOD)

    assert len(asked) == 3
    assert (done.notes[-1].decision, done.notes[-1].reason) == (Decision.KEEP, "control")
    assert done.notes[-1].scores == {"jury": 1.0}


@pytest.mark.parametrize("control", [0, 1])
async def test_whatever_comes_of_it_what_was_drawn_by_chance_is_known_as_such(folder, control):
    no = ("object",) * 3

    refused, _ = await judged(folder, votes=no, control=1, draft_commentary=GOOD)
    dangerous, _ = await judged(folder, votes=no, control=control, **DANGEROUS)

    assert (refused.notes[-1].reason, refused.notes[-1].by_chance) == ("jury", True)
    assert (dangerous.notes[-1].reason, dangerous.notes[-1].by_chance) == ("jury", control == 1)


async def test_nothing_is_asked_about_what_nobody_wrote(folder):
    done, asked = await judged(folder, control=1, text=plain_text(1))

    assert (outcome(done).reason, asked) == ("verbatim", [])


@pytest.mark.parametrize(
    ("votes", "reason"),
    [(("approve", "approve", "no JSON"), "as_drafted"), (("approve", "{}", "no"), "unreadable")],
)
async def test_jurors_who_cannot_be_read_are_missed_only_if_the_rest_are_too_few(
    folder, votes, reason
):
    done, _ = await judged(folder, votes=votes, control=1, draft_commentary=GOOD)

    assert outcome(done).reason == reason


async def test_jurors_see_document_and_rewrite_alike_and_nothing_that_others_said(folder):
    _, asked = await judged(folder, draft_commentary=BARE, revise_commentary=BARE)

    systems, texts = zip(*([turn.text for turn in r.turns] for r in asked), strict=True)
    shared = texts[0][: texts[0].index("You are one of several")]
    assert len(set(systems)) == 1
    assert all(text.startswith(shared) for text in texts)
    assert "--- end of rewrite ---" in shared
    assert not any("bare_verdict" in text or "the text says" in text for text in texts)


async def test_the_rule_book_has_a_seat_on_a_jury(folder):
    shop = workshop(folder, control=1)

    done = await travel(document(BAD_DEED), shop.passes, Rules().answer, shop.kit)

    assert done.notes[-1].votes == dict.fromkeys(WORDINGS, "approve")


def test_several_engines_take_turns(folder):
    path = recipe(folder, jury='jury = ["rules", "other"]')
    path.write_text(path.read_text() + '\n[engines.other]\nuse = "rules"\n')

    shop = open_workshop(read_recipe(path))

    assert len(shop.engines["jury"]) == 2
    assert {"rules", "other"} <= set(shop.opened)


@pytest.mark.parametrize(
    ("settings", "jury", "error", "said"),
    [
        ("", "", RecipeError, "no jury to ask"),
        ('wordings = ["reader", "neighbour"]', 'jury = "rules"', RecipeError, "odd number"),
        ('wordings = ["raeder"]', 'jury = "rules"', PromptError, "jury/raeder.md"),
        ("", 'jury = ["rules", "ruels"]', RecipeError, "'ruels'"),
    ],
)
def test_a_jury_that_cannot_sit_is_refused_before_any_work(folder, settings, jury, error, said):
    with pytest.raises(error) as caught:
        workshop(folder, settings, jury=jury)

    assert said in f"{caught.value} {caught.value.hint}"


def put(*votes, reason="control", by_chance=True, names="abc"):
    named = [
        (name, "approve" if vote else "object") for name, vote in zip(names, votes, strict=False)
    ]
    screened = {"reason": "", "votes": [], "by_chance": False}
    return {"notes": [screened, {"reason": reason, "votes": named, "by_chance": by_chance}]}


def test_only_what_was_drawn_by_chance_tells_how_far_jurors_err_together():
    tally = JuryTally()
    tally.add(put(1, 1, 1))
    tally.add(put(0, 0, 1, reason="jury"))
    tally.add(put(1, 1, 0))
    tally.add(put(0, 0, 0, reason="jury_split"))
    tally.add(put(1, 0, 1, reason="hazard", by_chance=False))

    found = tally.juries()

    assert found.documents == {"control": 2, "hazard": 1, "jury": 1, "jury_split": 1}
    assert (found.control, found.jurors) == (4, 3)
    assert found.pairs == {("a", "b"): 1.0, ("a", "c"): 0.0, ("b", "c"): 0.0}
    assert found.correlation == pytest.approx(1 / 3)
    assert found.effective == pytest.approx(3 / (1 + 2 / 3))
    assert found.agreement == pytest.approx(2 / 5)


def test_with_a_humans_verdicts_it_is_errors_that_are_compared():
    tally = JuryTally()
    for right, row in [(True, (1, 1)), (False, (0, 1)), (False, (1, 0)), (True, (0, 0))]:
        tally.add(put(*row, reason="hazard", by_chance=False), right=right)

    [(_, found)] = tally.juries().pairs.items()

    errors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    assert found == pytest.approx(np.corrcoef(errors.T)[0, 1])


def test_a_juror_who_was_once_not_heard_is_compared_on_the_rest():
    tally = JuryTally()
    for row in [(1, 1, 1), (0, 0, 0), (1, 0, 1)]:
        tally.add(put(*row))
    tally.add(put(0, 1, names="ab"))

    found = tally.juries()

    assert found.pairs == {
        ("a", "b"): pytest.approx(0.0), ("a", "c"): 1.0, ("b", "c"): pytest.approx(0.5)
    }  # fmt: skip
    assert found.correlation == pytest.approx((4 * 0 + 3 * 1 + 3 * 0.5) / 10)
    assert found.jurors == 3


def test_jurors_who_never_vary_tell_nothing():
    tally = JuryTally()
    for _ in range(3):
        tally.add(put(1, 1, 1))

    found = tally.juries()

    assert (found.correlation, found.effective, found.agreement) == (None, None, 1.0)
    assert JuryTally().juries().agreement is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40))
def test_phi_is_the_correlation_of_two_binary_variables(pairs):
    one, other = zip(*pairs, strict=True)

    found = phi(Counter(pairs))

    if len(set(one)) == 1 or len(set(other)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(np.corrcoef(one, other)[0, 1], abs=1e-9)
