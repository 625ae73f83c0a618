"""What a corpus shows, and what it does not, as tables for people."""

from typing import Any

from rich.table import Table

from flows.said import counted
from flows.tables import add_row, titled_table
from pipeline.corpus.acts import Commentary
from pipeline.corpus.coverage import REWRITTEN_TARGET, Coverage
from pipeline.corpus.juries import Juries
from pipeline.corpus.stops import HAZARDS, POSITIONS, VOICES, Stops
from pipeline.voices.reach import Met

_NOTHING = "·"
_SHORT = {"beginning": "begin"}
_WHERE = {
    Met.BEFORE_OR_AROUND: "before or around",
    Met.ONLY_AFTER: "only after",
    Met.NONE: "nowhere near",
}


def coverage_lines(coverage: Coverage) -> list[Any]:
    """Return forms against their targets, the matrix of stops, and how acts are met."""
    if not coverage.accepted:
        read = counted(coverage.documents, "document")
        said = f"none of {read} in finished units is accepted, so nothing is covered yet"
        return [_form_table(coverage), said]
    return [
        _form_table(coverage),
        _rewritten(coverage),
        "",
        _stop_table(coverage.stops),
        *_stop_lines(coverage.stops),
        "",
        _act_table(coverage.commentary),
        *_act_lines(coverage.commentary),
        *_jury_lines(coverage.juries),
    ]


def _form_table(coverage: Coverage) -> Table:
    columns = [
        ("form", False),
        ("target", True),
        ("drew it", True),
        ("accepted", True),
        ("of accepted", True),
    ]
    table = titled_table("forms", columns)
    for one in coverage.forms:
        numbers = (f"{one.drawn:,}", f"{one.accepted:,}", _percent(one.share))
        add_row(table, one.form, _percent(one.target), *numbers)
    return table


def _rewritten(coverage: Coverage) -> str:
    return (
        f"rewritten: {coverage.rewritten:,} of {counted(coverage.accepted, 'accepted document')}, "
        f"{_percent(coverage.rewritten_share)}; the target is {_percent(REWRITTEN_TARGET)}"
    )


def _stop_table(stops: Stops) -> Table:
    columns = [("hazard", False), *((name, True) for voice in VOICES for name in _heads(voice))]
    table = titled_table("where the AI ends something, by whose words and in which third", columns)
    # Counts of six digits still fit into a hundred columns.
    table.padding = (0, 0, 0, 1)
    for hazard in HAZARDS:
        counts = (stops.cells[hazard, voice, place] for voice in VOICES for place in POSITIONS)
        add_row(table, hazard, *(f"{count:,}" if count else _NOTHING for count in counts))
    return table


def _heads(voice: str) -> list[str]:
    """Return the heads of a voice's columns; it stands above the first, its words in two lines."""
    first, _, second = voice.rpartition("_")
    above = [f"{first}\n{second}", *["\n"] * (len(POSITIONS) - 1)]
    names = (_SHORT.get(position, position) for position in POSITIONS)
    return [f"{head}\n{name}" for head, name in zip(above, names, strict=True)]


def _stop_lines(stops: Stops) -> list[str]:
    lines = [f"{len(stops.cells)} cells, {stops.empty} empty"]
    if stops.outside:
        lines.append(f"{counted(stops.outside, 'stop')} of another hazard or voice not shown")
    own = f"{counted(stops.ai, 'time')}, in {counted(stops.ai_documents, 'document')}"
    share = f"{_percent(stops.ai_share)} of its {counted(stops.ai_spans, 'span')}"
    lines.append(f"the AI stops itself {own}: {share}" if stops.ai_spans else "the AI says nothing")
    return lines


def _act_table(commentary: Commentary) -> Table:
    columns = [("the AI speaks", False), ("acts", True), ("share", True)]
    table = titled_table("acts that the screening found", columns)
    for where, said in _WHERE.items():
        count = commentary.met.get(where, 0)
        share = count / commentary.acts if commentary.acts else None
        add_row(table, said, f"{count:,}", _percent(share))
    return table


def _act_lines(commentary: Commentary) -> list[str]:
    lines: list[str] = []
    if commentary.acts:
        low, high = (_percent(bound) for bound in commentary.interval)
        lines.append(
            f"met in time: {commentary.covered:,} of {counted(commentary.acts, 'act')}, "
            f"{_percent(commentary.share)} (95 % interval {low} to {high})"
        )
    if commentary.disputed:
        lines.append(f"disputed by their writers, and not counted: {commentary.disputed:,}")
    return lines


def _jury_lines(juries: Juries) -> list[Any]:
    if not juries.documents:
        return []
    table = titled_table(
        "put to the jury", [("because of, or ended as", False), ("documents", True)]
    )
    for reason, count in juries.documents.items():
        add_row(table, reason.replace("_", " "), f"{count:,}")
    lines: list[Any] = ["", table, f"all jurors agreed on {_percent(juries.agreement)} of them"]
    drawn = counted(juries.control, "document")
    if juries.correlation is None or juries.effective is None:
        return [*lines, f"drawn by chance: {drawn}, too few to tell how far jurors err together"]
    worth = f"{juries.effective:.1f} of {juries.jurors} votes"
    said = f"by {drawn} drawn by chance, jurors correlate with φ {juries.correlation:.2f}"
    return [*lines, f"{said}: they are worth {worth}"]


def _percent(share: float | None) -> str:
    return _NOTHING if share is None else f"{100 * share:.1f} %"
