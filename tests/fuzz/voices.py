"""Coverage-guided fuzzing of escape, render and parse; by hand: ``make fuzz``.

Besides what the property tests say, an oracle of its own looks for injections: it decodes a text
in the crudest way it can, over and over, and searches for a tag. Escaped text must hold none.
"""

import html
import re
import sys
import unicodedata

import atheris

with atheris.instrument_imports(include=["pipeline.voices"]):
    from pipeline.voices.escape import escape, looks_like_tag, unescape
    from pipeline.voices.parse import parse
    from pipeline.voices.render import project, render, restore, store
    from schemas.document import Span, Voice
    from schemas.errors import ParseError

from tests.texts import PIECES, SCHEMES

VOICES = list(Voice)
NAMES = sorted(
    {re.sub(r"[<>|/]", "", tag).lower() for scheme in SCHEMES[:6] for tag in scheme.tags}
)
_NAME = rf"(?:{'|'.join(NAMES)})"
# A name right behind its bracket, or with blanks around it and closed.
TAG = re.compile(rf"<[/|]*{_NAME}(?![\w-])|<\s*[/|]*\s*{_NAME}\s*[/|]*\s*>")


def said(data: atheris.FuzzedDataProvider) -> str:
    """Return a text: pieces that are hard on the parser, with free characters between them."""
    parts = []
    for _ in range(data.ConsumeIntInRange(0, 12)):
        free = data.ConsumeIntInRange(0, 3) == 0
        parts.append(data.ConsumeUnicodeNoSurrogates(2) if free else data.PickValueInList(PIECES))
    return "".join(parts)


def decoded(text: str) -> str:
    """Return a text as a careless reader may decode it: entities, widths, what is not seen."""
    for _ in range(3):
        text = html.unescape(text)
    text = unicodedata.normalize("NFKC", text).lower()
    return "".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cf", "Cc"))


def check(raw: bytes) -> None:
    """Raise if any promise is broken."""
    data = atheris.FuzzedDataProvider(raw)
    scheme = data.PickValueInList(SCHEMES)
    text = said(data)

    escaped = escape(text, scheme)
    assert unescape(escaped, scheme) == text
    assert escaped.replace("\\", "") == text.replace("\\", "")
    assert not looks_like_tag(escaped, scheme)
    assert not TAG.search(decoded(escaped)), f"injection: {text!r} → {escaped!r}"

    spans = [Span(data.PickValueInList(VOICES), text)]
    spans += [Span(data.PickValueInList(VOICES), said(data)) for _ in range(3)]
    stored = store(spans, scheme)
    assert parse(stored.text, scheme) == project(spans, scheme)
    assert project(restore(stored.text, stored.spans), scheme) == project(spans, scheme)

    try:
        found = parse(text, scheme)
    except ParseError as error:
        if not 0 <= error.position <= len(text):
            raise
        return
    assert parse(render(found, scheme), scheme) == found


if __name__ == "__main__":
    atheris.Setup([*sys.argv, "-max_len=256", "-len_control=0"], check)
    atheris.Fuzz()
