"""Units: planned from the sources, finished when their manifest says so."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from sys import maxsize

from pydantic import ValidationError

from pipeline.parquet import read_table, table_of, write_table
from pipeline.reading.files import DamageError, listing, place
from pipeline.sources import Source
from pipeline.store import Folder
from pipeline.trust import check_trusted
from pipeline.workshop import Workshop
from schemas.document import Document
from schemas.errors import ConservationError, CorruptError, SourceError, nearest
from schemas.exchange import canonical, sha256
from schemas.recipe import SourceSection
from schemas.tables import UNIT
from schemas.unit import SourceFile, StoredFile, Unit, UnitManifest

DOCUMENTS = "documents.parquet"
MANIFEST = "manifest.json"
# How many files of a source are looked at before any work is done.
_LOOKED_AT = 10


Cuts = Mapping[tuple[str, str, str], Sequence[tuple[int, int, int, int]]]
"""Units of files that were cut before: (first, rows, begin, offset) by source, name and stamp."""


def planned_units(
    workshop: Workshop, tell: Callable[[str], None] = lambda _: None, known: Cuts | None = None
) -> Iterator[Unit]:
    """Yield every unit of every source, the sources by priority.

    Args:
        workshop: The opened recipe.
        tell: Told which files of a source's folder are not read.
        known: How files were cut before, which are not read again for it.

    Raises:
        SourceError: A source names no file, or one that it does not trust.
    """
    for section in workshop.recipe.sources:
        yield from _capped(_units_of(workshop, section, tell, known or {}), section.cap)


def check_sources(workshop: Workshop) -> None:
    """Check, before any work is done, that every source has files, and they the fields it names.

    Raises:
        SourceError: One has not, cannot be reached, or is not to be trusted.
    """
    for section in workshop.recipe.sources:
        source = workshop.sources[section.name]
        files = listing(section, source.endings).files
        gathered = islice(source.gathered(files, workshop.recipe.corpus.unit_rows), _LOOKED_AT)
        looked_at = list(gathered)
        for file in looked_at:
            check_trusted(section, file)
        _check_fields(section, source, looked_at)


def _check_fields(section: SourceSection, source: Source, files: Sequence[SourceFile]) -> None:
    """Check that a field which the recipe names is in one of the files at least.

    A misspelt license would be taken for none, and be filled in from `metadata`.
    """
    there: dict[str, None] = {}
    for file in files:
        with suppress(DamageError):
            there.update(dict.fromkeys(source.names(file) or ()))
    wanted = ({"text": "text"} if source.has_columns else {}) | section.fields
    for ours, theirs in wanted.items():
        if there and theirs not in there:
            raise SourceError(
                f"source '{section.name}' takes `{ours}` from '{theirs}', which {place(files[0])} "
                "does not have",
                hint=f"mend `fields` under [[source]]: {nearest(theirs, list(there))}",
            )


def _units_of(
    workshop: Workshop, section: SourceSection, tell: Callable[[str], None], known: Cuts
) -> Iterator[Unit]:
    source = workshop.sources[section.name]
    found = listing(section, source.endings)
    if found.others:
        names = ", ".join(found.others[:3]) + (", …" if len(found.others) > 3 else "")
        count = f"{len(found.others):,} files" if len(found.others) > 1 else "1 file"
        tell(f"source '{section.name}': {count} of other kinds not read: {names}")
    for file in source.gathered(found.files, workshop.recipe.corpus.unit_rows):
        check_trusted(section, file)
        cuts = known.get((section.name, file.name, file.stamp))
        if cuts:
            yield from (Unit(file, *cut) for cut in cuts)
        else:
            yield from source.units(file, workshop.recipe.corpus.unit_rows)


def _capped(units: Iterator[Unit], cap: int | None) -> Iterator[Unit]:
    """Yield units until they hold ``cap`` rows; the last one may be cut short."""
    room = maxsize if cap is None else cap
    for unit in units:
        yield unit if unit.rows <= room else replace(unit, rows=room)
        room -= unit.rows
        if room <= 0:
            return


def unit_documents(workshop: Workshop, unit: Unit) -> Iterator[Document]:
    """Yield a unit's documents, in order, as they come through the door.

    Raises:
        ConservationError: The file does not give as many rows as were planned.
        ChangedError: The file is not what was planned.
        SourceError: The store cannot be reached.
    """
    found = 0
    name = unit.file.source
    check_trusted(workshop.source_section(name), unit.file)
    for row in workshop.sources[name].rows(unit):
        found += 1
        for document in workshop.doors[name].documents(row, unit.file):
            yield workshop.gates[name].judged(document)
    if found != unit.rows:
        raise ConservationError(
            f"unit {unit.name} was planned with {unit.rows} rows, its file gives {found}",
            hint="run the same command again, which plans it anew; if it stays so, the file or the "
            "source that reads it is at fault",
        )


def unit_depends(
    workshop: Workshop,
    unit: Unit,
    duplicates: dict[str, tuple[str, str, float]],
    retries: dict[str, int],
) -> dict[str, str]:
    """Return digests, by name, of all that a unit's rows depend on.

    Args:
        workshop: The opened recipe.
        unit: The unit.
        duplicates: Its documents that are not to be worked on: (reason, twin, similarity) by place.
        retries: How often documents of it were to be tried again, by place.
    """
    depends = workshop.depends | {
        "file": rows_digest(unit),
        "source": workshop.depends_of_source(unit.file.source),
        "duplicates": sha256(canonical(duplicates)),
    }
    return depends | retries_digest(retries)


def retries_digest(retries: dict[str, int]) -> dict[str, str]:
    """Return the digest of what is to be tried again in a unit, as a part of its fingerprint."""
    return {"retries": sha256(canonical(retries))} if retries else {}


def rows_digest(unit: Unit) -> str:
    """Return a digest of which rows of which state of its file a unit holds."""
    return sha256(unit.file.name, unit.file.stamp, str(unit.first), str(unit.rows))


def unit_fingerprint(depends: dict[str, str]) -> str:
    """Return the one digest of a unit's dependencies."""
    return sha256(canonical(depends))


