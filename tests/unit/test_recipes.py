"""What is wrong with a recipe is said with its place and a remedy, before any work."""

import os

import pytest

from pipeline.recipes import read_recipe
from pipeline.units import planned_units
from pipeline.workshop import open_workshop
from schemas.errors import PipelineError, PromptError, RecipeError, SourceError
from tests.conftest import opened, write_documents, write_recipe


def fault(path, overrides=None):
    with pytest.raises(RecipeError) as caught:
        open_workshop(read_recipe(path, overrides))
    return caught.value


def test_relative_paths_start_at_the_recipes_folder(folder):
    recipe = read_recipe(write_recipe(folder))

    assert recipe.corpus.folder == str(folder / "corpus")
    assert recipe.source[0].url == str(folder / "documents" / "*.jsonl*")


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ('model = "./tiny"', "tiny"),
        ('model = "../tiny"', "../tiny"),
        ('model = "owner/name"', None),
        ('chat_template = "mine.jinja"', "mine.jinja"),
        ('chat_template = "plain"', None),
        ('folder = "batch"', "batch"),
    ],
)
def test_paths_of_engines_start_at_the_recipes_folder_and_names_do_not(folder, settings, found):
    settings_read = read_recipe(write_recipe(folder, engine_settings=settings)).engines["rules"]
    [value] = settings_read.settings.values()

    written = settings.split('"')[1]
    assert value == (os.path.normpath(folder / found) if found else written)


def test_overrides_win_over_the_file(folder):
    recipe = read_recipe(write_recipe(folder), ["pool.workers=7", "corpus.seed=other"])

    assert (recipe.pool.workers, recipe.corpus.seed) == (7, "other")


def test_a_missing_recipe_is_named(folder):
    error = fault(folder / "none.toml")

    assert "none.toml" in str(error)
    assert error.exit_code == 2


def test_broken_toml_is_named_with_its_line(folder):
    path = folder / "recipe.toml"
    path.write_text("[corpus\nname = 1")

    assert "line 1" in str(fault(path))


@pytest.mark.parametrize(
    ("wrong", "where", "nearest"),
    [
        ("[pool]\nworker = 4\n", "'worker' in [pool]", "workers"),
        ("[dedupe]\n", "'dedupe'", "dedup"),
        ("[dedup]\ntreshold = 0.7\n", "'treshold' in [dedup]", "threshold"),
    ],
)
def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known_one(
    folder, wrong, where, nearest
):
    path = write_recipe(folder, extra=wrong)

    error = fault(path)

    assert where in str(error)
    assert f"did you mean '{nearest}'" in error.hint
    line = len(path.read_text().rstrip("\n").split("\n"))
    assert f"line {line}" in str(error)


@pytest.mark.parametrize(
    ("old", "new", "what", "hint"),
    [
        ('use = "review"', 'use = "reviw"', "no pass called 'reviw'", "did you mean 'review'"),
        ('use = "rules"', 'use = "rule"', "no engine called 'rule'", "did you mean 'rules'"),
        ('use = "jsonl"', 'use = "json"', "no source called 'json'", "did you mean 'jsonl'"),
        ("commentary = 1", "comentary = 1", "no form called 'comentary'", "'commentary'"),
        ('writer = "rules"', 'writer = "ruls"', "an engine 'ruls'", "did you mean 'rules'"),
        ('use = "draft"', 'use = "draft"\nmax_token = 1', "max_token: unknown", "'max_tokens'"),
        ('use = "draft"', 'use = "draft"\nmax_tokens = "x"', "max_tokens: ", "a value that fits"),
        ("commentary = 1", "commentary = -1", "none below 0", "the README"),
        ('name = "made"', 'name = "made"\nfrom = "x"', "from: unknown", "there are cap"),
        ("[publish]", '[publish]\nscheme = "bitter"', "no scheme called 'bitter'", "bitter-lesson"),
        ('[corpus]', '[corpus]\nprompts = "none"', "does not exist", "create it"),
    ],
)  # fmt: skip
def test_what_does_not_exist_or_fit_is_named_with_a_remedy(folder, old, new, what, hint):
    path = write_recipe(folder)
    path.write_text(path.read_text().replace(old, new, 1))

    with pytest.raises(PipelineError) as caught:
        open_workshop(read_recipe(path))

    assert what in str(caught.value)
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_source_without_a_match_is_named(folder):
    workshop = opened(folder)

    with pytest.raises(SourceError) as caught:
        list(planned_units(workshop))

    assert "source 'made' matches no file" in str(caught.value)


def test_an_override_that_is_none_is_refused(folder):
    assert "KEY=VALUE" in str(fault(write_recipe(folder), ["pool.workers"]))


def test_engines_that_rely_on_each_other_are_refused(folder):
    write_documents(folder, [])
    (folder / "answers.jsonl").write_text("")
    path = write_recipe(
        folder, engine="recorded", engine_settings='path = "answers.jsonl"\nfallback = "rules"'
    )

    assert "relies on itself" in str(fault(path))


@pytest.mark.parametrize(
    "override", ["pass.use=x", "source.made.url=x", "source.7.url=x", "corpus.name.x=1"]
)
def test_an_override_that_has_no_place_is_refused(folder, override):
    error = fault(write_recipe(folder), [override])

    assert f"--set {override}" in str(error)
    assert "--set source.0.url" in error.hint


def test_a_list_is_counted_from_zero(folder):
    recipe = read_recipe(write_recipe(folder), ["source.0.name=other", "pass.1.max_tokens=99999"])

    assert recipe.source[0].name == "other"
    assert recipe.passes[1].settings == {"max_tokens": 99999}


def test_a_misspelt_table_is_named_before_the_missing_one(folder):
    path = write_recipe(folder)
    path.write_text(path.read_text().replace("[corpus]", "[corpsu]"))

    assert "'corpsu'" in str(fault(path))


def test_a_misspelt_field_is_named_with_the_nearest(folder):
    path = write_recipe(folder)
    path.write_text(
        path.read_text().replace('use = "jsonl"', 'use = "jsonl"\nfields = {txet = "a"}')
    )

    assert "'txet'" in str(fault(path))
    assert "did you mean 'text'" in str(fault(path))


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("review/character.md", "{% broken", "is no template"),
        ("banned.toml", "[[", "is not TOML"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_refused_before_any_work(folder, name, text, what):
    own = folder / "own" / name
    own.parent.mkdir(parents=True)
    own.write_text(text)

    with pytest.raises(PromptError) as caught:
        open_workshop(read_recipe(write_recipe(folder), [f"corpus.prompts={folder / 'own'}"]))

    assert what in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_plugin_with_a_fault_in_its_file_is_named(folder, monkeypatch):
    (folder / "faulty").mkdir()
    (folder / "faulty" / "broken.py").write_text("class Broken(:\n")
    monkeypatch.syspath_prepend(folder)
    path = write_recipe(folder)
    path.write_text(path.read_text().replace('use = "screen"', 'use = "faulty.broken"'))

    assert "SyntaxError" in str(fault(path))
