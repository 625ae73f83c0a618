"""Texts and spans that are hard on voices, and every scheme to try them with."""

import string
from pathlib import Path

import pytest
from hypothesis import strategies as st

from pipeline.voices.scheme import load_scheme, scheme_names
from schemas.document import Span, Voice

OWN = str(Path(__file__).with_name("own-scheme.toml"))
SCHEMES = [load_scheme(name) for name in (*scheme_names(), OWN)]
TAGS = list(dict.fromkeys(tag for scheme in SCHEMES for tag in scheme.tags))
CLOSING = [scheme for scheme in SCHEMES if scheme.closes]
every_scheme = pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
every_closing_scheme = pytest.mark.parametrize("scheme", CLOSING, ids=lambda scheme: scheme.name)

PIECES = [
    *TAGS,
    "<", ">", "</", "/>", "\\", "\\\\", "AI", "ai", "A", "I", "_quoting_human", "human", "Human",
    "&lt;", "&gt;", "&amp;lt;", "&amp;", "&#60;", "&#x3c;", "&#38;", "&#65;", "&lt", "&", "amp;",
    ";", "＜", "＞", "ＡＩ", "‹", "⟨", "А", "І", "К", "\u200b", "\u202e", "\u00ad", "\ufeff", " ",
    "\n", "\t", "/", "|", "*", "`", "<b>", "</b>", "<!-- -->", "&lt;b&gt;", "-", "_", "x", "é",
    "漢", "😀",
]  # fmt: skip

texts = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
    st.text(max_size=40),
    st.text(alphabet=string.printable, max_size=40),
)

span_lists = st.lists(
    st.builds(
        Span,
        st.sampled_from(list(Voice)),
        texts,
        st.one_of(st.none(), st.integers(min_value=0, max_value=1000)),
    ),
    max_size=8,
)
