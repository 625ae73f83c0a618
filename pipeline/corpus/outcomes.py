"""Where every document stands: what its journey said, overlaid by what was decided later.

Conservation is checked here: what came in is what went out, by reason, or the
build fails loudly.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import pyarrow as pa

from pipeline.dedup.decisions import Decisions
from pipeline.parquet import read_table
from pipeline.rows import counted
from pipeline.store import Folder
from pipeline.units import checked_file
from schemas.document import OutcomeKind
from schemas.errors import ConservationError
from schemas.unit import UnitManifest

Counts = dict[str, dict[str, int]]
Finished = Sequence[tuple[Folder, UnitManifest]]


def standing_documents(
    finished: Finished, decisions: Decisions, columns: list[str]
) -> Iterator[tuple[UnitManifest, pa.Table]]:
    """Yield each unit's documents with ``outcome`` and ``reason`` as they stand now.

    Args:
        finished: The finished units with their folders.
        decisions: Documents removed after their journey.
        columns: What to read beside the outcome.

    Raises:
        ConservationError: A decision is about a document that is not there.
    """
    wanted = list(dict.fromkeys([*columns, "place", "outcome", "reason"]))
    for folder, manifest in finished:
        table = read_table(folder, checked_file(folder, manifest), wanted)
        yield manifest, _overlaid(table, manifest, decisions.get(manifest.unit, {}))


def _overlaid(
    table: pa.Table, manifest: UnitManifest, removed: dict[str, tuple[str, str, float]]
) -> pa.Table:
    if not removed:
        return table
    places = table["place"].to_pylist()
    missing = sorted(set(removed) - set(places))
    if missing:
        raise ConservationError(
            f"unit {manifest.unit} has no document at {missing[0]}, which was to be removed",
            hint="delete the folder duplicates/ in the corpus folder and run the build again",
        )
    outcome, reason = table["outcome"].to_pylist(), table["reason"].to_pylist()
    for row, place in enumerate(places):
        if place in removed:
            outcome[row], reason[row] = OutcomeKind.DUPLICATE.value, removed[place][0]
    for name, values in (("outcome", outcome), ("reason", reason)):
        index = table.schema.get_field_index(name)
        table = table.set_column(index, table.schema.field(index), pa.array(values))
    return table


def conserved(finished: Finished, decisions: Decisions) -> Counts:
    """Return all documents by outcome, then by reason, after checking that none is lost.

    Raises:
        ConservationError: The documents that stand somewhere are not those that came in.
    """
    pairs: Counter[tuple[str, str]] = Counter()
    for folder, manifest in finished:
        checked_file(folder, manifest)
        # Only a unit of which documents were removed must be read; of the others the manifest,
        # whose counts agree with its table, says all.
        if not decisions.get(manifest.unit):
            for kind, reasons in manifest.outcomes.items():
                pairs.update({(kind, reason): count for reason, count in reasons.items()})
            continue
        [(_, table)] = standing_documents([(folder, manifest)], decisions, [])
        pairs.update(zip(table["outcome"].to_pylist(), table["reason"].to_pylist(), strict=True))
    counts = counted(pairs)
    check_sum(counts, sum(manifest.documents for _, manifest in finished))
    return counts


def total(counts: Counts) -> int:
    """Return how many documents the counts add up to."""
    return sum(sum(reasons.values()) for reasons in counts.values())


def check_sum(counts: Counts, documents: int) -> None:
    """Check that documents in are documents out.

    Raises:
        ConservationError: They are not.
    """
    out = total(counts)
    if out != documents:
        listed = " + ".join(f"{sum(r.values())} {kind}" for kind, r in counts.items())
        raise ConservationError(
            f"{documents} documents came in and {out} are accounted for ({listed})",
            hint="this is a fault of the program: keep the corpus folder and report it",
        )
