"""One document for a person's eyes: where it stands, its voices in colour, notes and answers.

Colours are the terminal's own, so that they suit its background; the tags say the same without
them. Text comes from anywhere: what could command the terminal or reorder what is read is
shown as a visible sign.
"""

import json
import re
import shlex
from typing import Any

from rich.padding import Padding
from rich.text import Text

from pipeline.corpus.documents import Seen
from schemas.document import METADATA_FIELDS

VOICES = {"human": "", "ai": "bold green", "quoted_human": "magenta", "quoted_ai": "red"}
_TAG = "dim"
_HEAD = "bold"
_SAMPLE_CHARS = 1500
_DIGEST = re.compile("[0-9a-f]{32,}")
# Commands to terminals, and marks that turn the reading direction.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def show_command(recipe: str, name: str) -> str:
    """Return the command that shows a document, as a shell takes it."""
    return f"prealign show {shlex.quote(recipe)} {shlex.quote(visible_line(name))}"


def visible(text: str | None) -> str:
    """Return a text with its control characters as signs that can be seen."""
    return _UNSEEN.sub(_sign, text or "")


def visible_line(text: str | None) -> str:
    """Return a name or a word of explanation on one line, whatever it holds."""
    return visible(text).replace("\n", "␊").replace("\t", "␉")


