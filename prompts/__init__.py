"""What models read: Markdown with Jinja2, and the word lists beside it.

A prompt is found by its file name. A recipe's own folder of prompts comes first,
so a rubric can be tried without touching the shipped one.
"""

import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from prompts.shapes import misshapen
from schemas.errors import PromptError, nearest
from schemas.exchange import sha256

SHIPPED = Path(__file__).parent


class Prompts:
    """All prompts of a build. Rendering depends on nothing but the name and the values."""

    def __init__(self, own: Path | None = None) -> None:
        if own is not None and not own.is_dir():
            raise PromptError(
                f"the folder of prompts {own} does not exist",
                hint="create it, or take `prompts` out of [corpus]",
            )
        self._folders = [folder for folder in (own, SHIPPED) if folder is not None]
        self._tables: dict[str, dict[str, Any]] = {}
        self._constant: dict[str, str] = {}
        self._wanted: dict[str, frozenset[str]] = {}
        self._templates = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader([str(folder) for folder in self._folders]),
            undefined=StrictUndefined,
            autoescape=False,
            keep_trailing_newline=False,
            # What was read when the build began is what it works with: its digest is in every key.
            auto_reload=False,
        )

    def render(self, name: str, **values: object) -> str:
        """Return the text of prompt ``name`` with its values filled in.

        Raises:
            PromptError: It does not exist, is not a template, or wants a value it is not given.
        """
        if not values and name in self._constant:
            return self._constant[name]
        try:
            text = self._templates.get_template(name).render(**values).strip()
        except TemplateNotFound as error:
            known = [n for n in self.digests if n.endswith(".md")]
            raise PromptError(
                f"there is no prompt {error.name}", hint=nearest(str(error.name), known)
            ) from error
        except TemplateError as error:
            raise PromptError(
                f"prompt {name} cannot be rendered: {error}", hint=f"mend {self._file(name)}"
            ) from error
        if not values:
            self._constant[name] = text
        return text

    def table(self, name: str) -> dict[str, Any]:
        """Return a word list or other data file as it stands, read once; not to be changed.

        Raises:
            PromptError: The file does not exist, is not TOML, or holds something else.
        """
        if name in self._tables:
            return self._tables[name]
        try:
            table = tomllib.loads(self.text(name))
        except tomllib.TOMLDecodeError as error:
            raise PromptError(
                f"{self._file(name)} is not TOML: {error}", hint="mend that line"
            ) from error
        what, remedy = misshapen(name, table)
        if what:
            raise PromptError(f"{self._file(name)}: {what}", hint=remedy)
        self._tables[name] = table
        return table

    def text(self, name: str) -> str:
        """Return the text of a prompt as it was written, nothing filled in."""
        try:
            return self._file(name).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise PromptError(
                f"prompt {self._file(name)} is not UTF-8", hint="save it as UTF-8"
            ) from error

    def names(self, folder: str) -> list[str]:
        """Return the names of the prompts in a folder, without their ending, sorted."""
        return sorted(
            name.removeprefix(f"{folder}/").removesuffix(".md")
            for name in self.digests
            if name.startswith(f"{folder}/") and name.endswith(".md")
        )

    def check(self, more: set[str]) -> None:
        """Check that every own prompt can stand for a shipped one, before any work is done.

        Args:
            more: Names of prompts that are not shipped and that the recipe makes use of.

        Raises:
            PromptError: A file is no template or no TOML, is empty, wants a value that the shipped
                ones of its kind are not given, or has a name that nobody asks for.
        """
        shipped = Prompts() if len(self._folders) > 1 else self
        for name in sorted(more - set(self.digests)):
            raise PromptError(f"there is no prompt {name}", hint=nearest(name, [*self.digests]))
        for name in self.digests:
            if name.endswith(".toml"):
                self._check_data(name, shipped)
                continue
            known = shipped.digests
            if name not in known and name not in more:
                raise PromptError(
                    f"nobody asks for the prompt {self._file(name)}", hint=nearest(name, [*known])
                )
            given = shipped._given(name)
            missing = self.wants(name) - given
            if missing:
                raise PromptError(
                    f"prompt {self._file(name)} wants '{min(missing)}' and is not given it",
                    hint=f"it may use {', '.join(sorted(given)) or 'no values'}",
                )

    def _given(self, name: str) -> frozenset[str]:
        folder = name.rpartition("/")[0]
        if folder not in ("draft", "review", "jury"):
            return self.wants(name)
        # All of such a folder are given the same, and not every one makes use of all.
        return frozenset().union(*(self.wants(f"{folder}/{n}.md") for n in self.names(folder)))

    def _check_data(self, name: str, shipped: "Prompts") -> None:
        folder, _, file = name.rpartition("/")
        own = self._file(name).is_relative_to(self._folders[0]) and shipped is not self
        form = folder in ("cards", "review/forms") and f"draft/{Path(file).stem}.md" in self.digests
        if own and not form and (name not in shipped.digests or folder == "lexicons"):
            read = [n for n in shipped.digests if n.endswith(".toml") and "lexicons/" not in n]
            raise PromptError(
                f"nobody asks for the data {self._file(name)}", hint=nearest(name, read)
            )
        table = self.table(name)
        if folder == "review/forms":
            rubrics = self.names("review")
            for rubric in table:
                if rubric not in rubrics:
                    raise PromptError(
                        f"{self._file(name)}: there is no rubric '{rubric}'",
                        hint=nearest(rubric, rubrics),
                    )

    def wants(self, name: str) -> frozenset[str]:
        """Return the names of the values that a prompt uses, looked up once.

        Raises:
            PromptError: It does not exist, is empty, or is no template.
        """
        if name not in self._wanted:
            self._wanted[name] = self._undeclared(name)
        return self._wanted[name]

    def _undeclared(self, name: str) -> frozenset[str]:
        text = self.text(name)
        if not text.strip():
            raise PromptError(f"prompt {self._file(name)} is empty", hint="write it, or remove it")
        try:
            return frozenset(find_undeclared_variables(self._templates.parse(text)))
        except TemplateError as error:
            raise PromptError(
                f"prompt {name} is no template: {error}", hint=f"mend {self._file(name)}"
            ) from error

    @cached_property
    def digests(self) -> dict[str, str]:
        """The sha256 of every file, by name; an own file stands for the shipped one."""
        return {name: sha256(path.read_bytes()) for name, path in sorted(self._files())}

    def _files(self) -> Iterator[tuple[str, Path]]:
        found: dict[str, Path] = {}
        for folder in reversed(self._folders):
            for path in folder.rglob("*"):
                if path.is_file() and path.suffix in (".md", ".toml"):
                    found[path.relative_to(folder).as_posix()] = path
        yield from found.items()

    def _file(self, name: str) -> Path:
        for folder in self._folders:
            if (folder / name).is_file():
                return folder / name
        raise PromptError(
            f"there is no file {name} among the prompts", hint=nearest(name, list(self.digests))
        )
