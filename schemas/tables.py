"""The Arrow schema of every Parquet file, and how documents become rows of one.

``PUBLISHED`` is the promise to training teams; a column is never renamed or
dropped within one ``format`` number.
"""

from typing import Any

import pyarrow as pa

_NAME = pa.dictionary(pa.int32(), pa.string())

SPANS = pa.list_(
    pa.struct(
        [
            pa.field("voice", pa.string(), nullable=False),
            pa.field("start", pa.int64(), nullable=False),
            pa.field("end", pa.int64(), nullable=False),
            pa.field("source_start", pa.int64()),
        ]
    )
)

PUBLISHED = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("spans", SPANS, nullable=False),
        pa.field("form", pa.string(), nullable=False),
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("source_sha256", pa.string(), nullable=False),
        pa.field("author", pa.string()),
        pa.field("author_type", pa.string()),
        pa.field("published", pa.string()),
        pa.field("media_type", pa.string()),
        pa.field("topic", pa.string()),
        pa.field("language", pa.string()),
        pa.field("license", pa.string()),
        pa.field("url", pa.string()),
        pa.field("inferred", pa.list_(pa.string()), nullable=False),
        pa.field("writer", pa.string()),
        pa.field("quality", pa.float32()),
        pa.field("synthetic_share", pa.float32(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("part_of", pa.string()),
        pa.field("part", pa.int32()),
    ]
)
"""One accepted document. Ranges in ``spans`` are code points of ``text``; shares are 0 to 1."""

NOTES = pa.list_(
    pa.struct(
        [
            pa.field("by", pa.string(), nullable=False),
            pa.field("decision", pa.string(), nullable=False),
            pa.field("reason", pa.string()),
            pa.field("detail", pa.string()),
            pa.field("scores", pa.map_(pa.string(), pa.float32())),
            pa.field("inferred", pa.map_(pa.string(), pa.string())),
            pa.field("confidence", pa.map_(pa.string(), pa.float32())),
            pa.field("suits", pa.list_(pa.string())),
            pa.field("form", pa.string()),
            pa.field(
                "findings",
                pa.list_(
                    pa.struct(
                        [
                            ("kind", pa.string()),
                            ("label", pa.string()),
                            ("first", pa.int32()),
                            ("last", pa.int32()),
                            ("severity", pa.int8()),
                            ("remark", pa.string()),
                            ("motive", pa.string()),
                            ("harm", pa.string()),
                            ("whom", pa.string()),
                        ]
                    )
                ),
            ),
            pa.field(
                "objections",
                pa.list_(
                    pa.struct(
                        [
                            ("rubric", pa.string()),
                            ("code", pa.string()),
                            ("what", pa.string()),
                            ("sentence", pa.int32()),
                            ("clause", pa.string()),
                        ]
                    )
                ),
            ),
            pa.field("votes", pa.map_(pa.string(), pa.string())),
            pa.field("by_chance", pa.bool_()),
            pa.field("text", pa.string()),
            pa.field(
                "stops",
                pa.list_(
                    pa.struct(
                        [("hazard", pa.string()), ("voice", pa.string()), ("place", pa.float32())]
                    )
                ),
            ),
        ]
    )
)
"""What every pass said. ``text`` is the tagged text it wrote, or null if it wrote nothing."""

UNIT = pa.schema(
    [
        *(
            pa.field(field.name, field.type) if field.name in ("text", "spans") else field
            for field in PUBLISHED
        ),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("place", pa.string(), nullable=False),
        pa.field("source_text", pa.string(), nullable=False),
        pa.field("notes", NOTES, nullable=False),
    ]
)
"""Every document of a unit, whatever became of it. ``text`` and ``spans`` are null if unwritten."""

LEDGER = pa.schema(
    [
        pa.field("key", pa.binary(32), nullable=False),
        pa.field("document", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
        pa.field("draw", pa.int32(), nullable=False),
        pa.field("request", pa.binary(32), nullable=False),
        pa.field("turns", pa.list_(pa.binary(32)), nullable=False),
        pa.field("schema", pa.binary(32), nullable=False),
        pa.field("engine", _NAME, nullable=False),
        pa.field("model", _NAME, nullable=False),
        pa.field("revision", _NAME, nullable=False),
        pa.field("quantisation", _NAME, nullable=False),
        pa.field("template", _NAME, nullable=False),
        pa.field("settings", _NAME, nullable=False),
        pa.field("dtype", _NAME, nullable=False),
        pa.field("version", _NAME, nullable=False),
        pa.field("hardware", _NAME, nullable=False),
        pa.field("max_tokens", pa.int32(), nullable=False),
        pa.field("temperature", pa.float32(), nullable=False),
        pa.field("top_p", pa.float32(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("finish", pa.string(), nullable=False),
        pa.field("read", pa.int64(), nullable=False),
        pa.field("cached", pa.int64(), nullable=False),
        pa.field("written", pa.int64(), nullable=False),
        pa.field("thought", pa.int64(), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
        pa.field("kept", pa.int64()),
        pa.field("answered_at", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)
"""One answer. Turns are digests: the document itself is never stored again.

``kept`` counts the tokens of it that stand in the unit's documents as they were finished last; null
until then.
"""

DUPLICATES = pa.schema(
    [
        pa.field("document", pa.string(), nullable=False),
        pa.field("place", pa.string(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("twin", pa.string(), nullable=False),
        pa.field("similarity", pa.float32(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""One removed document, the kept document it is too close to, and their exact Jaccard."""

TABLES: dict[str, Any] = {
    "published": PUBLISHED,
    "unit": UNIT,
    "ledger": LEDGER,
    "duplicates": DUPLICATES,
}
