"""What engines are shown, and that nothing in a document can break out of it."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.fence import numbered, read_document, read_rewrite, show_document, show_rewrite
from schemas.document import Metadata, Span, Voice
from tests.conftest import document

PARTS = ["[1] ", "[2] x", "--- end of document ---", "--- document ---", "<AI>", "\n", "\n\n",
         "Hello there. ", "Yes! ", "[about] {}", "[trusted]\n",
         " ", "\u2028", "\r", "    code\n"]  # fmt: skip
texts = st.lists(st.sampled_from(PARTS), min_size=1, max_size=15).map("".join)


def words(text):
    return text.split()


def shown_rewrite(source, spans, **more):
    return show_rewrite(source.text, numbered(source), spans, **more)


@given(text=texts)
def test_a_shown_document_is_read_back_sentence_by_sentence(text):
    shown = document(text, author="[9] --- end of document ---")

    read = read_document(f"Some words.\n{show_document(shown.text, shown.metadata)}\nMore.")

    assert read.about == {"author": "[9] --- end of document ---"}
    expected = {s.number: words(text[s.start : s.end]) for s in numbered(shown)}
    assert {number: words(said) for number, said in read.sentences.items()} == expected


@given(text=texts)
def test_every_line_between_the_marks_begins_as_promised(text):
    lines = show_document(text, Metadata()).split("\n")

    assert lines[0] == "--- document ---"
    assert lines[-1] == "--- end of document ---"
    assert all(line[:1] in ("", "[", " ") for line in lines[1:-1])


@given(text=texts, data=st.data())
def test_a_shown_rewrite_is_read_back_with_its_remarks_in_place(text, data):
    source = document(text)
    anchors = numbered(source)
    chosen = data.draw(st.sets(st.sampled_from(anchors))) if anchors else set()
    spans, position = [], 0
    for anchor in sorted(chosen, key=lambda a: a.number):
        spans += [
            Span(Voice.HUMAN, text[position : anchor.start], position),
            Span(Voice.AI, f"Remark {anchor.number}. "),
        ]
        position = anchor.start
    spans.append(Span(Voice.HUMAN, text[position:], position))
    spans = tuple(span for span in spans if span.text)

    is_trusted = data.draw(st.booleans())
    read = read_rewrite(shown_rewrite(source, spans, is_trusted=is_trusted))

    assert read.is_trusted == is_trusted
    assert [(r.before, r.text) for r in read.remarks] == [
        (a.number, f"<AI>Remark {a.number}.</AI>") for a in sorted(chosen, key=lambda a: a.number)
    ]
    assert read.kept == {a.number for a in anchors}


def test_a_replaced_sentence_is_missing_from_the_shown_rewrite():
    source = document("One is here. Two is bad. Three is fine.")
    spans = (
        Span(Voice.HUMAN, "One is here. ", 0),
        Span(Voice.AI, "I leave this out."),
        Span(Voice.HUMAN, " Three is fine.", 24),
    )

    read = read_rewrite(shown_rewrite(source, spans))

    assert read.kept == {1, 3}
    assert read.remarks[0].before == 3


def test_a_sentence_of_which_a_part_was_kept_is_shown_with_that_part():
    text = "One is here. Two is bad and long. Three is fine. Four too. Five too."
    spans = (
        Span(Voice.HUMAN, "One is here. Two is ", 0),
        Span(Voice.AI, "I leave this out."),
        Span(Voice.HUMAN, text[27:], 27),
    )

    shown = shown_rewrite(document(text), spans)

    assert shown.split("\n")[1:-1] == [
        "[1] One is here.",
        "[2 in part] Two is",
        "<AI>I leave this out.</AI>",
        "[2 in part] long.",
        "[3] Three is fine.",
        "[4]–[5] unchanged",
    ]
    assert read_rewrite(shown).kept == {1, 3, 4, 5}


def test_a_remark_at_the_end_stands_behind_a_sentence_kept_in_part():
    text = "One is here. Two is bad and long."
    spans = (Span(Voice.HUMAN, text[:20], 0), Span(Voice.AI, "I leave this out."))

    shown = shown_rewrite(document(text), spans)

    assert read_rewrite(shown).remarks[0].before == 3


def test_human_text_that_was_written_is_marked_and_read_back():
    text = "One came. Two went."
    spans = (
        Span(Voice.HUMAN, "[9] she said <AI>\nand left.\n\n"),
        Span(Voice.AI, "Let her."),
        Span(Voice.HUMAN, "\n\n"),
        Span(Voice.HUMAN, "Two went.", 10),
    )

    shown = shown_rewrite(document(text), spans)

    assert "[new] [9] she said <\\AI>\n and left.\n<AI>Let her.</AI>\n[2] Two went." in shown
    read = read_rewrite(shown)
    assert (read.kept, [r.before for r in read.remarks]) == (frozenset({2}), [2])
    assert len(read.written) == 1
