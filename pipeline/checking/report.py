"""What a check has found: faults, each with a code and a place, and their counts."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        code: Stable for counting; ``pipeline/voices/lint.py`` and ``rows.py`` list them.
        what: A sentence for people, with the line and a caret where there is one.
        hint: What to do about it, or "".
        file: The file, as its path was given.
        row: Number of the row or line, counted from 1, or None if it is about the file.
        id: The row's ``id``, if it has one.
        position: Where in the text, in code points from 0, if it is about one place.
    """

    code: str
    what: str
    hint: str = ""
    file: str = ""
    row: int | None = None
    id: str | None = None
    position: int | None = None

    def at(self, file: str, row: int | None = None, id: str | None = None) -> "Fault":  # noqa: A002
        """Return the fault with its place."""
        return replace(self, file=file, row=row, id=id)

    @property
    def place(self) -> str:
        """``file:row (id)``, as far as they are known."""
        row = "" if self.row is None else f":{self.row}"
        return f"{self.file}{row}" + (f" ({self.id})" if self.id else "")


@dataclass
class Report:
    """What a check came to.

    Attributes:
        files: Files that were read.
        skipped: Files in folders that are of no kind that is read, the first twenty.
        skipped_files: How many they were.
        texts: Texts that were read.
        wrong: Texts, lines and files with a fault.
        schemes: Names of the schemes under which texts were read.
        counts: Faults by code.
        faults: The first faults of each code.
    """

    files: int = 0
    skipped: list[str] = field(default_factory=list)
    skipped_files: int = 0
    texts: int = 0
    wrong: int = 0
    schemes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)

    def add(self, faults: list[Fault], shown: int) -> None:
        """Count the faults of one text or file and keep the first ones of each code."""
        self.wrong += bool(faults)
        for fault in faults:
            self.counts[fault.code] = self.counts.get(fault.code, 0) + 1
            kept = self.faults.setdefault(fault.code, [])
            if len(kept) < shown:
                kept.append(fault)

    def skip(self, file: str) -> None:
        """Note a file that is not read."""
        self.skipped_files += 1
        if len(self.skipped) < 20:
            self.skipped.append(file)
