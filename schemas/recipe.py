"""The recipe: a TOML file that says what corpus is made, and how it is run.

Everything but ``[pool]`` says *what* is made and bears identity; ``[pool]`` says
*how* and never does. Plugin settings (of sources, engines, passes, forms) are
checked by the plugin itself when it is loaded.
"""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.document import METADATA_FIELDS
from schemas.errors import nearest


class Section(BaseModel):
    """One table of a recipe; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PluginSection(BaseModel):
    """A table that configures a plugin: ``use`` names it, the rest are its settings."""

    model_config = ConfigDict(frozen=True, extra="allow")

    use: str = Field(min_length=1)

    @property
    def settings(self) -> dict[str, Any]:
        """The plugin's own settings, unchecked."""
        return dict(self.model_extra or {})


class CorpusSection(Section):
    """What the corpus is called, where its work is kept, and what bounds a document.

    Attributes:
        name: Lower-case letters, digits and dashes.
        folder: Where ledger, units and logs live; a relative path starts at the recipe's folder.
        seed: All draws depend on it and on the document's id.
        unit_rows: Rows of a source file that one worker takes at a time.
        max_document_tokens: Longer documents are split at paragraph ends. A token is taken to be
            four bytes of UTF-8, so that the split does not depend on any model.
        prompts: A folder whose files stand in for shipped prompts of the same name.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    folder: str
    seed: str = "0"
    unit_rows: int = Field(default=256, ge=1)
    max_document_tokens: int = Field(default=6000, ge=200)
    prompts: str | None = None


class SourceSection(PluginSection):
    """One source: a plugin, where its files are, what their fields mean, and who may come in.

    Attributes:
        name: Begins every document id, so that two sources cannot clash.
        url: An fsspec URL or path of a file or a folder, or with globs; a relative path starts at
            the recipe's folder.
        fields: From our names (``text``, ``id``, metadata) to the file's; those not named are
            looked for under our own names. A dot leads into a nested field.
        metadata: What holds for every document of which the file does not say otherwise.
        licenses: Only documents of these licences come in; ``*`` stands for anything, case does not
            count. A document without a licence does not come in then.
        opt_out: A file of ids and URLs, one a line, that do not come in; ``*`` at the end of one
            stands for all that begin so. A relative path starts at the recipe's folder.
        languages: Only documents in these languages come in, as codes such as ``en``. Where the
            file does not name the language it is recognised from the text.
        share: Which part of the documents is drawn, by the hash of their ids; 1 for all.
        cap: How many rows are read at most, from the source's beginning.
        priority: Of two documents that are too much alike the one whose source has the higher
            priority stays; with equal ones the source that the recipe names first.
        trusted_scheme: The scheme of aligned text that people have written. It is parsed instead of
            escaped, not drafted, and reviewed.
        sha256: The hex digests of the files that may be trusted.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    url: str
    fields: dict[str, str] = {}
    metadata: dict[str, str] = {}
    licenses: tuple[str, ...] | None = None
    opt_out: str | None = None
    languages: tuple[str, ...] | None = None
    share: float = Field(default=1, gt=0, le=1)
    cap: int | None = Field(default=None, ge=1)
    priority: int = 0
    trusted_scheme: str | None = None
    sha256: tuple[str, ...] = ()

    @field_validator("fields")
    @classmethod
    def _fields_are_ours(cls, fields: dict[str, str]) -> dict[str, str]:
        return _known_fields(fields, ["text", "id", *METADATA_FIELDS])

    @field_validator("metadata")
    @classmethod
    def _metadata_is_ours(cls, metadata: dict[str, str]) -> dict[str, str]:
        return _known_fields(metadata, [*METADATA_FIELDS])

    @field_validator("sha256")
    @classmethod
    def _digests_are_digests(cls, digests: tuple[str, ...]) -> tuple[str, ...]:
        for digest in digests:
            if not re.fullmatch("[0-9a-fA-F]{64}", digest):
                raise ValueError(f"'{digest}' is no sha256: that is 64 hexadecimal digits")
        return tuple(digest.lower() for digest in digests)

    @model_validator(mode="after")
    def _trust_names_its_files(self) -> "SourceSection":
        if (self.trusted_scheme is None) != (not self.sha256):
            raise ValueError(
                f"source '{self.name}': `trusted_scheme` and `sha256` stand together: who trusts "
                "aligned text says which files"
            )
        return self


def _known_fields(table: dict[str, str], known: list[str]) -> dict[str, str]:
    for name in table:
        if name not in known:
            raise ValueError(f"there is no field '{name}' to fill; {nearest(name, known)}")
    return table


