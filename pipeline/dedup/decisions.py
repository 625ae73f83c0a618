"""Which documents go as duplicates: decided over the whole corpus, kept as a table.

Decided twice: over sources, before anything is paid for, and over outputs,
before publishing.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow.compute as pc
from pydantic import ValidationError

from pipeline.dedup.greedy import Candidate, compared, removals
from pipeline.parquet import read_table, table_of, write_table
from pipeline.plugins import code_digest
from pipeline.store import Folder
from pipeline.units import checked_file, unit_documents
from pipeline.workshop import Workshop
from schemas.document import Document
from schemas.exchange import canonical, sha256
from schemas.tables import DUPLICATES
from schemas.unit import StageManifest, Unit, UnitManifest

Decisions = dict[str, dict[str, tuple[str, str, float]]]
"""By unit, then by place: (reason, twin, similarity)."""

_TABLE = "decisions.parquet"
_MANIFEST = "manifest.json"


def source_duplicates(
    workshop: Workshop,
    units: Sequence[Unit],
    published: frozenset[str],
    advance: Callable[[int], None] = lambda _: None,
) -> Decisions:
    """Return which source documents are not worth rewriting, or cannot be told apart by id.

    Args:
        workshop: The opened recipe.
        units: All units, in the recipe's order.
        published: Source ids that the newest version holds; they stay before others.
        advance: Told of how many more rows were read.

    Raises:
        StorageError: The corpus folder cannot be written.
    """
    fingerprint = sha256(
        _settings(workshop, published),
        str(workshop.recipe.corpus.max_document_tokens),
        workshop.depends["code"],
        *(f"{unit.name} {unit.file.stamp}" for unit in units),
        *(workshop.depends_of_source(name) for name in workshop.sources),
    )

    def decide() -> Iterator[dict[str, object]]:
        order = [section.name for section in workshop.recipe.sources]
        seen: dict[str, str] = {}
        candidates: list[Candidate] = []
        for unit in units:
            for document in unit_documents(workshop, unit):
                if document.settled:
                    continue
                here = _row_place(document)
                # A part's id may be the own id of another row.
                first = seen.setdefault(document.source_id, here)
                if first == here:
                    first = seen.setdefault(document.id, here)
                if first != here:
                    yield _row(document.id, document.place, unit.name, first, 1.0, "id_taken")
                    continue
                candidates.append(
                    Candidate(
                        document.source_id not in published,
                        order.index(unit.file.source),
                        0.0,
                        document.id,
                        document.place,
                        unit.name,
                        *compared("".join(span.text for span in document.spans)),
                    )
                )
            advance(unit.rows)
        yield from _removed(candidates, workshop, "source")

    folder = workshop.corpus / "duplicates" / "source"
    return _decided(folder, fingerprint, "", decide)


def output_duplicates(
    workshop: Workshop,
    manifests: Sequence[tuple[Folder, UnitManifest]],
    published: frozenset[str],
    advance: Callable[[int], None] = lambda _: None,
) -> Decisions:
    """Return which accepted documents have become too much alike.

    Args:
        workshop: The opened recipe.
        manifests: Every finished unit with its folder, in the recipe's order.
        published: Source ids that the newest version holds.
        advance: Told of how many more documents were read.

    Raises:
        CorruptError: A unit's table is missing or changed.
        ConservationError: A unit's counts do not add up.
    """
    about = _about([manifest for _, manifest in manifests])
    fingerprint = sha256(_settings(workshop, published), about)

    def decide() -> Iterator[dict[str, object]]:
        order = [section.name for section in workshop.recipe.sources]
        candidates: list[Candidate] = []
        for folder, manifest in manifests:
            candidates += [
                Candidate(
                    row["source_id"] not in published,
                    order.index(manifest.unit.partition("/")[0]),
                    1.0 - (row["quality"] or 0.0),
                    row["id"],
                    row["place"],
                    manifest.unit,
                    *compared(clean_text(row["text"], row["spans"])),
                )
                for row in _accepted(folder, manifest)
            ]
            advance(manifest.documents)
        yield from _removed(candidates, workshop, "output")

    folder = workshop.corpus / "duplicates" / "output"
    return _decided(folder, fingerprint, about, decide)


def _row_place(document: Document) -> str:
    """Return where the row stands that a document, whole or a part, came from."""
    mark = "" if document.part is None else f"#{document.part}"
    return document.place.removesuffix(mark)


def clean_text(text: str, spans: Sequence[dict[str, Any]]) -> str:
    """Return a stored row's text without tags and escapes, which lie in the gaps of its spans."""
    return "".join(text[span["start"] : span["end"]] for span in spans)


