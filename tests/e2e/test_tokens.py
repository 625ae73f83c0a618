"""A consumer's proof: from a pulled version to token ids, with nothing of ours but the spans."""

import re

import pyarrow.dataset as ds
import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

pytestmark = pytest.mark.e2e

TAGS = ["<AI>", "</AI>", "<AI_quoting_human>", "</AI_quoting_human>"]


@pytest.fixture(scope="module")
def rows(demo):
    columns = ["id", "text", "spans"]
    return ds.dataset(demo / "pulled" / "data").to_table(columns=columns).to_pylist()


@pytest.fixture(scope="module")
def tokenizer(rows):
    """A byte-level tokenizer trained on the corpus, with each tag as one special token."""
    made = Tokenizer(BPE())
    made.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(
        vocab_size=800, initial_alphabet=ByteLevel.alphabet(), special_tokens=TAGS,
        show_progress=False,
    )  # fmt: skip
    made.train_from_iterator((row["text"] for row in rows), trainer)
    # Text is text: what looks like a tag inside a slice must not become one.
    made.encode_special_tokens = True
    return made


def encoded(row, tokenizer):
    """Return token ids: tags from the gaps between spans, text from the slices."""
    ids, position = [], 0
    for span in [*row["spans"], None]:
        start = span["start"] if span else len(row["text"])
        gap = row["text"][position:start]
        ids += [tokenizer.token_to_id(tag) for tag in re.findall("|".join(TAGS), gap)]
        if span:
            ids += tokenizer.encode(row["text"][start : span["end"]]).ids
            position = span["end"]
    return ids


def test_four_tags_are_four_single_ids(tokenizer):
    assert len({tokenizer.token_to_id(tag) for tag in TAGS}) == 4
    for tag in TAGS:
        assert tokenizer.token_to_id(tag) not in tokenizer.encode(tag).ids


def test_tag_ids_stand_at_span_borders_and_follow_the_grammar(rows, tokenizer):
    tags = [tokenizer.token_to_id(tag) for tag in TAGS]
    opens, closes, quotes, unquotes = tags
    legal = {(0, opens): 1, (1, quotes): 2, (2, unquotes): 1, (1, closes): 0}

    seen = 0
    for row in rows:
        state = 0
        for token in encoded(row, tokenizer):
            if token in tags:
                state, seen = legal[(state, token)], seen + 1
        assert state == 0, row["id"]
    assert seen > 40


def test_a_document_that_holds_literal_tags_gets_no_tag_id(rows, tokenizer):
    row = next(row for row in rows if row["id"] == "everyday/blog-custom-chat-tags")
    said = "".join(row["text"][s["start"] : s["end"]] for s in row["spans"])

    ids = encoded(row, tokenizer)

    assert said.count("<AI>") >= 3
    assert not set(ids) & {tokenizer.token_to_id(tag) for tag in TAGS}
