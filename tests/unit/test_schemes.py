"""Schemes as data: what ships is sound, and what is not sound is refused with its remedy."""

import pytest

from pipeline.voices.parse import parse
from pipeline.voices.render import render
from pipeline.voices.scheme import load_scheme, scheme_names
from schemas.document import Span, Voice
from schemas.errors import RecipeError

SPANS = [
    Span(Voice.HUMAN, "h "),
    Span(Voice.AI, "a "),
    Span(Voice.QUOTED_HUMAN, "q"),
    Span(Voice.AI, " b "),
    Span(Voice.QUOTED_AI, "u"),
    Span(Voice.HUMAN, " i"),
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bitter-lesson", "h <AI>a <AI_quoting_human>q</AI_quoting_human> b "
         "<AI_quoting_human>u</AI_quoting_human></AI> i"),
        ("quoting-unaligned", "h <AI>a <AI_quoting_human>q</AI_quoting_human> b "
         "<aligned_AI_quoting_unaligned_AI>u</aligned_AI_quoting_unaligned_AI></AI> i"),
        ("one-quote", "h <AI>a <aligned_AI_quoting_something_unaligned>q"
         "</aligned_AI_quoting_something_unaligned> b <aligned_AI_quoting_something_unaligned>u"
         "</aligned_AI_quoting_something_unaligned></AI> i"),
        ("ai-default", "<Human>h </Human>a <AI_quoting_human>q</AI_quoting_human> b "
         "<AI_quoting_human>u</AI_quoting_human><Human> i</Human>"),
        ("explicit", "<Human>h </Human><AI>a <AI_quoting_human>q</AI_quoting_human> b "
         "<AI_quoting_human>u</AI_quoting_human></AI><Human> i</Human>"),
        ("segment-prefix", "<|human|>h <|ai|>a <|quoted_human|>q<|ai|> b "
         "<|quoted_ai|>u<|human|> i"),
    ],
)  # fmt: skip
def test_every_shipped_scheme_writes_the_same_spans_in_its_own_way(name, text):
    assert render(SPANS, load_scheme(name)) == text


def test_six_schemes_ship():
    assert scheme_names() == [
        "ai-default", "bitter-lesson", "explicit", "one-quote", "quoting-unaligned",
        "segment-prefix",
    ]  # fmt: skip


SOUND = """
name = "mine"
start = "human"
{more}
[[moves]]
leaves = "human"
tag = "{open}"
enters = "ai"

[[moves]]
leaves = {leaves}
tag = "{close}"
enters = "human"
{moves}
[instead]
quoted_human = "{quoted}"
{instead}
"""


def own(tmp_path, **changes):
    parts = {
        "more": "", "open": "<bot>", "close": "</bot>", "leaves": '"ai"', "quoted": "ai",
        "moves": "", "instead": 'quoted_ai = "ai"',
    }  # fmt: skip
    path = tmp_path / "mine.toml"
    path.write_text(SOUND.format(**(parts | changes)))
    return str(path)


def test_a_scheme_of_ones_own_is_read_from_its_file(tmp_path):
    scheme = load_scheme(own(tmp_path))

    assert render(SPANS, scheme) == "h <bot>a q b u</bot> i"


def move(leaves, tag, enters):
    return f'[[moves]]\nleaves = "{leaves}"\ntag = "{tag}"\nenters = "{enters}"\n'