def _accepted(folder: Folder, manifest: UnitManifest) -> list[dict[str, Any]]:
    columns = ["id", "place", "source_id", "text", "spans", "quality", "outcome"]
    table = read_table(folder, checked_file(folder, manifest), columns)
    return table.filter(pc.field("outcome") == "accepted").to_pylist()  # type: ignore[no-any-return]


def _settings(workshop: Workshop, published: frozenset[str]) -> str:
    settings = workshop.recipe.dedup.model_dump(mode="json")
    return sha256(canonical(settings), code_digest("pipeline.dedup"), *sorted(published))


def _removed(
    candidates: Sequence[Candidate], workshop: Workshop, reason: str
) -> Iterator[dict[str, object]]:
    for removal in removals(candidates, workshop.recipe.dedup):
        gone = removal.removed
        yield _row(
            gone.document, gone.place, gone.unit, removal.twin.document, removal.similarity, reason
        )


def _row(
    document: str, place: str, unit: str, twin: str, similarity: float, reason: str
) -> dict[str, object]:
    return {
        "document": document,
        "place": place,
        "unit": unit,
        "twin": twin,
        "similarity": similarity,
        "reason": reason,
    }


def _decided(
    folder: Folder,
    fingerprint: str,
    about: str,
    decide: Callable[[], Iterator[dict[str, object]]],
) -> Decisions:
    """Return the decisions in a folder if they were made on the same grounds, else decide."""
    manifest = _manifest(folder)
    if manifest is None or manifest.fingerprint != fingerprint:
        rows = sorted(decide(), key=lambda row: (str(row["unit"]), str(row["place"])))
        file = write_table(folder, _TABLE, table_of(rows, DUPLICATES))
        manifest = StageManifest(
            stage=folder.path.rpartition("/")[2],
            fingerprint=fingerprint,
            files=(file,),
            figures={"about": about, "removed": len(rows)},
        )
        folder.write(_MANIFEST, (json.dumps(manifest.model_dump(), indent=1) + "\n").encode())
    return _read(folder, manifest)


def output_decisions(corpus: Folder, manifests: Sequence[UnitManifest]) -> Decisions:
    """Return what was decided about the outputs of these very units; nothing if it was not yet."""
    folder = corpus / "duplicates" / "output"
    manifest = _manifest(folder)
    if manifest is None or manifest.figures.get("about") != _about(manifests):
        return {}
    return _read(folder, manifest)


def _about(manifests: Sequence[UnitManifest]) -> str:
    return sha256(*(manifest.files[0].sha256 for manifest in manifests))


def _manifest(folder: Folder) -> StageManifest | None:
    data = folder.read(_MANIFEST)
    try:
        return StageManifest.model_validate_json(data) if data else None
    except ValidationError:
        # Damaged, or of another format: it is decided again, which costs nothing but time.
        return None


def _read(folder: Folder, manifest: StageManifest) -> Decisions:
    decisions: Decisions = {}
    for row in read_table(folder, manifest.files[0]).to_pylist():
        found = (row["reason"], row["twin"], row["similarity"])
        decisions.setdefault(row["unit"], {})[row["place"]] = found
    return decisions