class RolesSection(Section):
    """Which engine answers for which role.

    Attributes:
        writer: Drafts and revises.
        reviewer: Screens and reviews.
        jury: Votes; of several, jurors take turns. A single name will do for a list of one.
    """

    writer: str
    reviewer: str
    jury: tuple[str, ...] = ()

    @field_validator("jury", mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, jury: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
        return (jury,) if isinstance(jury, str) else jury


class DedupSection(Section):
    """When two documents count as the same.

    Attributes:
        threshold: Jaccard similarity of five-word shingles at which one of the two goes: the one
            whose source stands later in the recipe, whose quality is lower, whose id is later.
        bands: LSH bands; with ``rows`` they decide which pairs are looked at.
        rows: Rows per band.
    """

    threshold: float = Field(default=0.8, gt=0, le=1)
    bands: int = Field(default=25, ge=2)
    rows: int = Field(default=5, ge=1)


class PublishSection(Section):
    """Where versions go, and how they are cut.

    Attributes:
        dataset: Folder or URL of the dataset; a relative path starts at the recipe's folder.
        scheme: The scheme in which text is tagged: a shipped one's name, or the path of a TOML file
            of your own, which starts at the recipe's folder.
        shard_mb: Target size of a shard in megabytes of Parquet.
        validation_share: Share of source ids, by hash, that go into split ``validation``.
    """

    dataset: str
    scheme: str = "bitter-lesson"
    shard_mb: float = Field(default=256, gt=0)
    validation_share: float = Field(default=0.0, ge=0, lt=1)


class HostsSection(Section):
    """Where one engine runs, apart from the workers.

    Attributes:
        workers: Ray actors, each with the engine in it.
        cpus_each: CPUs that Ray sets aside for each.
        gpus_each: GPUs that Ray sets aside for each; None for as many as the engine wants.
    """

    workers: int = Field(default=1, ge=1)
    cpus_each: float = Field(default=1, gt=0)
    gpus_each: float | None = Field(default=None, ge=0)


class PoolSection(Section):
    """How the build runs. Nothing here changes what is made.

    Attributes:
        workers: Ray actors that take units. A single engine that loads a model runs inside them.
        cpus_each: CPUs that Ray sets aside for each.
        gpus_each: GPUs that Ray sets aside for each; None for as many as an engine in them wants.
        in_flight: Documents that one worker has under way at once; None for as many as keep its
            engines busy.
        address: A running Ray cluster, or None to start one on this machine.
        engines: Engines, by name, that run in actors of their own. If several load models, each
            has one such actor even if it is not named here.
    """

    workers: int = Field(default=2, ge=1)
    cpus_each: float = Field(default=1, gt=0)
    gpus_each: float | None = Field(default=None, ge=0)
    in_flight: int | None = Field(default=None, ge=1)
    address: str | None = None
    engines: dict[str, HostsSection] = {}


# Weights among the forms that suit a document. They aim at a corpus of which a third is rewritten:
# most of the web suits `verbatim`, and what is flagged is rewritten whatever its weight.
DEFAULT_MIX = {
    "verbatim": 64.0,
    "commentary": 14.0,
    "dialogue": 7.0,
    "narration": 5.0,
    "instruction": 5.0,
    "judgement": 3.0,
    "story": 2.0,
}


class Recipe(Section):
    """A whole recipe, checked as far as it can be without loading a plugin."""

    corpus: CorpusSection
    source: tuple[SourceSection, ...] = Field(min_length=1)
    engines: dict[str, PluginSection] = Field(min_length=1)
    roles: RolesSection
    passes: tuple[PluginSection, ...] = Field(alias="pass", min_length=1)
    forms: dict[str, float] = DEFAULT_MIX
    dedup: DedupSection = DedupSection()
    publish: PublishSection
    pool: PoolSection = PoolSection()

    @field_validator("source")
    @classmethod
    def _names_differ(cls, sources: tuple[SourceSection, ...]) -> tuple[SourceSection, ...]:
        names = [source.name for source in sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are called '{twice[0]}'; give each a name of its own")
        return sources

    @property
    def sources(self) -> tuple[SourceSection, ...]:
        """The sources by priority, the higher first, else in the recipe's order."""
        return tuple(sorted(self.source, key=lambda section: -section.priority))

    @field_validator("forms")
    @classmethod
    def _weights_are_weights(cls, forms: dict[str, float]) -> dict[str, float]:
        if any(weight < 0 for weight in forms.values()) or not any(forms.values()):
            raise ValueError("the weights of [forms] are shares: none below 0, one at least above")
        return forms