@pytest.mark.parametrize(
    ("changes", "what", "remedy"),
    [
        ({"open": "bot"}, "bot does not have the form of a tag", "<name>"),
        ({"open": "<a bot>"}, "does not have the form", "letters, digits"),
        ({"open": "<bot_>"}, "does not have the form", "ending with a letter"),
        ({"close": "<bot>"}, "<bot> stands in 2 moves", "several `leaves`"),
        ({"close": "<Bot>"}, "look alike", "rename"),
        ({"close": "</bot>", "moves": move("ai", "</b-o-t>", "human")}, "look alike", "rename"),
        ({"moves": move("ai", "<end>", "human")}, "both lead from 'ai' to 'human'", "leave one"),
        ({"moves": move("ai", "<loop>", "ai")}, "to itself", "take that state out"),
        ({"moves": move("quoted_human", "<q>", "ai"), "quoted": "ai"}, "no text can reach",
         "add a move"),
        ({"moves": move("ai", "<q>", "quoted_human"), "quoted": "ai"}, "can never end", "back to"),
        ({"quoted": "quoted_ai"}, "written as 'quoted_ai', which has no tags",
         "name one of ai, human"),
        ({"instead": ""}, "what becomes of voice 'quoted_ai'", "under [instead]"),
        ({"instead": 'quoted_ai = "ai"\nhuman = "ai"'}, "has tags and is also",
         "take 'human'"),
        ({"leaves": '["ai", "human"]'}, "leads from 'human' to itself", "take that state out"),
        ({"open": "<b\u3164t>"}, "is not seen: U+3164", "letters that are"),
        ({"leaves": '["ai", "ai"]'}, "leaves a state twice", "each state once"),
        ({"leaves": '"nobody"'}, "move 2: leaves: 'nobody' is none of", "outside"),
        ({"more": 'ends = "x"'}, "ends: unknown key", "there are closes"),
        ({"moves": '[[moves]]\nleave = "ai"'}, "move 3: leave: unknown key",
         "did you mean 'leaves'"),
        ({"more": "closes = "}, "is not TOML", "mend that line"),
    ],
)  # fmt: skip
def test_an_unsound_scheme_is_refused_with_its_remedy(tmp_path, changes, what, remedy):
    with pytest.raises(RecipeError) as caught:
        load_scheme(own(tmp_path, **changes))

    assert what in str(caught.value)
    assert "mine.toml" in str(caught.value)
    assert remedy in caught.value.hint


def test_a_tag_that_leaves_two_states_is_for_schemes_that_do_not_close(tmp_path):
    changes = {
        "leaves": '["ai", "quoted_human"]',
        "moves": move("ai", "<q>", "quoted_human"),
        "quoted": "ai",
    }
    moves = own(tmp_path, **changes)
    text = (tmp_path / "mine.toml").read_text().replace('quoted_human = "ai"', "")
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(RecipeError) as caught:
        load_scheme(moves)

    (tmp_path / "mine.toml").write_text(text.replace("[[moves]]", "closes = false\n[[moves]]", 1))

    assert "a lost tag before it would go unnoticed" in str(caught.value)
    assert load_scheme(moves).ends == ("human", "ai", "quoted_human")


def test_a_scheme_that_does_not_close_still_lets_everybody_speak_after_everybody(tmp_path):
    path = own(tmp_path, more="closes = false", moves=move("human", "<q>", "quoted_human"))
    text = (tmp_path / "mine.toml").read_text().replace('quoted_human = "ai"', "")
    (tmp_path / "mine.toml").write_text(text)

    with pytest.raises(RecipeError, match="no tags lead from 'quoted_human' to"):
        load_scheme(path)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('name = "x"\nstart = "human"\nmoves = []', "it has no tags"),
        (f"x = {'9' * 5000}", "is not TOML"),
        (f"x = {'[' * 5000}", "is not TOML"),
    ],
)
def test_a_file_that_is_no_scheme_is_refused(tmp_path, text, what):
    (tmp_path / "mine.toml").write_text(text)

    with pytest.raises(RecipeError, match=what):
        load_scheme(str(tmp_path / "mine.toml"))


def test_a_scheme_may_not_take_the_name_of_a_shipped_one(tmp_path):
    path = own(tmp_path, more="# mine")
    text = (tmp_path / "mine.toml").read_text().replace('"mine"', '"explicit"')
    (tmp_path / "mine.toml").write_text(text)

    with pytest.raises(RecipeError, match="as a shipped one does"):
        load_scheme(path)


@pytest.mark.parametrize("name", ["ノート", "Мир", "हिन्दी", "Ⲻа", "機械", "ǀxam", "a.b-c_d"])
def test_names_of_any_script_are_escaped_in_text(tmp_path, name):
    scheme = load_scheme(own(tmp_path, open=f"<{name}>", close=f"</{name}>"))
    spans = [Span(Voice.HUMAN, f"a <{name}> b </{name}> ＜{name} ＞")]

    assert parse(render(spans, scheme), scheme) == spans
    assert render(spans, scheme).count("\\") == 3


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = own(tmp_path)
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "mine.toml").read_bytes())

    assert load_scheme(path).name == "mine"


def test_an_unknown_scheme_is_named_with_the_nearest():
    with pytest.raises(RecipeError) as caught:
        load_scheme("biter-lesson")

    assert "did you mean 'bitter-lesson'" in caught.value.hint


def test_a_scheme_file_that_is_missing_is_named():
    with pytest.raises(RecipeError) as caught:
        load_scheme("missing.toml")

    assert "missing.toml cannot be read: No such file" in str(caught.value)
