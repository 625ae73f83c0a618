"""Checking one text with what is stored beside it.

It must follow its scheme; of a text that breaks it, the first error is given. Where spans are
stored beside it they must say the same as its tags, and where the source is, human text must be
the source's. Then the AI's part is linted. Codes beside those of the lint:

================  =================================================================================
``no_text``       there is no text, or none of the name that was given
``no_character``  a NUL or half of a surrogate pair, which files of text cannot hold
``bad_spans``     spans that are none, or that do not say what the tags say
``empty_span``    also tags between which nothing stands
================  =================================================================================
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.checking.report import Fault
from pipeline.door import NO_TEXT
from pipeline.forms import Form
from pipeline.plugins import plugin_class, plugin_names
from pipeline.standards import banned_phrases, instruction_runs
from pipeline.voices.faithfulness import source_faults
from pipeline.voices.lint import Standard, voice_faults
from pipeline.voices.parse import parse
from pipeline.voices.render import project, render, restore, store
from prompts import Prompts
from schemas.document import Span, StoredSpan
from schemas.errors import ParseError
from schemas.scheme import Scheme

_SPANS = TypeAdapter(list[StoredSpan])


def row_faults(row: Mapping[str, Any], scheme: Scheme, column: str = "text") -> list[Fault]:
    """Return what is wrong with one row; empty if nothing is, or nothing was written.

    Args:
        row: Its fields; ``spans``, ``source_text`` and ``form`` are used if they are there.
        scheme: What the tags mean.
        column: The name of the field that holds the text.
    """
    text = row.get(column)
    if text is None and "source_text" in row:
        return []
    if not isinstance(text, str) or not text:
        return [_no_text(row, column)]
    if bad := NO_TEXT.search(text):
        what = f"character {bad.start()} is {bad[0]!r}, which is no text"
        return [Fault("no_character", what, "take it out", position=bad.start())]
    try:
        spans = parsed = parse(text, scheme)
        if row.get("spans") is not None:
            spans = _stored(row["spans"], text, parsed, scheme)
    except ParseError as error:
        return [Fault(error.code, str(error), error.hint, position=error.position)]
    except ValueError as error:
        return [Fault("bad_spans", str(error), "make the spans anew from the tags, or render them")]
    found = source_faults(spans, row["source_text"]) if row.get("source_text") else []
    found += voice_faults(spans, _standard(str(row.get("form"))))
    faults = [Fault(objection.code, objection.what) for objection in found]
    if render(parsed, scheme) != text:
        faults.append(Fault("empty_span", "a voice is opened and nothing is said in it"))
    return faults


def _no_text(row: Mapping[str, Any], column: str) -> Fault:
    value = row.get(column)
    if value == "":
        return Fault("no_text", f"'{column}' is empty")
    if column in row:
        return Fault("no_text", f"'{column}' is no string but {repr(value)[:40]}")
    fields = ", ".join(map(str, row)) or "none"
    return Fault("no_text", f"there is no field '{column}', there are {fields}", "give --field")


@cache
def _standards() -> dict[str, Standard]:
    """Return what is asked of each form's text; under "", of text whose form is not known."""
    prompts = Prompts()
    banned, instructions = banned_phrases(prompts), instruction_runs(prompts)
    asked = {"": Standard(banned, instructions=instructions)}
    for name in plugin_names(Form):
        form = plugin_class(Form, name, "forms")  # type: ignore[type-abstract]
        asked[name] = Standard(
            banned,
            instructions=instructions,
            quotes_in_marks=form.quotes_in_marks,
            plain=form.plain,
        )
    return asked


def _standard(form: str) -> Standard:
    return _standards().get(form, _standards()[""])


def _stored(rows: object, text: str, parsed: list[Span], scheme: Scheme) -> list[Span]:
    """Return the spans that are stored beside a text.

    Raises:
        ValueError: They are no spans, or do not say what the tags say.
    """
    try:
        places = _SPANS.validate_python(rows)
    except ValidationError as error:
        fault = error.errors()[0]
        where = " ".join(f"span {part}" if isinstance(part, int) else part for part in fault["loc"])
        raise ValueError(f"{where or 'spans'}: {fault['msg']}") from error
    last = 0
    for number, place in enumerate(places):
        if not last <= place.start < place.end <= len(text):
            raise ValueError(
                f"span {number} covers {place.start} to {place.end}; it must begin at {last} or "
                f"later, hold something, and end by {len(text)}"
            )
        last = place.end
    spans = restore(text, places)
    shown = project(spans, scheme)
    if shown != parsed or store(spans, scheme).text != text:
        raise ValueError(_difference(shown, parsed, scheme))
    return spans


def _difference(shown: list[Span], parsed: list[Span], scheme: Scheme) -> str:
    said = f"under scheme '{scheme.name}' the spans do not say what the tags say"
    for one, other in zip(shown, parsed, strict=False):
        if one != other:
            return (
                f"{said}: '{one.voice}' {one.text[:40]!r} in the spans, "
                f"'{other.voice}' {other.text[:40]!r} in the tags"
            )
    return f"{said}: {len(shown)} stretches in the spans, {len(parsed)} in the tags"
