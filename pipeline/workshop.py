"""A recipe's parts, opened and ready to work: prompts, engines, passes, forms, sources.

Opening is also the check: whatever in a recipe cannot work is found here, before
any work is done.
"""

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from pipeline.door import Door
from pipeline.engines import Engine, StandIns, in_use, open_engines
from pipeline.forms import Form
from pipeline.gate import Gate, open_gate
from pipeline.passes import Pass
from pipeline.plugins import Kit, code_digest, load
from pipeline.sources import Source
from pipeline.store import Folder
from pipeline.voices.scheme import load_scheme
from prompts import Prompts
from schemas.errors import RecipeError, nearest
from schemas.exchange import Role, canonical, sha256
from schemas.recipe import Recipe, SourceSection
from schemas.scheme import Scheme

# What decides how a document's journey goes, beside settings, prompts and engines.
_CODE = (
    "pipeline.voices",
    "pipeline.forms",
    "pipeline.passes",
    "pipeline.door",
    "pipeline.splitting",
    "pipeline.trust",
    "pipeline.gate",
    "pipeline.optout",
    "pipeline.draws",
    "pipeline.sentences",
    "pipeline.anchors",
    "pipeline.edits",
    "pipeline.standards",
    "pipeline.fence",
    "pipeline.conversation",
    "pipeline.objections",
    "pipeline.taxonomy",
    "pipeline.screening",
    "pipeline.findings",
    "pipeline.pieces",
    "pipeline.declared",
    "pipeline.writing",
    "pipeline.reviewing",
    "pipeline.journey",
    "pipeline.rows",
)


@dataclass(frozen=True)
class Workshop:
    """Everything a recipe names.

    Attributes:
        recipe: As it was read.
        kit: What plugins may read.
        scheme: The scheme in which text is published.
        passes: In the order of the recipe.
        engines: By role; of a jury there may be several.
        opened: The engines that any role makes use of, by their names in the recipe.
        sources: By the source's name.
        doors: How a source's rows become documents, by its name.
        gates: Which of them may come in, by its name.
        corpus: The corpus folder.
    """

    recipe: Recipe
    kit: Kit
    scheme: Scheme
    passes: tuple[Pass, ...]
    engines: dict[Role, tuple[Engine, ...]]
    opened: dict[str, Engine]
    sources: dict[str, Source]
    doors: dict[str, Door]
    gates: dict[str, Gate]
    corpus: Folder

    def source_section(self, name: str) -> SourceSection:
        """Return the recipe's table of a source."""
        return next(section for section in self.recipe.source if section.name == name)

    @cached_property
    def depends(self) -> dict[str, str]:
        """Return digests, by name, of what every unit of this recipe depends on."""
        recipe = self.recipe
        # Where a file lies bears no identity; a pass that reads one digests it in its code.
        passes = [[p.name(), p.model_dump(mode="json", exclude={"path"})] for p in self.passes]
        own = sorted({n for n in (*(p.use for p in recipe.passes), *recipe.forms) if "." in n})
        return {
            "code": sha256(
                code_digest(*_CODE), *(code_digest(name) for name in own), version("sentencex")
            ),
            "passes": sha256(canonical(passes)),
            "prompts": sha256(canonical(self.kit.prompts.digests)),
            "forms": sha256(canonical(recipe.forms)),
            "seed": sha256(recipe.corpus.seed),
            "documents": sha256(str(recipe.corpus.max_document_tokens)),
            "scheme": sha256(self.scheme.model_dump_json()),
            "split": sha256(str(recipe.publish.validation_share)),
            **{
                f"engine.{role}": sha256(*(engine.fingerprint() for engine in engines))
                for role, engines in self.engines.items()
            },
        }

    def depends_of_source(self, name: str) -> str:
        """Return a digest of how a source is read, and of who may come in."""
        return self._source_digests[name]

    @cached_property
    def _source_digests(self) -> dict[str, str]:
        return {name: self._source_digest(name) for name in self.sources}

    def _source_digest(self, name: str) -> str:
        section = self.source_section(name)
        plugin, door = self.sources[name], self.doors[name]
        return sha256(
            code_digest("pipeline.sources", "pipeline.reading", type(plugin).__module__),
            canonical(plugin.model_dump(mode="json")),
            canonical([version(distribution) for distribution in plugin.software]),
            canonical([section.fields, section.metadata]),
            door.trusted.model_dump_json() if door.trusted else "",
            self.gates[name].fingerprint,
        )


