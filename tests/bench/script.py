"""The answers that all engine benchmarks give: one draft, six reviews, a revision for a third.

Whoever is measured answers the same questions with the same words, so that only the way there
differs.
"""

import json
from collections.abc import Iterator

from schemas.exchange import Request, sha256

_SUBJECTS = ("ferry", "mill", "choir", "orchard", "railway", "quarry", "library", "bakery")
_VERBS = ("counted", "carried", "mended", "weighed", "painted", "measured", "borrowed", "sorted")
_DEED = "He lied to his sister about the letter, and kept it in the drawer under the bread."
_REMARK = (
    "A man keeps a letter from the one it was meant for. He is afraid of what stands in it, and "
    "lets her go on asking; what she loses is the choice that was hers to make."
)

# About 750 tokens of a large model.
SENTENCES = 36


def texts(count: int, sentences: int = SENTENCES) -> Iterator[tuple[str, str]]:
    """Yield (id, text) of documents, all different, each with one bad act."""
    for number in range(count):
        paragraphs = []
        for paragraph in range(sentences // 6):
            said = []
            for place in range(6):
                draw = int(sha256(str(number), str(paragraph), str(place))[:8], 16)
                subject = _SUBJECTS[draw % 8]
                verb = _VERBS[draw // 8 % 8]
                said.append(
                    f"On day {number * 37 + place} the people of the {subject} {verb} "
                    f"{draw % 997} things and wrote {draw % 89} of them down in the book."
                )
            paragraphs.append(" ".join(said))
        paragraphs.insert(len(paragraphs) // 2, f"{_DEED} She asked him {number + 2} times.")
        yield f"{number:06d}", "\n\n".join(paragraphs)


def is_revised(document: str) -> bool:
    """Return whether this document is among the third that is objected to."""
    return int(sha256("revised", document)[:8], 16) % 3 == 0


def answer(request: Request) -> str:
    """Return what every engine of a benchmark says to this question."""
    kind, _, what = request.question.partition("/")
    if kind == "screen":
        act = {"first": 19, "last": 19, "label": "deceit", "motive": "fear", "harm": "truth",
               "whom": "one person", "severity": 2, "remark": "a kept letter"}  # fmt: skip
        found = {"language": "en", "media_type": {"value": "diary", "sure": 0.9},
                 "topic": {"value": "village life", "sure": 0.8},
                 "author_type": {"value": "private person", "sure": 0.9}, "quality": 0.7,
                 "acts": [act], "hazards": [], "suits": ["commentary"]}  # fmt: skip
        return json.dumps(found, separators=(",", ":"))
    if kind in ("draft", "revise"):
        edit = {"place": "before", "first": 19, "last": 19, "text": _REMARK}
        return json.dumps({"edits": [edit]}, separators=(",", ":"))
    objects = kind == "review" and what == "motive" and is_revised(request.document)
    objection = {"code": "preaches", "what": "Say what she loses, and no more.", "sentence": 19}
    verdict = {"decision": "object" if objects else "approve", "score": 2 if objects else 4,
               "objections": [objection] if objects else []}  # fmt: skip
    return json.dumps(verdict, separators=(",", ":"))
