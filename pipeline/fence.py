"""How a document, and its rewrite, are shown to an engine, and how that is read back.

Between two marks every line begins with ``[``, with ``<AI>`` or with a space, or is empty; what
goes on over several lines is indented by one space. Human text that was written for a rewrite
stands behind ``[new]``. So nothing in a document can look like the end mark, like a sentence number
or like the AI's voice, whatever it contains.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter

from pipeline.sentences import Sentence, sentences
from pipeline.voices.escape import escape, unescape
from pipeline.voices.render import render
from pipeline.voices.scheme import working_scheme
from schemas.document import Document, Metadata, Span, Voice, flat

_DOCUMENT = ("--- document ---", "--- end of document ---")
_REWRITE = ("--- rewrite ---", "--- end of rewrite ---")
_NUMBERED = re.compile(r"\[(\d+)\] (.*)", re.DOTALL)
_ELIDED = re.compile(r"\[(\d+)\]–\[(\d+)\] unchanged")
_NEW = "[new] "
_TRUSTED = "[trusted]"
_PART = re.compile(r"\[\d+ in part\] ")
_ENTRY = re.compile(r"^(?=\[|<AI>)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shown:
    """A document as an engine sees it.

    Attributes:
        about: The metadata that the source gives.
        sentences: The text of each sentence, by number; white space between lines simplified.
        paragraphs: The number of the first sentence of each paragraph.
    """

    about: dict[str, str]
    sentences: dict[int, str]
    paragraphs: frozenset[int]


@dataclass(frozen=True, slots=True)
class Remark:
    """AI text in a rewrite, and the sentence it stands before; one past the last at the end."""

    text: str
    before: int


@dataclass(frozen=True, slots=True)
class ShownRewrite:
    """A rewrite as an engine sees it.

    Attributes:
        remarks: What the AI says.
        kept: The numbers of the sentences kept.
        written: Human text that was written.
        is_trusted: Whether people wrote what the AI says, too.
    """

    remarks: tuple[Remark, ...]
    kept: frozenset[int]
    written: tuple[str, ...] = ()
    is_trusted: bool = False


def show_document(text: str, metadata: Metadata) -> str:
    """Return a source text between its marks, its sentences numbered."""
    about = {k: v for k, v in flat(metadata).items() if v is not None}
    lines = [_DOCUMENT[0], f"[about] {json.dumps(about, ensure_ascii=True, sort_keys=True)}"]
    paragraph = -1
    for sentence in sentences(text, metadata.language):
        if sentence.paragraph != paragraph:
            lines.append("")
            paragraph = sentence.paragraph
        lines.append(_line(sentence.number, text[sentence.start : sentence.end]))
    return "\n".join([*lines, _DOCUMENT[1]])


def numbered(document: Document) -> tuple[Sentence, ...]:
    """Return the document's sentences, always the same ones, whatever is learned about it later."""
    return sentences(document.text, document.metadata.language)


def _line(number: int | str, said: str) -> str:
    return f"[{number}] {_indented(escape(said, working_scheme()))}"


def _indented(text: str) -> str:
    return "\n ".join(text.splitlines())


def read_document(turn: str) -> Shown:
    """Return what ``show_document`` put into a turn.

    Raises:
        ValueError: The turn holds no document.
    """
    about: dict[str, str] = {}
    found: dict[int, str] = {}
    paragraphs: set[int] = set()
    previous = ""
    for entry in _entries(turn, _DOCUMENT):
        if entry.startswith("[about] "):
            about = json.loads(entry.removeprefix("[about] "))
        elif match := _NUMBERED.match(entry):
            number = int(match[1])
            found[number] = unescape(_joined(match[2]), working_scheme())
            if previous.endswith("\n\n"):
                paragraphs.add(number)
        previous = entry
    return Shown(about, found, frozenset(paragraphs))


def _entries(turn: str, marks: tuple[str, str]) -> list[str]:
    head, begun, rest = turn.partition(f"{marks[0]}\n")
    # The first one that begins a line is the fence's own: no line inside can begin so.
    body, ended, _ = f"\n{rest}".partition(f"\n{marks[1]}")
    if not (begun and ended):
        raise ValueError(f"there is no {marks[0]} in this turn: {head[:60]}…")
    return [entry for entry in _ENTRY.split(body[1:]) if entry]


def _joined(text: str) -> str:
    return text.rstrip("\n").replace("\n ", "\n")


