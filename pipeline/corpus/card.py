"""The dataset card beside pulled shards: front matter for ``datasets``, a page for people."""

from schemas.version import ShardList, VersionManifest

CARD_BEGINS = "---\nconfigs:\n- config_name: default"


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
    return f"""{CARD_BEGINS}
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

Train on it by encoding the slices, neighbours of one voice joined, with special-token parsing
off, and setting the tags' tokens where tags lie in the gaps; never by encoding `text` as it is.

## Where the {manifest.sources} source documents went

| outcome | reason | documents |
|---|---|--:|
{counts}

How it was made stands in `manifest.json`. `prealign verify` checks every shard against it.
"""