def finished(folder: Folder, fingerprint: str) -> UnitManifest | None:
    """Return the manifest of a finished unit, or None if it is unfinished or made otherwise.

    Raises:
        CorruptError: The manifest is not one, or names a file that is missing or changed.
    """
    manifest = unit_manifest(folder)
    if manifest is None or manifest.fingerprint != fingerprint:
        return None
    for file in manifest.files:
        read_table(folder, file, columns=["id"])
    return manifest


def unit_manifest(folder: Folder) -> UnitManifest | None:
    """Return the manifest in a unit's folder, or None if there is none.

    Raises:
        CorruptError: The file is not a manifest.
    """
    data = folder.read(MANIFEST)
    if data is None:
        return None
    try:
        return UnitManifest.model_validate_json(data)
    except ValidationError as error:
        raise CorruptError(
            f"{folder}/{MANIFEST} is not a unit's manifest",
            hint="delete that folder and run the build again; its answers are in the ledger",
        ) from error


def write_unit(
    folder: Folder, rows: Sequence[dict[str, object]], manifest: UnitManifest
) -> UnitManifest:
    """Write a unit's table and then, last, its manifest, which is returned with the table in it.

    Raises:
        StorageError: The folder cannot be written; nothing claims that the unit is finished.
    """
    file = write_table(folder, DOCUMENTS, table_of(list(rows), UNIT))
    manifest = manifest.model_copy(update={"files": (file,)})
    folder.write(MANIFEST, (json.dumps(manifest.model_dump(), indent=1) + "\n").encode())
    return manifest


def checked_file(folder: Folder, manifest: UnitManifest) -> StoredFile:
    """Return the unit's table as its manifest names it, after checking that the counts add up.

    Raises:
        ConservationError: Outcomes do not add up to the documents, or rows to either.
    """
    if not manifest.files:
        raise CorruptError(
            f"the manifest of unit {manifest.unit} names no table",
            hint=f"delete {folder} and run `prealign build` again; its answers are in the ledger",
        )
    file = manifest.files[0]
    total = sum(sum(reasons.values()) for reasons in manifest.outcomes.values())
    if not file.rows == manifest.documents == total:
        raise ConservationError(
            f"unit {manifest.unit} holds {file.rows} documents, its manifest counts "
            f"{manifest.documents}, and its outcomes add up to {total}",
            hint=f"delete {folder} and run `prealign build` again; its answers are in the ledger",
        )
    return file
