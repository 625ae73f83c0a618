"""Text that looks like a tag is made harmless, reversibly, and nothing else is touched."""

import pytest
from hypothesis import example, given

from pipeline.voices.escape import escape, looks_like_tag, unescape
from pipeline.voices.scheme import load_scheme, working_scheme
from tests.texts import OWN, SCHEMES, every_scheme, texts

SCHEME = working_scheme()

LOOKALIKES = {
    "case": ["<AI>", "<ai>", "<aI>", "</Ai>", "<HUMAN>", "<AI_QUOTING_HUMAN>"],
    "space": ["<ai >", "< AI>", "< / AI >", "<\nAI\n>", "<\tAI>", "<\u00a0AI>", "<\u3000AI>",
              "<A I>", "<AI quoting human>"],
    "attributes": ["<AI x='1'>", '<AI class="a b">', "<AI\nx>", "<AI,>", "<AI"],
    "self-closing": ["<AI/>", "<AI />", "</AI/>", "<//AI>"],
    "bars": ["<|AI|>", "<|ai|>", "<|/ai|>", "<｜ai｜>", "<∣ai∣>"],
    "named": ["&lt;AI&gt;", "&LT;AI>", "&ltAI", "&lsaquo;AI", "&lang;AI", "&langle;AI",
              "&prec;AI", "&nvlt;AI"],
    "decimal": ["&#60;AI>", "&#0000060;AI>", "&#60AI", "&#8249;AI",
                "&#139;AI&#155;"],
    "hex": ["&#x3C;/AI>", "&#X3c;AI", "&#x003c;AI", "&#xfF1C;AI", "&#x8b;AI"],
    "double": ["&amp;lt;AI", "&amp;amp;lt;AI", "&amp;#60;AI", "&#38;lt;AI", "&#x26;#x3c;AI",
               "&amp;#38;lt;AI", "&amplt;AI", "&AMP;lt;AI"],
    "letters": ["<&#65;I>", "<A&#x49;>", "<&amp;#65;I>", "<&sol;AI>", "<&nbsp;AI>", "<A&#8203;I>",
                "<A&shy;I>", "<&Aopf;I>", "<&Tab;AI>", "<A&NoBreak;I>", "<A&Im;>",
                "<&ZeroWidthSpace;AI>", "<&vert;human&vert;>"],
    "brackets": ["＜AI＞", "﹤AI", "‹AI›", "⟨AI⟩", "\u2329AI", "\u3008AI", "❮AI❯",
                 "˂AI", "ᐸAI", "≺AI", "︿AI﹀", "⟪AI⟫", "≮AI>"],
    "wide entities": ["＆lt;AI", "&＃60;AI", "&ｌｔ；AI", "&\u200blt;AI", "＆amp；lt；AI"],
    "homoglyphs": ["<ＡＩ>", "<𝐀𝐈>", "<АІ>", "<ΑΙ>", "<ꓮꓲ>", "<Нuмаn>", "<Ⓐⓘ>", "<ｈｕｍａｎ>",
                   "<ᴀɪ>", "<🅰🅸>", "<🇦🇮>", "<Aİ>"],
    "invisible": ["<A\u200bI>", "<\ufeffAI>", "<A\u00adI>", "<A\u2060I>", "<A\U000e0100I>",
                  "<\u3164AI>", "<A\x07I>", "<A\x00I>", "<A\u180eI>",
                  "<A\ufffcI>", "<A\u0332I\u0332>"],
    "bidi": ["<\u202eAI>", "<A\u200fI>", "<\u2066AI\u2069>", "<A\u061cI>"],
    "split": ["<A<b></b>I>", "<<b>AI</b>>", "<A<!-- -->I>", "<A<AI>I>", "<**AI**>", "<_AI_>",
              "<`AI`>", "&lt;A&lt;b&gt;&lt;/b&gt;I&gt;", "<A<b\nx='1'>I>", "<~~AI~~>",
              "<A<!-- <b> -->I>", "<<!-- > -->AI>", "<A<b title='>'>I>",
              "<A&lt;b class=&quot;x&quot;&gt;I>"],
    "other schemes": ["<Human>", "<|quoted_ai|>", "<aligned_AI_quoting_unaligned_AI>",
                      "</aligned-ai-quoting-something-unaligned>"],
}  # fmt: skip


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
@pytest.mark.parametrize("kind", LOOKALIKES)
def test_a_lookalike_gets_one_backslash_behind_its_bracket(kind, scheme):
    for lookalike in LOOKALIKES[kind]:
        said = f"He wrote {lookalike} there."

        escaped = escape(said, scheme)

        assert looks_like_tag(said, scheme), lookalike
        assert not looks_like_tag(escaped, scheme), lookalike
        assert escaped.replace("\\", "") == said, lookalike
        assert unescape(escaped, scheme) == said


@pytest.mark.parametrize(
    "text",
    ["a < b", "<AIR>", "<b>AI</b>", "AI>", "x<air", "AT&T", "<p>", "R&D; A&I", "y <- human", "<-AI",
     "<ai_model>", "<human-readable>", "<humans>", "<a href='x'>I</a>", "<a id='i'>", "&lt;p&gt;",
     "<!--AI-->", "1 < 2 > AI", "C:\\AI\\<x>", "\\<b>", "&amp;&amp;", "<al>", "<a1>", "List<Aid>",
     "0 < a_i < 1", "x < A_I", "if (x < a-i)", "b<a*i", "if x < A I would", "0 &lt; a_i", "x <~ ai",
     "apes < human beings", "&Lt;AI", "<AIö>", "<áI>", "«AI»", "《AI》", "[AI]"],
)  # fmt: skip
@every_scheme
def test_other_text_is_left_as_it_is(text, scheme):
    assert escape(text, scheme) == text
    assert unescape(text, scheme) == text


@every_scheme
@given(text=texts)
@example("<\\AI>")
@example("&lt;\\\\AI&gt;")
@example("<A<AI>I>")
@example("<\\A<b\\AI>I>")
def test_unescape_undoes_escape_and_nothing_that_looks_like_a_tag_is_left(scheme, text):
    escaped = escape(text, scheme)

    assert unescape(escaped, scheme) == text
    assert not looks_like_tag(escaped, scheme)


@every_scheme
@given(text=texts)
def test_escaping_adds_backslashes_and_changes_nothing_else(scheme, text):
    assert escape(text, scheme).replace("\\", "") == text.replace("\\", "")


def test_only_the_scheme_in_use_adds_its_own_tags():
    own = load_scheme(OWN)

    assert escape("<мир > <&#77;ир> <Мир", own) == "<\\мир > <\\&#77;ир> <\\Мир"
    assert escape("<мир >", SCHEME) == "<мир >"


@pytest.mark.parametrize(
    "part",
    ["<", "<A", "<a>", "&lt;", "&amp;", "&#38;", "<\\", "‹", "<A<b>", "<A ", "&lt;A&lt;b&gt;", "_",
     "-_", "_-", "<A<!--", "<A<!-- -->", "<A<b '", "<A I ", "<AI_", "&\u200b", "* *", "<A&quot;"],
)  # fmt: skip
def test_a_run_of_what_nearly_is_a_tag_is_read_once(part):
    # Reading a run again from each of its places took 16 s for 200,000 "_" before it was mended, so
    # 25 times as long here: more than a test may take. Slower growth is for `make bench` to show.
    escape("<AI" + part * (1_000_000 // len(part)) + "x", SCHEME)
