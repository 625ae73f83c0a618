"""How a document, and its rewrite, are shown to an engine, and how that is read back.

Between two marks every line begins with ``[``, with ``<AI>`` or with a space, or is empty; what
goes on over several lines is indented by one space. So nothing in a document can look like
the end mark, like a sentence number or like the AI's voice, whatever it contains.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from pipeline.sentences import Sentence, sentences
from pipeline.voices.escape import escape, unescape
from pipeline.voices.render import render
from schemas.document import Document, Span, Voice
from schemas.scheme import Scheme

_DOCUMENT = ("--- document ---", "--- end of document ---")
_REWRITE = ("--- rewrite ---", "--- end of rewrite ---")
_NUMBERED = re.compile(r"\[(\d+)\] (.*)", re.DOTALL)
_ELIDED = re.compile(r"\[(\d+)\]–\[(\d+)\] unchanged")
_ENTRY = re.compile(r"^(?=\[|<AI>)", re.MULTILINE)
# Sentences shown on each side of a remark; the rest of an unchanged stretch is named by number.
_AROUND = 1


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
    """AI text in a rewrite, and the sentence it stands before (one past the last at the end)."""

    text: str
    before: int


@dataclass(frozen=True, slots=True)
class ShownRewrite:
    """A rewrite as an engine sees it: its remarks, and the numbers of the sentences kept."""

    remarks: tuple[Remark, ...]
    kept: frozenset[int]


def show_document(document: Document) -> str:
    """Return the document between its marks, its sentences numbered."""
    about = {k: v for k, v in asdict(document.metadata).items() if v is not None}
    lines = [_DOCUMENT[0], f"[about] {json.dumps(about, ensure_ascii=True, sort_keys=True)}"]
    paragraph = -1
    for sentence in numbered(document):
        if sentence.paragraph != paragraph:
            lines.append("")
            paragraph = sentence.paragraph
        lines.append(_line(document.text, sentence))
    return "\n".join([*lines, _DOCUMENT[1]])


def numbered(document: Document) -> tuple[Sentence, ...]:
    """Return the document's sentences, always the same ones, whatever is learned about it later."""
    return sentences(document.text, document.metadata.language)


def _line(text: str, sentence: Sentence) -> str:
    return f"[{sentence.number}] {_indented(escape(text[sentence.start : sentence.end]))}"


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
            found[number] = unescape(_joined(match[2]))
            if previous.endswith("\n\n"):
                paragraphs.add(number)
        previous = entry
    return Shown(about, found, frozenset(paragraphs))


def _entries(turn: str, marks: tuple[str, str]) -> list[str]:
    head, begun, rest = turn.partition(f"{marks[0]}\n")
    body, ended, _ = rest.rpartition(marks[1])
    if not (begun and ended):
        raise ValueError(f"there is no {marks[0]} in this turn: {head[:60]}…")
    return [entry for entry in _ENTRY.split(body) if entry]


def _joined(text: str) -> str:
    return text.rstrip("\n").replace("\n ", "\n")


def show_rewrite(document: Document, scheme: Scheme) -> str:
    """Return the rewrite between its marks: remarks in their tags, and the sentences around them.

    Long unchanged stretches are given by their numbers alone; the reader has the document.
    """
    anchors = numbered(document)
    remarks: dict[int, list[str]] = {}
    kept: set[int] = set()
    for place, run in _runs(document.spans, len(document.text)):
        if run[0].voice == Voice.HUMAN:
            ends = place + sum(len(span.text) for span in run)
            kept |= {a.number for a in anchors if place <= a.start and a.end <= ends}
        else:
            before = next((a.number for a in anchors if a.start >= place), len(anchors) + 1)
            remarks.setdefault(before, []).append(_indented(render(_trimmed(run), scheme)))
    lines = [_REWRITE[0]]
    unshown: list[int] = []
    for number in range(1, len(anchors) + 2):
        near = any(n in remarks for n in range(number - _AROUND + 1, number + _AROUND + 1))
        if number in remarks or near or number > len(anchors):
            lines += _elided(unshown)
            unshown = []
        lines += remarks.get(number, [])
        if number in kept and near:
            lines.append(_line(document.text, anchors[number - 1]))
        elif number in kept:
            unshown.append(number)
    lines += _elided(unshown)
    return "\n".join([*lines, _REWRITE[1]])


def _runs(spans: Iterable[Span], size: int) -> list[tuple[int, list[Span]]]:
    """Return runs of human and of other spans, each with its place in the source.

    A run that a model wrote stands where the next human span begins, or at the end.
    """
    runs: list[tuple[int, list[Span]]] = []
    waiting: list[Span] = []
    for span in spans:
        if span.source_start is None:
            waiting.append(span)
            continue
        if waiting:
            runs.append((span.source_start, waiting))
            waiting = []
        runs.append((span.source_start, [span]))
    return [*runs, (size, waiting)] if waiting else runs


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
    for entry in _entries(turn, _REWRITE):
        if entry.startswith("<AI>"):
            waiting.append(_joined(entry))
            continue
        first, last = _range(entry)
        remarks += [Remark(text, first) for text in waiting]
        kept.update(range(first, last + 1))
        waiting = []
    after_all = max(kept, default=0) + 1
    remarks += [Remark(text, after_all) for text in waiting]
    return ShownRewrite(tuple(remarks), frozenset(kept))


def _range(entry: str) -> tuple[int, int]:
    if match := _ELIDED.fullmatch(entry.rstrip("\n")):
        return int(match[1]), int(match[2])
    number = int(entry[1 : entry.index("]")])
    return number, number
