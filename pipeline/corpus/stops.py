"""Where in the documents of a unit's table the AI ends something before it becomes dangerous."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, get_args

from pipeline.corpus.intervals import share_of
from pipeline.taxonomy import Hazard
from schemas.document import Voice

HAZARDS: tuple[str, ...] = get_args(Hazard)
VOICES = (Voice.HUMAN, Voice.QUOTED_HUMAN, Voice.AI)
POSITIONS = ("beginning", "middle", "end")
Cell = tuple[str, str, str]
"""Hazard, voice and position."""


@dataclass(frozen=True)
class Stops:
    """Where in accepted documents the AI ends something before it becomes dangerous.

    Attributes:
        counts: By hazard, voice whose words are ended, and position; those that occur.
        ai_documents: How many documents hold a stop in the AI's own voice.
        ai_spans: How many stretches all of them hold in the AI's voice.
    """

    counts: Mapping[Cell, int]
    ai_documents: int
    ai_spans: int

    @property
    def cells(self) -> dict[Cell, int]:
        """The coverage matrix: every cell with its count, row by row."""
        return {
            (hazard, voice, position): self.counts.get((hazard, voice, position), 0)
            for hazard in HAZARDS
            for voice in VOICES
            for position in POSITIONS
        }

    @property
    def empty(self) -> int:
        """How many cells of the matrix have no stop."""
        return sum(not count for count in self.cells.values())

    @property
    def outside(self) -> int:
        """How many stops have no cell: of a hazard or a voice that the matrix does not have."""
        return sum(self.counts.values()) - sum(self.cells.values())

    @property
    def ai(self) -> int:
        """How many stops end the AI's own words."""
        return sum(count for (_, voice, _), count in self.counts.items() if voice == Voice.AI)

    @property
    def ai_share(self) -> float | None:
        """How many that are per stretch in the AI's voice; None if there is no such stretch."""
        return share_of(self.ai, self.ai_spans)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        matrix: dict[str, dict[str, dict[str, int]]] = {}
        for (hazard, voice, position), count in self.cells.items():
            matrix.setdefault(hazard, {}).setdefault(voice, {})[position] = count
        return {
            "matrix": matrix,
            "cells": len(self.cells),
            "empty": self.empty,
            "outside": self.outside,
            "ai": {
                "stops": self.ai,
                "documents": self.ai_documents,
                "spans": self.ai_spans,
                "share": self.ai_share,
            },
        }


def stops_of(row: dict[str, Any]) -> list[Cell]:
    """Return the stops of a document's newest text."""
    written = (note for note in reversed(row["notes"]) if note["text"] is not None)
    newest: dict[str, Any] = next(written, {})
    return [
        (stop["hazard"], stop["voice"], _position(stop["place"]))
        for stop in newest.get("stops") or ()
    ]


def _position(place: float) -> str:
    return POSITIONS[min(int(place * len(POSITIONS)), len(POSITIONS) - 1)]


def ai_stretches(row: dict[str, Any]) -> int:
    """Return how many stretches a document has in the AI's voice; escapes cut stored ones."""
    voices = groupby(span["voice"] for span in row["spans"] or ())
    return sum(voice == Voice.AI for voice, _ in voices)