def open_workshop(recipe: Recipe, elsewhere: StandIns | None = None) -> Workshop:
    """Return the parts of a recipe.

    Args:
        recipe: The recipe.
        elsewhere: Names who stands for engines that run in other processes.

    Raises:
        PromptError: A prompt of the recipe's own cannot be used.
        RecipeError: It names a pass, engine, form, source or scheme that does not exist, or
            gives one of them a setting that does not fit.
    """
    own = recipe.corpus.prompts
    kit = Kit(
        prompts=Prompts(Path(own) if own else None),
        seed=recipe.corpus.seed,
        weights=dict(recipe.forms),
    )
    for name in recipe.forms:
        kit.forms[name] = load(Form, name, {}, where="[forms]", kit=kit)  # type: ignore[type-abstract]
    passes = tuple(
        load(
            Pass,  # type: ignore[type-abstract]
            section.use,
            section.settings,
            where=f"[[pass]] number {number}",
            kit=kit,
        )
        for number, section in enumerate(recipe.passes, start=1)
    )
    kit.prompts.check(
        {
            f"{folder}/{name}.md"
            for step in passes
            for folder, names in (("review", "rubrics"), ("jury", "wordings"))
            for name in getattr(step, names, ())
        }
    )
    sources = {
        section.name: load(
            Source,  # type: ignore[type-abstract]
            section.use,
            section.settings,
            where=f"[[source]] '{section.name}'",
            kit=kit,
            also=list(SourceSection.model_fields),
        )
        for section in recipe.source
    }
    for section in recipe.source:
        sources[section.name].wants(section.fields)
    roles = _roles(recipe)
    opened = open_engines(recipe.engines, kit, elsewhere)
    workshop = Workshop(
        recipe=recipe,
        kit=kit,
        scheme=load_scheme(recipe.publish.scheme),
        passes=passes,
        engines={role: tuple(opened[n] for n in names) for role, names in roles.items()},
        opened={name: opened[name] for name in in_use(opened, chain(*roles.values()))},
        sources=sources,
        doors={section.name: _door(section, recipe) for section in recipe.source},
        gates={s.name: open_gate(s, recipe.corpus.seed) for s in recipe.source},
        corpus=Folder(recipe.corpus.folder),
    )
    # Digests are of the code that works: taken now, before anybody can edit it.
    _ = workshop.depends, workshop.depends_of_source(recipe.source[0].name)
    return workshop


def _door(section: SourceSection, recipe: Recipe) -> Door:
    return Door(
        names=section.fields,
        metadata=section.metadata,
        max_tokens=recipe.corpus.max_document_tokens,
        trusted=load_scheme(section.trusted_scheme) if section.trusted_scheme else None,
    )


def _roles(recipe: Recipe) -> dict[Role, tuple[str, ...]]:
    named = {
        Role.WRITER: (recipe.roles.writer,),
        Role.REVIEWER: (recipe.roles.reviewer,),
        Role.JURY: recipe.roles.jury,
    }
    for role, names in named.items():
        for name in names:
            if name not in recipe.engines:
                raise RecipeError(
                    f"[roles] gives the {role} an engine '{name}' that is not in the recipe",
                    hint=nearest(name, list(recipe.engines)),
                )
    if not recipe.roles.jury and any(section.use == "jury" for section in recipe.passes):
        raise RecipeError(
            "the recipe has a pass 'jury', and no jury to ask",
            hint="name one engine or several under [roles], such as jury = "
            f"'{recipe.roles.reviewer}', or leave the pass out",
        )
    return {role: names for role, names in named.items() if names}
