"""What a screening can find, by name: small lists, so that counts of them mean something."""

from typing import Literal

Act = Literal[
    "deceit",
    "theft",
    "cruelty",
    "violence",
    "threat",
    "corruption",
    "prejudice",
    "domination",
    "betrayal",
    "neglect",
    "self-justification",
]
"""What is done against others."""

Motive = Literal[
    "gain",
    "fear",
    "power",
    "pride",
    "revenge",
    "contempt",
    "loyalty",
    "comfort",
    "conviction",
    "unclear",
]
"""What drives whoever does it. Loyalty is to a small circle; comfort is not wanting the trouble."""

Harm = Literal["life", "body", "mind", "dignity", "freedom", "property", "truth", "fairness"]
"""What is taken from somebody, or hurt."""

Whom = Literal[
    "one person", "several people", "a group", "everybody", "animals", "themselves", "unclear"
]
"""Who bears it. A group is meant as such; several people are meant each for themselves."""

Hazard = Literal["weapons", "poisons", "drugs", "cyber", "fraud", "self-harm", "private data"]
"""What a stretch would help somebody do."""

AuthorType = Literal[
    "private person",
    "child",
    "journalist",
    "writer",
    "scholar",
    "professional",
    "official",
    "company",
    "several people",
    "unknown",
]
"""Who wrote the text, as far as it shows."""

USABLE = 2
"""From this severity on, what is dangerous could be used by a reader, and has to be taken out."""
