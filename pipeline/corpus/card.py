"""What stands beside pulled shards so that other programs can read them: a card and Croissant."""

import json
from typing import Any

from schemas.tables import PUBLISHED
from schemas.version import ShardList, VersionManifest


def shard_path(shards: ShardList, position: int) -> str:
    """Return where a pulled shard lies, by its position among the shards of its split.

    The names are those from which ``datasets`` and others read the split.
    """
    return f"data/{shards.split}-{position:05d}-of-{len(shards.shards):05d}.parquet"


def dataset_card(manifest: VersionManifest, lists: dict[str, ShardList]) -> str:
    """Return README.md: front matter that ``datasets`` reads, and a page for people."""
    configs = "\n".join(
        f"  - split: {split}\n    path: data/{split}-*.parquet" for split in sorted(lists)
    )
    tags = ", ".join(f"`{move['tag']}`" for move in manifest.scheme["moves"])
    counts = "\n".join(
        f"| {kind} | {reason} | {count} |"
        for kind, reasons in manifest.documents.items()
        for reason, count in reasons.items()
    )
    rows = "\n".join(f"| {e.split} | {e.shards} | {e.rows} | {e.bytes} |" for e in manifest.lists)
    return f"""---
configs:
- config_name: default
  data_files:
{configs}
---

# {manifest.dataset}, version {manifest.version}

Pretraining text in which an aligned AI speaks between tags. Published {manifest.created}.

| split | shards | documents | bytes |
|---|--:|--:|--:|
{rows}

`text` is tagged text in the scheme `{manifest.scheme["name"]}`; the tags are {tags}. `spans` gives
every stretch of one voice as a half-open range of code points of `text`; tags and escapes
lie in the gaps, so joining the slices gives clean text. `source_start` is where a stretch
begins in the source text; where it is null, a model wrote the stretch. `synthetic_share` and
`quality` run from 0 to 1; `inferred` names the columns that a model filled in.

Train on it by encoding the slices with special-token parsing off and setting a tag's token at
the borders between spans, never by encoding `text` as it is.

## Where the {manifest.sources} source documents went

| outcome | reason | documents |
|---|---|--:|
{counts}

How it was made stands in `manifest.json`. `prealign verify` checks every byte against it.
"""


_CROISSANT_TYPES = {"int32": "sc:Integer", "float": "sc:Float"}


def croissant(manifest: VersionManifest, lists: dict[str, ShardList]) -> str:
    """Return croissant.json (Croissant 1.0, mlcommons.org/croissant), files with their sha256."""
    files: list[dict[str, Any]] = [
        {
            "@type": "cr:FileObject",
            "@id": shard_path(shards, position),
            "name": shard_path(shards, position),
            "contentUrl": shard_path(shards, position),
            "encodingFormat": "application/x-parquet",
            "contentSize": f"{shard.bytes} B",
            "sha256": shard.sha256,
        }
        for shards in lists.values()
        for position, shard in enumerate(shards.shards)
    ]
    sets: list[dict[str, Any]] = [
        {
            "@type": "cr:FileSet",
            "@id": split,
            "name": split,
            "encodingFormat": "application/x-parquet",
            "includes": f"data/{split}-*.parquet",
        }
        for split in sorted(lists)
    ]
    records = [
        {"@type": "cr:RecordSet", "@id": f"records/{split}", "name": split, "field": _fields(split)}
        for split in sorted(lists)
    ]
    page = {
        "@context": {
            "@language": "en",
            "@vocab": "https://schema.org/",
            "sc": "https://schema.org/",
            "cr": "http://mlcommons.org/croissant/",
            "dct": "http://purl.org/dc/terms/",
            "conformsTo": "dct:conformsTo",
            "recordSet": "cr:recordSet",
            "field": "cr:field",
            "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
            "source": "cr:source",
            "fileSet": "cr:fileSet",
            "fileObject": "cr:fileObject",
            "extract": "cr:extract",
            "column": "cr:column",
            "includes": "cr:includes",
            "repeated": "cr:repeated",
        },
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": manifest.dataset,
        "description": "Pretraining text in which an aligned AI speaks between tags.",
        "version": f"{manifest.version}.0.0",
        "datePublished": manifest.created,
        "distribution": [*files, *sets],
        "recordSet": records,
    }
    return json.dumps(page, indent=1, ensure_ascii=False) + "\n"


def _fields(split: str) -> list[dict[str, Any]]:
    """Return the plain columns; nested ones are for readers of Parquet."""
    return [
        {
            "@type": "cr:Field",
            "@id": f"records/{split}/{field.name}",
            "name": field.name,
            "dataType": _CROISSANT_TYPES.get(str(field.type), "sc:Text"),
            "source": {"fileSet": {"@id": split}, "extract": {"column": field.name}},
        }
        for field in PUBLISHED
        if not str(field.type).startswith("list")
    ]
