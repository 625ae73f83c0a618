"""A recipe's own prompts, word lists and cards: what cannot be used is refused before any work."""

import pytest

from prompts import SHIPPED, Prompts
from schemas.errors import PromptError

NAMES = (SHIPPED / "names.toml").read_text(encoding="utf-8")


def own(folder, name, text):
    """Return prompts of which one file is the recipe's own."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return Prompts(folder)


def test_shipped_data_is_what_it_is_read_as():
    Prompts().check(set())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("names.toml", NAMES.replace("[de]", "[nl]")),
        ("banned.toml", '[[phrase]]\ntext = "utterly"\nwhy = "says nothing"'),
        ("cards/every.toml", 'register = ["dry"]'),
        ("review/forms/story.toml", 'motive = "- `x`: y. Example: z."'),
    ],
)
def test_own_data_may_stand_for_the_shipped(tmp_path, name, text):
    own(tmp_path, name, text).check(set())


def test_a_form_or_rubric_of_ones_own_may_have_data(tmp_path):
    own(tmp_path, "draft/sonnet.md", "Write a sonnet.")
    own(tmp_path, "review/metre.md", "Count. {{ additions }}")
    own(tmp_path, "cards/sonnet.toml", 'rhyme = ["abba", "abab"]')
    prompts = own(tmp_path, "review/forms/sonnet.toml", 'metre = "- `limp`: a foot is missing."')
    prompts.check({"draft/sonnet.md", "review/metre.md"})


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("cards/every.toml", 'register = "dry"', "register: "),
        ("cards/every.toml", "register = []", "register: "),
        ("cards/every.toml", 'register = ["dry", ""]', "register.1: "),
        ("cards/every.toml", "register = ", "is not TOML"),
        ("cards/storry.toml", 'register = ["dry"]', "nobody asks for"),
        ("names.toml", "en = 3", "world: "),
        ("names.toml", NAMES + "[nl]\ngiven = []\nfamily = []", "nl.given: "),
        ("names.toml", NAMES.replace("[de]", "[german]"), "german: "),
        ("names.toml", '[world]\ngiven = ["Ann"]\nfamily = ["Lee"]', "world.given: "),
        ("nmes.toml", "", "nobody asks for"),
        ("banned.toml", "phrases = []", "phrases: "),
        ("banned.toml", '[[phrase]]\ntext = "utterly"', "phrase.0.why: "),
        ("review/forms/story.toml", "motive = 3", "motive: "),
        ("review/forms/story.toml", 'motiv = "x"', "there is no rubric 'motiv'"),
        ("review/forms/storry.toml", 'motive = "x"', "nobody asks for"),
        ("review/character.md", "{{ nonsense }}", "wants 'nonsense'"),
        ("review/character.md", "{% broken", "is no template"),
        ("review/character.md", " ", "is empty"),
        ("review/charcter.md", "Rubric.", "nobody asks for the prompt"),
        # The rule book reads the shipped words alone; they are in its identity.
        ("lexicons/en.toml", "steps = []", "nobody asks for"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, text, says):
    with pytest.raises(PromptError) as caught:
        own(tmp_path, name, text).check(set())

    assert says in str(caught.value)
    assert str(tmp_path / name) in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint


@pytest.mark.parametrize("name", ["review/motive.md", "review/metre.md", "draft/story.md"])
def test_every_rubric_and_draft_may_use_what_others_of_its_kind_do(tmp_path, name):
    own(tmp_path, name, "Judge. {{ findings }}").check({name})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jury/mine.md", "Vote. {{ findings }}"),
        ("review/mine.md", "Judge. {{ language }}"),
        ("constitution.md", "{{ name }}"),
    ],
)
def test_a_value_that_nobody_gives_is_named(tmp_path, name, text):
    with pytest.raises(PromptError, match="and is not given it") as caught:
        own(tmp_path, name, text).check({name})

    assert caught.value.hint.startswith("it may use ")


def test_a_prompt_that_wants_what_it_is_not_given_is_named(tmp_path):
    (tmp_path / "screen.md").write_text("Hello {{ nobody }}")

    with pytest.raises(PromptError) as caught:
        Prompts(tmp_path).render("screen.md")

    assert "prompt screen.md cannot be rendered: 'nobody' is undefined" in str(caught.value)
    assert str(tmp_path / "screen.md") in caught.value.hint


def test_a_prompt_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(PromptError) as caught:
        Prompts().render("review/charakter.md")

    assert "did you mean 'review/character.md'" in caught.value.hint


def test_an_own_prompt_stands_for_the_shipped_one_and_changes_its_digest_alone(tmp_path):
    (tmp_path / "read.md").write_text("Read.")

    own, shipped = Prompts(tmp_path), Prompts()

    assert own.render("read.md") == "Read."
    changed = {n for n in shipped.digests if own.digests[n] != shipped.digests[n]}
    assert changed == {"read.md"}


def test_templates_cannot_reach_into_python(tmp_path):
    (tmp_path / "read.md").write_text("{{ ''.__class__.__mro__ }}")

    with pytest.raises(PromptError):
        Prompts(tmp_path).render("read.md")