def _sign(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else f"‹U+{code:04X}›"


def coloured(text: str, spans: list[dict[str, Any]]) -> Text:
    """Return tagged text with a colour for each voice and its tags dim."""
    shown, position = Text(), 0
    for span in spans:
        shown.append(visible(text[position : span["start"]]), style=_TAG)
        shown.append(visible(text[span["start"] : span["end"]]), style=VOICES[span["voice"]])
        position = span["end"]
    shown.append(visible(text[position:]), style=_TAG)
    return shown


def document_lines(seen: Seen) -> list[Any]:
    """Return everything that is known about a document."""
    row = seen.row
    lines = [
        *_head(seen),
        *_facts(seen),
        "",
        *_section("source"),
        Text(visible(row["source_text"])),
    ]
    lines += ["", *_section("text")]
    if row["text"] is None:
        lines.append(Text("nothing was written"))
    elif not _made(row):
        lines.append(Text("the source, word for word, in the human voice"))
    else:
        lines += [coloured(row["text"], row["spans"]), _legend()]
    lines += ["", *_section("notes")]
    for number, note in enumerate(row["notes"], start=1):
        lines += _note_lines(number, note)
    lines += ["", *_section("answers")]
    for answer in seen.answers:
        lines += _answer_lines(answer)
    if not seen.answers:
        lines.append(Text("no engine was asked"))
    return lines


def sample_lines(seen: Seen, recipe: str, *, full: bool) -> list[Any]:
    """Return a document as one of many: where it stands and its text, cut if it is long."""
    row = seen.row
    if row["text"] is None:
        shown = Text(visible(row["source_text"]))
    else:
        shown = coloured(row["text"], row["spans"])
    if not full and len(shown) > _SAMPLE_CHARS:
        left = len(shown) - _SAMPLE_CHARS
        shown = shown[:_SAMPLE_CHARS] + Text(f"\n… {left:,} characters more: --full", style=_TAG)
    look = Text(show_command(recipe, row["id"]), style=_TAG)
    return [*_head(seen), shown, "", look, ""]


def _made(row: dict[str, Any]) -> bool:
    return any(span["source_start"] is None or span["voice"] != "human" for span in row["spans"])


def _head(seen: Seen) -> list[Any]:
    row = seen.row
    stands = f"{row['outcome']}, {row['reason']}"
    if row["detail"]:
        stands += f": {visible_line(row['detail'])}"
    return [Text(f"── {visible_line(row['id'])} ──", style=_HEAD), Text(stands, style=_HEAD)]


def _facts(seen: Seen) -> list[Text]:
    row = seen.row
    facts = {"place": row["place"], "unit": seen.unit, "form": row["form"] or "none"}
    if row["writer"]:
        facts["writer"] = row["writer"]
    if row["quality"] is not None:
        facts["quality"] = f"{row['quality']:.2f}"
    facts["by a model"] = f"{row['synthetic_share']:.0%}"
    facts["split"] = row["split"]
    inferred = set(row["inferred"] or ())
    for name in METADATA_FIELDS:
        if row[name]:
            facts[name] = row[name] + (" (inferred)" if name in inferred else "")
    return [Text(f"{name:<12}{visible_line(value)}") for name, value in facts.items()]


def _section(name: str) -> list[Text]:
    return [Text(name, style=_HEAD)]


def _legend() -> Text:
    return Text.assemble(
        ("(", _TAG), "human ", ("the AI", VOICES["ai"]), " ",
        ("a human it quotes", VOICES["quoted_human"]), (")", _TAG),
    )  # fmt: skip


def _note_lines(number: int, note: dict[str, Any]) -> list[Any]:
    said = f"{number:>2} {note['by']}: {note['decision']}"
    if note["reason"]:
        said += f", {note['reason']}"
    listed = {
        "form": note["form"],
        "suits": ", ".join(note["suits"] or ()),
        "scores": ", ".join(f"{name} {value:.2f}" for name, value in note["scores"] or ()),
        "inferred": ", ".join(_inferred(note)),
        "votes": ", ".join(f"{name} {vote}" for name, vote in note["votes"] or ()),
    }
    lines = [note["detail"]] if note["detail"] else []
    lines += [f"{name}: {value}" for name, value in listed.items() if value]
    lines += [_finding(found) for found in note["findings"] or ()]
    lines += [_objection(held) for held in note["objections"] or ()]
    lines += [_stop(stop) for stop in note["stops"] or ()]
    return [Text(said, style=_HEAD), *(_indented(line) for line in lines)]


def _inferred(note: dict[str, Any]) -> list[str]:
    sure = dict(note["confidence"] or ())
    return [
        f"{name} {value}" + (f" ({sure[name]:.0%} sure)" if name in sure else "")
        for name, value in note["inferred"] or ()
    ]


def _finding(found: dict[str, Any]) -> str:
    where = f"sentences {found['first']}–{found['last']}, severity {found['severity']}"
    remark = f": {found['remark']}" if found["remark"] else ""
    kinds = [f"{name} {found[name]}" for name in ("motive", "harm", "whom") if found[name]]
    listed = f" ({', '.join(kinds)})" if kinds else ""
    return f"{found['kind']} {found['label']}, {where}{listed}{remark}"


def _stop(stop: dict[str, Any]) -> str:
    where = f"after {stop['place']:.0%} of the text"
    return f"stops {stop['hazard']} in the voice {stop['voice']}, {where}"


def _objection(held: dict[str, Any]) -> str:
    where = f" (sentence {held['sentence']})" if held["sentence"] else ""
    return f"{held['rubric']}/{held['code']}{where}: {held['what']}"


def _indented(text: str) -> Padding:
    return Padding(Text(visible(text)), (0, 0, 0, 3), expand=False)


def _answer_lines(answer: dict[str, Any]) -> list[Any]:
    model = answer["model"]
    # The rule book's name is a digest; the others are names that people know.
    who = f"{answer['engine']}:{model[:8] if _DIGEST.fullmatch(model) else model}"
    cost = f"{answer['read']:,} read, {answer['cached']:,} cached, {answer['written']:,} written"
    head = f"{answer['question']} · draw {answer['draw']} · {who} · {answer['finish']} · {cost}"
    return [Text(head, style=_HEAD), Text(visible(_readable(answer["answer"])))]


def _readable(text: str) -> str:
    """Return JSON laid out for reading, and anything else as it is."""
    try:
        return json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    except ValueError:
        return text