def show_rewrite(
    text: str, anchors: Sequence[Sentence], spans: Iterable[Span], *, is_trusted: bool = False
) -> str:
    """Return the rewrite between its marks: what was written, and the sentences around it.

    Long unchanged stretches are given by their numbers alone; the reader has the document.

    Args:
        text: The source text.
        anchors: Its sentences.
        spans: The rewrite.
        is_trusted: Whether people wrote what the AI says, too.
    """
    lines = [_REWRITE[0], *([_TRUSTED] if is_trusted else [])]
    entries = _rewritten(text, anchors, spans)
    unshown: list[int] = []
    for index, entry in enumerate(entries):
        near = entries[max(0, index - 1) : index + 2]
        if isinstance(entry, Sentence) and all(isinstance(beside, Sentence) for beside in near):
            unshown.append(entry.number)
            continue
        said = (
            entry if isinstance(entry, str) else _line(entry.number, text[entry.start : entry.end])
        )
        lines += [*_elided(unshown), said]
        unshown = []
    return "\n".join([*lines, *_elided(unshown), _REWRITE[1]])


def _rewritten(
    text: str, anchors: Sequence[Sentence], spans: Iterable[Span]
) -> list[Sentence | str]:
    """Return a rewrite in order: sentences that were kept, and what is shown in any case.

    Always shown is what was written, and sentences of which only a part was kept.
    """
    entries: list[Sentence | str] = []
    for run in _runs(spans):
        start = run[0].source_start
        if start is None:
            entries += _written(run)
        else:
            entries += _kept(text, anchors, start, start + sum(len(span.text) for span in run))
    return entries


def _written(run: list[Span]) -> Iterator[str]:
    """Yield what was written, the AI's voice in its tags, a human's behind a mark."""
    for is_human, spans in groupby(run, key=lambda span: span.voice == Voice.HUMAN):
        said = render(_trimmed(list(spans)), working_scheme())
        if said:
            yield _indented(f"{_NEW}{said}" if is_human else said)


def _kept(text: str, anchors: Sequence[Sentence], start: int, end: int) -> Iterator[Sentence | str]:
    """Yield the sentences of a stretch of the source, those kept in part as they are shown."""
    for anchor in anchors[bisect_right(anchors, start, key=attrgetter("end")) :]:
        if anchor.start >= end:
            return
        if start <= anchor.start and anchor.end <= end:
            yield anchor
        elif said := text[max(anchor.start, start) : min(anchor.end, end)].strip():
            yield _line(f"{anchor.number} in part", said)


def _runs(spans: Iterable[Span]) -> list[list[Span]]:
    """Return runs of spans that follow each other in the source, and of spans a model wrote."""
    runs: list[list[Span]] = []
    for span in spans:
        last = runs[-1][-1] if runs else None
        if last and goes_on(last, span):
            runs[-1].append(span)
        else:
            runs.append([span])
    return runs


def goes_on(last: Span, span: Span) -> bool:
    """Return whether a span follows another in the source, or both were written."""
    if last.source_start is None or span.source_start is None:
        return last.source_start == span.source_start
    return last.source_start + len(last.text) == span.source_start


def _trimmed(run: list[Span]) -> list[Span]:
    """Return a run without the white space that sets it off from its neighbours."""
    run = [replace(run[0], text=run[0].text.lstrip()), *run[1:]]
    return [*run[:-1], replace(run[-1], text=run[-1].text.rstrip())]


def _elided(numbers: list[int]) -> list[str]:
    if not numbers:
        return []
    return [f"[{numbers[0]}]–[{numbers[-1]}] unchanged" if len(numbers) > 1 else f"[{numbers[0]}]…"]


def read_rewrite(turn: str) -> ShownRewrite:
    """Return what ``show_rewrite`` put into a turn; remarks keep their tags.

    Raises:
        ValueError: The turn holds no rewrite.
    """
    remarks: list[Remark] = []
    waiting: list[str] = []
    kept: set[int] = set()
    written: list[str] = []
    shown_to = 0
    is_trusted = False
    for entry in _entries(turn, _REWRITE):
        if entry.startswith(_TRUSTED):
            is_trusted = True
            continue
        if entry.startswith("<AI>"):
            waiting.append(_joined(entry))
            continue
        if entry.startswith(_NEW):
            written.append(_joined(entry.removeprefix(_NEW)))
            continue
        first, last = _range(entry)
        remarks += [Remark(text, first) for text in waiting]
        waiting = []
        shown_to = last
        if not _PART.match(entry):
            kept.update(range(first, last + 1))
    remarks += [Remark(text, shown_to + 1) for text in waiting]
    return ShownRewrite(tuple(remarks), frozenset(kept), tuple(written), is_trusted)


def _range(entry: str) -> tuple[int, int]:
    if match := _ELIDED.fullmatch(entry.rstrip("\n")):
        return int(match[1]), int(match[2])
    number = int(entry[1 : entry.index("]")].removesuffix(" in part"))
    return number, number
