"""Units: what one worker takes, and the manifest that says one is finished."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

# Nothing that a file is called may lead out of the corpus folder, or into a unit's own.
_MISLEADING = re.compile(r"\.{0,2}|\d+\+\d+")
_LONGEST_SEGMENT = 150


def file_folder(source: str, path: str) -> str:
    """Return the folder of a source file's units, below ``units/`` and ``ledger/``."""
    return "/".join([source, *map(_segment, path.split("/"))])


def _segment(name: str) -> str:
    """Return a part of a path as a folder's name; no two parts have the same."""
    if "%" in name or _MISLEADING.fullmatch(name):
        name = "%" + name.replace("%", "%25").replace(".", "%2E").replace("+", "%2B")
    if len(name.encode()) <= _LONGEST_SEGMENT:
        return name
    kept = name.encode()[: _LONGEST_SEGMENT - 65].decode(errors="ignore")
    return f"{kept}%{hashlib.sha256(name.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source.

    Attributes:
        source: The source's name in the recipe.
        name: Path below the fixed part of the source's URL; stable when the whole is moved.
        url: Where to open it.
        bytes: Its size.
        stamp: Changes when the file does: size and modification time, or the store's ETag.
        changed: Changes also if the file is replaced by one of its size and date; "" where nobody
            can say. It holds here and now, and decides nothing but whether the file has changed.
        members: The files that it stands for, if one unit is to hold many small ones.
    """

    source: str
    name: str
    url: str
    bytes: int
    stamp: str
    changed: str = ""
    members: tuple["SourceFile", ...] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """A range of one source file's own order.

    Attributes:
        file: The file it is a range of.
        first: 0-based number of its first row.
        rows: How many rows it holds.
        begin: Number of the row from which the file can be read on, at or before ``first``.
        offset: Where that row lies, in the format's own measure, such as bytes; 0 is the start.
    """

    file: SourceFile
    first: int
    rows: int
    begin: int = 0
    offset: int = 0

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files that its rows come from: many where each row is a file of its own."""
        return self.file.members[self.first : self.first + self.rows] or (self.file,)

    @property
    def name(self) -> str:
        """``source/file:first+rows``."""
        return f"{self.file.source}/{self.file.name}:{self.first}+{self.rows}"

    @property
    def folder(self) -> str:
        """Where it lies below ``units/`` and ``ledger/``."""
        return f"{file_folder(self.file.source, self.file.name)}/{self.first}+{self.rows}"


class StoredFile(BaseModel):
    """A file beside a manifest, and how to tell that it is whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str
    bytes: int
    rows: int


class QuestionCost(BaseModel):
    """What one kind of question cost in one unit.

    ``asked`` were put to an engine by the run that finished the unit, ``remembered`` came from
    the ledger; tokens and seconds count both, since they are what the answers cost when they
    were given. ``kept`` are the tokens, of those written, that stand in accepted documents. ``by``
    counts answers by who gave them.
    """

    model_config = ConfigDict(extra="forbid")

    asked: int = 0
    remembered: int = 0
    read: int = 0
    cached: int = 0
    written: int = 0
    thought: int = 0
    kept: int = 0
    seconds: float = 0.0
    by: dict[str, int] = {}


class UnitManifest(BaseModel):
    """Written last: a unit is finished when this file says so.

    Attributes:
        format: Of this file.
        unit: The unit's name.
        fingerprint: Digest of all that the unit depends on.
        depends: The parts of the fingerprint by name, so that a difference can be named.
        rows: Rows of the source file.
        documents: Documents made of them; more than rows where long ones were split.
        outcomes: Documents by outcome, then by reason.
        files: The files beside this one.
        questions: Cost by question.
        answers: Digest of the keys of all answers that were used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    unit: str
    fingerprint: str
    depends: dict[str, str]
    rows: int
    documents: int
    outcomes: dict[str, dict[str, int]]
    files: tuple[StoredFile, ...] = ()
    questions: dict[str, QuestionCost]
    answers: str


class UnitResult(BaseModel):
    """What a worker reports of a unit.

    Attributes:
        unit: The unit's name.
        manifest: What was written, or None if documents still wait for answers.
        documents: Documents by outcome, then by reason, the waiting ones as ``pending``.
        resumed: Whether it was finished before and nothing had to be done.
        changed: How its file differs from what was planned, so that it must be planned again; "" if
            it does not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str
    manifest: UnitManifest | None
    documents: dict[str, dict[str, int]]
    resumed: bool = False
    changed: str = ""


class StageManifest(BaseModel):
    """Written last beside the tables of a stage that covers the whole corpus."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    stage: str
    fingerprint: str
    files: tuple[StoredFile, ...]
    figures: dict[str, Any] = {}


class PlannedUnit(BaseModel):
    """A unit as the plan lists it.

    Attributes:
        source: Its source's name.
        path: Its file's name.
        stamp: Its file's stamp.
        first: 0-based number of its first row.
        rows: How many rows it holds.
        begin: Number of the row from which the file can be read on.
        offset: Where that row lies.
        digest: Of the rows that were planned: file, stamp, range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    path: str
    stamp: str
    first: int
    rows: int
    begin: int
    offset: int
    digest: str

    @property
    def name(self) -> str:
        """The unit's name."""
        return f"{self.source}/{self.path}:{self.first}+{self.rows}"

    @property
    def folder(self) -> str:
        """Where it lies below ``units/`` and ``ledger/``."""
        return f"{file_folder(self.source, self.path)}/{self.first}+{self.rows}"


class Plan(BaseModel):
    """What the newest build set out to do; ``status`` counts against it.

    Attributes:
        format: Of this file.
        corpus: The corpus's name.
        started: When the build was started.
        unit_rows: How many rows a unit was to hold.
        depends: Digests of what every unit depends on; a unit made otherwise is yet to be replayed.
        sources: The same of each source, by name.
        whole: The sources of which every row was planned, none being left out by a cap.
        forms: The weights of the forms, as the recipe has them.
        units: In the order in which they are worked on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[4] = 4
    corpus: str
    started: str
    unit_rows: int
    depends: dict[str, str]
    sources: dict[str, str]
    whole: tuple[str, ...]
    forms: dict[str, float]
    units: tuple[PlannedUnit, ...]
