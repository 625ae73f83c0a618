"""Document first, on token ids: what requests of one role share is shared by their tokens."""

from itertools import combinations

import pytest

from pipeline.conversation import asked_again
from pipeline.serving.prompt_tokens import prompt_tokens
from tests.contract.test_plugins import recorded_requests
from tests.templates import TEMPLATES, tokenizer

EVERY = pytest.mark.parametrize("name", TEMPLATES)


def shared(one, other):
    """Return how many items two sequences begin with alike."""
    pairs = zip(one, other, strict=False)
    unlike = (number for number, (a, b) in enumerate(pairs) if a != b)
    return next(unlike, min(len(one), len(other)))


def said_before_they_differ(prompt, one, other):
    """Return the text of the tokens that two conversations begin with alike."""
    first, second = prompt.ids(one), prompt.ids(other)
    return tokenizer().decode(first[: shared(first, second)])


@pytest.fixture
async def asked(folder):
    """All requests of a journey that is screened, drafted, reviewed, revised and rechecked."""
    workshop, seen = await recorded_requests(folder)
    return workshop, seen


@EVERY
async def test_requests_of_one_role_share_the_tokens_of_every_turn_they_share(asked, name):
    _, requests = asked
    prompt = prompt_tokens(tokenizer(), TEMPLATES[name][0], {})
    passes = {request.question.partition("/")[0] for request in requests}
    assert passes == {"screen", "draft", "review", "revise", "recheck"}

    for one, other in combinations(requests, 2):
        if one.role == other.role and one.turns != other.turns:
            turns = shared(one.turns, other.turns)
            text = said_before_they_differ(prompt, one.turns, other.turns)
            assert turns >= 3
            assert all(turn.text in text for turn in one.turns[:turns])


@EVERY
async def test_rubrics_of_one_rewrite_share_all_tokens_but_those_of_the_rubric(asked, name):
    _, requests = asked
    prompt = prompt_tokens(tokenizer(), TEMPLATES[name][0], {})
    reviews = [request for request in requests if request.question.startswith("review/")]

    for one, other in combinations(reviews, 2):
        ids = prompt.ids(one.turns)
        differing = tokenizer().decode(ids[shared(ids, prompt.ids(other.turns)) :])
        assert len(differing) <= len(one.turns[-1].text) + 80


@EVERY
async def test_a_question_that_is_asked_again_begins_with_the_same_tokens(asked, name):
    workshop, requests = asked
    prompt = prompt_tokens(tokenizer(), TEMPLATES[name][0], {})

    for request in requests:
        again = asked_again(request.turns, "no JSON", "not JSON", workshop.kit)
        text = said_before_they_differ(prompt, request.turns, again)
        assert all(turn.text in text for turn in request.turns)
