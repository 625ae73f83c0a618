"""croissant.json beside pulled shards: the files, with their sha256, and the columns in them.

Follows Croissant 1.0, docs.mlcommons.org/croissant/docs/croissant-spec.html.
"""

import json
from typing import Any

from pipeline.corpus.card import shard_path
from schemas.tables import PUBLISHED
from schemas.version import ShardList, VersionManifest

# The context that the specification asks for, word for word; readers warn about any other.
_TERMS = (
    "citeAs column equivalentProperty extract field fileProperty fileObject fileSet format "
    "includes isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated "
    "replace samplingRate separator source subField transform"
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
}
_TYPES = {"int32": "sc:Integer", "float": "sc:Float"}


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
        "@context": _CONTEXT,
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
            "dataType": _TYPES.get(str(field.type), "sc:Text"),
            "source": {"fileSet": {"@id": split}, "extract": {"column": field.name}},
        }
        for field in PUBLISHED
        if not str(field.type).startswith("list")
    ]
