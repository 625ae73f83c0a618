"""How fast voices are: escape, render and parse against a floor, and whether they stay linear.

The floor is one ``str.encode("utf-8")`` and one ``str.count("<")`` over the same text: no program
does less that writes text and looks for tags. Ratios are medians of alternated runs within this
process. ``--json`` prints the same as JSON.
"""

import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

from pipeline.voices.escape import escape
from pipeline.voices.parse import parse
from pipeline.voices.render import render
from pipeline.voices.scheme import working_scheme
from schemas.document import Span, Voice
from tests.bench.tables import show

RUNS = 9
SCHEME = working_scheme()
PROSE = {
    "English": "The harbour master wrote that the tide would turn, and nobody believed him. ",
    "English, typeset": "“The tide,” wrote the harbour master, “turns” – and nobody believed it. ",
    "English, R&D": "The harbour master of Q&A wrote to R&D that the tide would turn. ",
    "German": "Der Hafenmeister schrieb, dass die Flut kippen würde, und niemand glaubte es. ",
    "Russian": "Начальник порта написал, что прилив повернёт в четыре, и никто ему не поверил. ",
    "Chinese": "港务长写道，潮水将在四点钟转向，码头上没有人相信他，因为他从来没有说对过一次。",
}
SHAPES = {
    "a million <": "<",
    "nested brackets": "<<a>",
    "&amp; in a row": "&amp;",
    "&amp;amp;… as one": "amp;",
    "&lt; in a row": "&lt;",
    "open tags": "<AI ",
    "tags": "<AI>",
    "tags split by markup": "<A<b></b>I>",
    "nearly tags": "<A<b>",
    "backslashes": "<\\",
    "wide brackets": "‹",
    "entities for nothing": "<&zwj;",
    "white space": "< \n",
    "comments left open": "<A<!--",
    "a name and underscores": "_",
    "HTML": "<p class='x'>A word &amp; a <a href='y'>link</a>.</p>\n",
}
WAYS: dict[str, Callable[[str], object]] = {
    "escape": lambda text: escape(text, SCHEME),
    "render": lambda text: render([Span(Voice.HUMAN, text)], SCHEME),
    "parse": lambda text: parse(text, SCHEME),
}


def floor(text: str) -> object:
    """Do the least that can be done with a text."""
    return text.encode("utf-8"), text.count("<")


def seconds(do: Callable[[str], object], text: str) -> float:
    """Return how long one call takes."""
    begun = time.perf_counter()
    do(text)
    return time.perf_counter() - begun


def of_size(unit: str, chars: int) -> str:
    """Return ``unit`` repeated; paragraphs of about a thousand characters."""
    paragraph = unit * max(1, 1000 // len(unit)) + "\n\n"
    return paragraph * (chars // len(paragraph))


def ratios() -> Iterator[dict[str, object]]:
    """Yield, for each kind of prose, ratios to the floor and megabytes a second."""
    for name, unit in PROSE.items():
        yield _against_floor(name, of_size(unit, 10_000_000))


def lengths() -> Iterator[dict[str, object]]:
    """Yield the same for one kind of prose at several lengths: equal ratios are linear growth."""
    for chars in (1_000_000, 5_000_000, 25_000_000, 50_000_000):
        yield _against_floor("English", of_size(PROSE["English"], chars))


def _against_floor(name: str, text: str) -> dict[str, object]:
    megabytes = len(text.encode()) / 1e6
    taken: dict[str, list[float]] = {way: [] for way in ("floor", *WAYS)}
    for _ in range(RUNS):
        for way, do in {"floor": floor, **WAYS}.items():
            taken[way].append(seconds(do, text))
    least = statistics.median(taken["floor"])
    row: dict[str, object] = {"text": name, "MB": round(megabytes, 1)}
    for way in WAYS:
        median = statistics.median(taken[way])
        row[f"{way} × floor"] = round(median / least, 2)
        row[f"{way} MB/s"] = round(megabytes / median)
    return row


def shapes() -> Iterator[dict[str, object]]:
    """Yield how time grows with length on hard input: exponent 1 is linear, 2 is quadratic."""
    sizes = (250_000, 500_000, 1_000_000)
    for name, unit in SHAPES.items():
        row: dict[str, object] = {"text": name, "characters": sizes[-1]}
        for way, do in WAYS.items():
            times = [_typical(do, name, unit, size) for size in sizes]
            row[f"{way} exponent"] = round(np.polyfit(np.log(sizes), np.log(times), 1)[0], 2)
            row[f"{way} ns a character"] = round(times[-1] / sizes[-1] * 1e9, 1)
        yield row


def _typical(do: Callable[[str], object], name: str, unit: str, size: int) -> float:
    text = unit * (size // len(unit))
    # One beginning before a run makes one entity, or one name, of it all.
    text = f"&{text}" if "as one" in name else text
    text = f"<AI{text}x" if "underscores" in name else text
    if do is WAYS["parse"]:
        # Parsing ends at the first thing that only looks like a tag; escaped, it reads to the end.
        text = escape(text, SCHEME)
    return statistics.median(seconds(do, text) for _ in range(3))


def main() -> None:
    """Measure and print."""
    found = {"prose": list(ratios()), "lengths": list(lengths()), "shapes": list(shapes())}
    show(found)


if __name__ == "__main__":
    main()
